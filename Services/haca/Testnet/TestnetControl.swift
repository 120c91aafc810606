import Foundation
import NIOCore
import NIOPosix
import ServiceKit

/// What the other commands ask of a running supervisor: one JSON object a line, each way.
struct ControlRequest: Codable, Sendable {
    enum Command: String, Codable, Sendable { case status, stop, kill, restart, faults, wipe }

    let command: Command
    var target: String?
    var signal: Int32?
    var faults: RequestedFaults?
}

/// The answer; `error` says why not.
struct ControlAnswer: Codable, Sendable {
    var error: String?
    var exitStatus: Int32?
    var isReady = false
    var processes: [ProcessStatus] = []
    var pid: Int32?
}

/// Cuts the stream into lines of bounded length.
private struct LineDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    /// Longest line; a status of many processes fits easily.
    static let maximumBytes = 1 << 20

    struct TooLong: Error {}

    func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let newline = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let line = buffer.readSlice(length: newline - buffer.readerIndex)
        else {
            if buffer.readableBytes > Self.maximumBytes { throw TooLong() }
            return .needMoreData
        }
        buffer.moveReaderIndex(forwardBy: 1)
        context.fireChannelRead(NIOAny(line))
        return .continue
    }
}

/// Serves the control socket of a supervisor.
final class ControlServer: Sendable {
    /// Connections at once; more wait in the kernel's queue.
    private static let maximumConnections = 16

    private let channel: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>

    init(path: String) async throws(ServiceFailure) {
        do {
            channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: CInt(Self.maximumConnections))
                .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { connection in
                    connection.eventLoop.makeCompletedFuture {
                        try connection.pipeline.syncOperations.addHandler(
                            ByteToMessageHandler(LineDecoder()))
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: connection)
                    }
                }
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot make the control socket \(path): \(error)")
        }
        chmod(path, 0o600)
    }

    /// Answers requests until the task is cancelled.
    func run(answer: @escaping @Sendable (ControlRequest) async -> ControlAnswer) async {
        await withDiscardingTaskGroup { group in
            try? await channel.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await Self.serve(connection, answer: answer) }
                }
            }
        }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        answer: @escaping @Sendable (ControlRequest) async -> ControlAnswer
    ) async {
        try? await connection.executeThenClose { lines, output in
            for try await line in lines {
                let reply: ControlAnswer
                if let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(line.readableBytesView)) {
                    reply = await answer(request)
                } else {
                    reply = ControlAnswer(error: "not a request", exitStatus: ServiceExit.usage.rawValue)
                }
                var buffer = ByteBuffer(bytes: (try? JSONEncoder().encode(reply)) ?? Data("{}".utf8))
                buffer.writeInteger(UInt8(ascii: "\n"))
                try await output.write(buffer)
            }
        }
    }
}

/// Asks a running supervisor.
enum ControlClient {
    /// - Throws: when no supervisor runs in the folder, and with the supervisor's own reason when it refuses.
    static func ask(_ request: ControlRequest, layout: TestnetLayout) async throws -> ControlAnswer {
        guard let answer = try await answer(to: request, layout: layout) else {
            throw ServiceFailure(
                .unavailable,
                "no testnet runs in \(layout.folder): start one with haca testnet up, or name its --folder")
        }
        if let error = answer.error {
            throw ServiceFailure(ServiceExit(rawValue: answer.exitStatus ?? 70) ?? .software, error)
        }
        return answer
    }

    /// Nil when nobody listens.
    static func answer(to request: ControlRequest, layout: TestnetLayout) async throws -> ControlAnswer? {
        let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: layout.controlSocket) { connection in
                    connection.eventLoop.makeCompletedFuture {
                        try connection.pipeline.syncOperations.addHandler(
                            ByteToMessageHandler(LineDecoder()))
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: connection)
                    }
                }
        } catch {
            return nil
        }
        return try await channel.executeThenClose { lines, output in
            var buffer = ByteBuffer(bytes: try JSONEncoder().encode(request))
            buffer.writeInteger(UInt8(ascii: "\n"))
            try await output.write(buffer)
            for try await line in lines {
                return try JSONDecoder().decode(ControlAnswer.self, from: Data(line.readableBytesView))
            }
            return nil
        }
    }
}
