import ArgumentParser
import Foundation
import NIOPosix
import RPC
import WireOperations

extension EchoPeer {
    /// Keeps connections idle, or streams open, until it is killed, so that the server's memory can be read.
    struct Hold: AsyncParsableCommand {
        @Option var port: Int
        @Option var tls: String?
        @Option(help: "Connections to open, each with one call made over it.") var connections = 1
        @Option(help: "Streams to open on the first connection, each with one message each way.") var streams = 0

        func run() async throws {
            let material = try tls.map(TLSMaterial.init(folder:))
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            var clients: [RPCClient] = []
            for _ in 0..<connections {
                let client = RPCEcho.client(port: port, material, group: group)
                _ = try await EchoClient(client).unary(message)
                clients.append(client)
            }
            let calls = try await openStreams(clients)
            announce("READY", calls.count)
            while true { try await Task.sleep(for: .seconds(3600)) }
        }

        private var message: Haca_Operations_V1_EchoMessage {
            var message = Haca_Operations_V1_EchoMessage()
            message.payload = Data(repeating: 0x5A, count: 100)
            return message
        }

        private typealias Chat = BidirectionalCall<Haca_Operations_V1_EchoMessage, Haca_Operations_V1_EchoMessage>

        private func openStreams(_ clients: [RPCClient]) async throws -> [Chat] {
            guard let first = clients.first else { return [] }
            var calls: [Chat] = []
            for _ in 0..<streams {
                let call = try await EchoClient(first).chat()
                try await call.requests.write(message)
                calls.append(call)
            }
            for call in calls {
                let answers = call.responses.makeAsyncIterator()
                guard try await answers.next()?.payload.count == 100 else {
                    throw PeerProgram.Failure(reason: "a stream did not answer")
                }
            }
            return calls
        }
    }
}
