import Foundation
import NIOPosix
import RPC
import Testing
import WireOperations

/// The C client, built from its sources with the address and undefined-behaviour sanitizers, against the Swift server.
@Suite(.enabled(if: CClientProgram.canBeBuilt, "needs make, cc, protoc-c, libprotobuf-c-dev and libssl-dev"))
struct CClientInteropTests {
    private static let everyShape = [
        "health", "unary", "0", "unary", "100", "unary", "500000", "download", "100", "1000", "download", "3",
        "1000000",
        "download", "2000", "0", "stop", "100000", "1000", "5", "upload", "100", "1000", "upload", "0", "1", "upload",
        "5",
        "300000", "chat", "20", "1000", "chat", "3", "200000", "unary", "7",
    ]

    private static let everyAnswer = """
        health: 1
        unary: 0 bytes equal
        unary: 100 bytes equal
        unary: 500000 bytes equal
        download: 100 messages 100000 bytes equal
        download: 3 messages 3000000 bytes equal
        download: 2000 messages 0 bytes equal
        download: 5 messages 5000 bytes equal
        upload: 100 messages 100000 bytes
        upload: 0 messages 0 bytes
        upload: 5 messages 1500000 bytes
        chat: 20 turns equal
        chat: 3 turns equal
        unary: 7 bytes equal

        """

    @Test func `every call shape works from C over TCP`() async throws {
        try await withServer(.tcp(host: "127.0.0.1", port: 0), .plaintext) { address in
            let run = try await CClientProgram.run(address + Self.everyShape)
            #expect(run.output == Self.everyAnswer)
            #expect(run.status == 0)
        }
    }

    @Test func `every call shape works from C over a Unix socket`() async throws {
        let folder = try TemporaryFolder()
        try await withServer(.unix(path: folder.path + "/rpc"), .plaintext) { address in
            let run = try await CClientProgram.run(address + Self.everyShape)
            #expect(run.output == Self.everyAnswer)
            #expect(run.status == 0)
        }
    }

    @Test func `every call shape works from C over mutual TLS`() async throws {
        let folder = try TemporaryFolder()
        let files = try await folder.makeCertificates()
        try await withServer(.tcp(host: "127.0.0.1", port: 0), folder.security()) { address in
            let run = try await CClientProgram.run(address + files + ["--server-name", "localhost"] + Self.everyShape)
            #expect(run.output == Self.everyAnswer)
            #expect(run.status == 0)
        }
    }

    @Test func `a message larger than every window reaches C`() async throws {
        try await withServer(.tcp(host: "127.0.0.1", port: 0), .plaintext) { address in
            let run = try await CClientProgram.run(address + ["--stream-window", "1024", "download", "3", "30000"])
            #expect(run.output == "download: 3 messages 90000 bytes equal\n")
        }
    }

    @Test func `a handler's status and message reach C`() async throws {
        try await withServer(.tcp(host: "127.0.0.1", port: 0), .plaintext) { address in
            let run = try await CClientProgram.run(address + ["fail", "9", "unary", "5"])
            #expect(run.output == "unary: status 9: asked to fail\nunary: 5 bytes equal\n")
        }
    }

    @Test func `a deadline set in C ends a call that takes longer`() async throws {
        try await withServer(.tcp(host: "127.0.0.1", port: 0), .plaintext) { address in
            // Far more than can be sent in the time.
            let run = try await CClientProgram.run(address + ["--timeout", "50", "download", "4000000", "60000"])
            #expect(run.output.contains("download: status 4:"))
            #expect(run.status == 1)
        }
    }

    @Test func `a C client of another network is turned away`() async throws {
        try await withServer(.tcp(host: "127.0.0.1", port: 0), .plaintext) { address in
            let run = try await CClientProgram.run(["--network", "elsewhere"] + address.dropFirst(2) + ["health"])
            #expect(run.output.hasPrefix("connect: status"))
            #expect(run.status == 69)
        }
    }

    @Test func `a C client without a certificate is turned away`() async throws {
        let folder = try TemporaryFolder()
        _ = try await folder.makeCertificates()
        try await withServer(.tcp(host: "127.0.0.1", port: 0), folder.security()) { address in
            let run = try await CClientProgram.run(address + ["health"])
            #expect(run.output.hasPrefix("connect: status 14"))
        }
    }

    // MARK: - Server

    /// Runs `body` with the command line words that lead to a server.
    private func withServer(
        _ endpoint: RPCEndpoint, _ security: TransportSecurity, _ body: ([String]) async throws -> Void
    ) async throws {
        let server = RPCServer(
            configuration: RPCServerConfiguration(endpoint: endpoint, network: "interop", security: security),
            services: [InteropEcho(), InteropHealth()])
        let bound = try await server.start()
        let address =
            switch bound {
            case .unix(let path): ["--unix", path]
            default: ["--tcp", "\(bound)"]
            }
        do {
            try await body(["--network", "interop"] + address)
        } catch {
            await server.shutdown(gracePeriod: .zero)
            throw error
        }
        await server.shutdown(gracePeriod: .zero)
    }
}

private struct InteropHealth: HealthService {
    func check(
        _ request: Haca_Operations_V1_HealthRequest, context: ServerContext
    ) async throws -> Haca_Operations_V1_HealthReport {
        .with { $0.status = .serving }
    }

    func watch(
        _ request: Haca_Operations_V1_HealthRequest, to response: ResponseWriter<Haca_Operations_V1_HealthReport>,
        context: ServerContext
    ) async throws {
        try await response.write(.with { $0.status = .serving })
    }
}

private struct InteropEcho: EchoService {
    typealias Echo = Haca_Operations_V1_EchoMessage

    func unary(_ request: Echo, context: ServerContext) async throws -> Echo {
        if let code = StatusCode(rawValue: request.failWith), code != .ok { throw RPCError(code, "asked to fail") }
        return request
    }

    func download(_ request: Echo, to response: ResponseWriter<Echo>, context: ServerContext) async throws {
        for _ in 0..<request.count { try await response.write(.with { $0.payload = request.payload }) }
    }

    func upload(_ requests: RequestStream<Echo>, context: ServerContext) async throws -> Echo {
        var answer = Echo()
        for try await request in requests {
            answer.count += 1
            answer.bytes += UInt64(request.payload.count)
        }
        return answer
    }

    func chat(
        _ requests: RequestStream<Echo>, to response: ResponseWriter<Echo>, context: ServerContext
    ) async throws {
        for try await request in requests { try await response.write(request) }
    }
}
