import ArgumentParser
import Foundation
import Logging
import RPC
import ServiceKit
import WireAttestation
import WireInference
import WireOperations

struct RPCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpc", abstract: "Look at and call RPC services, with JSON in and out.",
        subcommands: [List.self, Call.self])

    /// Every method this program knows the messages of.
    static let knownMethods: [MethodDescriptor] =
        HealthMethods.all + ReflectionMethods.all + EchoMethods.all + AttestationMethods.all
        + InferenceWorkerMethods.all

    struct Target: ParsableArguments {
        @Argument(help: "host:port, unix:/path, or a process of the local network such as worker-0.")
        var target: String

        @OptionGroup var folder: FolderOption

        @Option(help: "Name of the network.")
        var network = "local"

        @Option(help: "Certificate to show (PEM); with --key and --authority for mutual TLS.", completion: .file())
        var certificate: String?

        @Option(help: "Its private key (PEM).", completion: .file())
        var key: String?

        @Option(help: "Certificate authority to trust (PEM).", completion: .file())
        var authority: String?

        func withClient(_ body: (RPCClient) async throws -> Void) async throws {
            let client = RPCClient(
                configuration: RPCClientConfiguration(
                    endpoints: [try endpoint()], network: network, security: try security(),
                    logger: Logger(label: "haca") { _ in SwiftLogNoOpLogHandler() }))
            do {
                try await body(client)
                await client.shutdown(gracePeriod: .zero)
            } catch {
                await client.shutdown(gracePeriod: .zero)
                guard let status = error as? RPCError else { throw error }
                let exit: ServiceExit = status.code == .unavailable ? .unavailable : .software
                let hint = status.code == .unauthenticated ? "; enclave services answer only attested peers" : ""
                throw ServiceFailure(exit, "\(target): \(status)\(hint)")
            }
        }

        private func endpoint() throws -> RPCEndpoint {
            let layout = folder.layout
            let socket = layout.rpcSocket(of: target)
            if !target.contains(":"), !target.contains("/") {
                guard access(socket, F_OK) == 0 else {
                    throw ServiceFailure(
                        .unavailable, "no process \(target) runs in \(layout.folder); write host:port or unix:/path")
                }
                return .unix(path: socket)
            }
            do {
                return try RPCEndpoint(parsing: target)
            } catch {
                throw ServiceFailure(.usage, error.description)
            }
        }

        private func security() throws -> TransportSecurity {
            guard let certificate, let key, let authority else {
                guard certificate == nil, key == nil, authority == nil else {
                    throw ServiceFailure(.usage, "--certificate, --key and --authority go together")
                }
                return .plaintext
            }
            return .authority(
                certificateChain: try read(certificate), privateKey: try read(key), trustRoots: try read(authority))
        }

        private func read(_ path: String) throws -> [UInt8] {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw ServiceFailure(.usage, "cannot read \(path)")
            }
            return Array(data)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the services and methods of a process.")
        @OptionGroup var target: Target

        func run() async throws {
            try await target.withClient { client in
                let answer = try await ReflectionClient(client).listServices(
                    .init(), options: .init(timeout: .seconds(10)))
                for service in answer.services {
                    print(service.name)
                    for method in service.methods {
                        let request = (method.clientStreaming ? "stream " : "") + method.requestType
                        let response = (method.serverStreaming ? "stream " : "") + method.responseType
                        print("  \(method.name)(\(request)) returns (\(response))")
                    }
                }
            }
        }
    }

    struct Call: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Call a method: JSON in, one line of JSON out for each message.",
            discussion: "haca rpc call worker-0 Health/Check '{}'")
        @OptionGroup var target: Target

        @Argument(help: "package.Service/Method, or the last parts of it: Health/Check.")
        var method: String

        @Argument(help: "Messages in JSON, one an argument; - reads one a line from standard input.")
        var messages: [String] = []

        @Option(help: "How long the call may take, for example 30s.")
        var timeout = "30s"

        func run() async throws {
            let method = try find(method)
            guard let limit = DurationText.parse(timeout) else {
                throw ServiceFailure(.usage, "--timeout takes a duration such as 30s")
            }
            try await target.withClient { client in
                if method.clientStreaming {
                    try await stream(method, client: client, options: .init(timeout: limit))
                } else {
                    guard messages.count <= 1 else {
                        throw ServiceFailure(.usage, "\(method.name) takes one message")
                    }
                    let text = messages.first == "-" ? readLine(strippingNewline: true) : messages.first
                    let request = try method.transcoding.request(Array((text ?? "{}").utf8))
                    let call = try await client.open(method, only: request, options: .init(timeout: limit))
                    try await show(call, method)
                }
            }
        }

        private func stream(_ method: MethodDescriptor, client: RPCClient, options: CallOptions) async throws {
            let call = try await client.open(method, only: nil, options: options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await show(call, method) }
                if messages == ["-"] {
                    while let line = readLine(strippingNewline: true) {
                        try await call.write(method.transcoding.request(Array(line.utf8)))
                    }
                } else {
                    for message in messages { try await call.write(method.transcoding.request(Array(message.utf8))) }
                }
                try await call.finishWriting()
                try await group.waitForAll()
            }
        }

        private func show(_ call: ClientCall, _ method: MethodDescriptor) async throws {
            while let message = try await call.read() {
                CommandOutput.write(String(decoding: try method.transcoding.response(message), as: UTF8.self) + "\n")
            }
        }

        private func find(_ name: String) throws -> MethodDescriptor {
            let wanted = name.hasPrefix("/") ? String(name.dropFirst()) : name
            let found = RPCCommand.knownMethods.filter {
                $0.path.dropFirst() == wanted || $0.path.hasSuffix("." + wanted)
            }
            if let method = found.first, found.count == 1 { return method }
            let nearest = NearestName.to(wanted, among: RPCCommand.knownMethods.map { Self.short($0) })
            throw ServiceFailure(
                .usage,
                "no method \(name)" + (nearest.map { "; did you mean \($0)?" } ?? "") + " (haca rpc list TARGET)")
        }

        private static func short(_ method: MethodDescriptor) -> String {
            "\(method.service.split(separator: ".").last ?? "")/\(method.name)"
        }
    }
}
