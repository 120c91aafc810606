import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf

/// What the command line asks for.
struct Arguments {
    var verb = ""
    var folder: String?
    var port = 0
    var shape = "unary"
    var payload = 100
    var inFlight = 1
    var milliseconds = 300

    init(_ words: ArraySlice<String>) {
        verb = words.first ?? ""
        var rest = words.dropFirst()
        while let name = rest.popFirst(), let value = rest.popFirst() {
            switch name {
            case "--tls": folder = value
            case "--port": port = Int(value) ?? 0
            case "--shape": shape = value
            case "--payload": payload = Int(value) ?? 0
            case "--in-flight": inFlight = Int(value) ?? 1
            case "--milliseconds": milliseconds = Int(value) ?? 0
            default: break
            }
        }
    }
}

/// Calls and latencies of one caller, in the measured time.
struct Tally: Sendable {
    var calls = 0
    var latencies: [UInt64] = []
}

func load(_ arguments: Arguments, security: HTTP2ClientTransport.Posix.TransportSecurity) async throws {
    try await withGRPCClient(
        transport: .http2NIOPosix(
            target: .ipv4(address: "127.0.0.1", port: arguments.port), transportSecurity: security)
    ) { client in
        _ = try await run(arguments, client, milliseconds: 100)
        let start = DispatchTime.now().uptimeNanoseconds
        let tally = try await run(arguments, client, milliseconds: arguments.milliseconds)
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        let sorted = tally.latencies.sorted()
        func percentile(_ part: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[Int(Double(sorted.count - 1) * part)]) / 1000
        }
        print(
            """
            {"calls":\(tally.calls),"seconds":\(seconds),"p50_us":\(percentile(0.5)),"p99_us":\(percentile(0.99)),\
            "bytes":\(tally.calls * arguments.payload)}
            """)
    }
}

private func run(
    _ arguments: Arguments, _ client: GRPCClient<HTTP2ClientTransport.Posix>, milliseconds: Int
) async throws -> Tally {
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(milliseconds) * 1_000_000
    return try await withThrowingTaskGroup(of: Tally.self) { group in
        for _ in 0..<arguments.inFlight {
            group.addTask {
                var tally = Tally()
                let message = request(arguments)
                repeat {
                    let start = DispatchTime.now().uptimeNanoseconds
                    if arguments.shape == "unary" {
                        try await unary(message, client)
                        tally.calls += 1
                    } else {
                        tally.calls += try await stream(message, client)
                    }
                    tally.latencies.append(DispatchTime.now().uptimeNanoseconds - start)
                } while DispatchTime.now().uptimeNanoseconds < end
                return tally
            }
        }
        return try await group.reduce(into: Tally()) { sum, each in
            sum.calls += each.calls
            sum.latencies += each.latencies
        }
    }
}

private func request(_ arguments: Arguments) -> Echo {
    var message = Echo()
    message.payload = Data(repeating: 0x5A, count: arguments.payload)
    message.count = UInt64(max(1, min(20_000, 8 * 1024 * 1024 / arguments.payload) / arguments.inFlight))
    return message
}

private func unary(_ message: Echo, _ client: GRPCClient<HTTP2ClientTransport.Posix>) async throws {
    let answer = try await client.unary(
        request: ClientRequest(message: message), descriptor: EchoService.unary,
        serializer: ProtobufSerializer<Echo>(), deserializer: ProtobufDeserializer<Echo>(), options: .defaults
    ) { try $0.message }
    precondition(answer.payload.count == message.payload.count)
}

/// Messages received by one streaming call.
private func stream(_ message: Echo, _ client: GRPCClient<HTTP2ClientTransport.Posix>) async throws -> Int {
    try await client.serverStreaming(
        request: ClientRequest(message: message), descriptor: EchoService.download,
        serializer: ProtobufSerializer<Echo>(), deserializer: ProtobufDeserializer<Echo>(), options: .defaults
    ) { response in
        var received = 0
        for try await answer in response.messages {
            precondition(answer.payload.count == message.payload.count)
            received += 1
        }
        return received
    }
}
