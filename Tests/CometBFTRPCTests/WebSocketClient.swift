import Primitives

/// A WebSocket client of a few lines: RFC 6455 framing over a raw connection.
struct WebSocketClient: Sendable {
    enum Opcode: UInt8, Sendable {
        case continuation = 0
        case text = 1
        case close = 8
        case ping = 9
        case pong = 10
    }

    struct Frame: Sendable {
        var opcode: UInt8
        var payload: [UInt8]
    }

    struct Refused: Error { let head: String }

    let socket: RawSocket

    static func connect(port: Int, path: String = "/websocket") async throws -> WebSocketClient {
        let socket = try await RawSocket.connect(port: port)
        try await socket.send(
            bytes(
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"))
        let end = bytes("\r\n\r\n")
        let head = await socket.read { received -> String? in
            guard let index = received.indices.first(where: { received[$0...].starts(with: end) }) else { return nil }
            let head = String(decoding: received[..<index], as: UTF8.self)
            received.removeSubrange(..<(index + end.count))
            return head
        }
        guard let head, head.hasPrefix("HTTP/1.1 101") else { throw Refused(head: head ?? "") }
        return WebSocketClient(socket: socket)
    }

    func send(_ text: String) async throws { try await send(.text, bytes(text)) }

    /// Masked, as a client must.
    func send(_ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true) async throws {
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode.rawValue]
        switch payload.count {
        case ..<126: frame.append(0x80 | UInt8(payload.count))
        case ..<65536: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            frame.append(0x80 | 127)
            frame += (0..<8).reversed().map { UInt8(payload.count >> (8 * $0) & 0xFF) }
        }
        let mask: [UInt8] = [1, 2, 3, 4]
        frame += mask
        frame += payload.enumerated().map { $1 ^ mask[$0 & 3] }
        try await socket.send(frame)
    }

    /// The next frame; nil when the connection ended.
    func frame() async -> Frame? {
        await socket.read { received -> Frame? in
            guard received.count >= 2 else { return nil }
            var start = 2
            var length = Int(received[1] & 0x7F)
            let extra = length == 126 ? 2 : length == 127 ? 8 : 0
            guard received.count >= start + extra else { return nil }
            if extra > 0 { length = received[start..<start + extra].reduce(0) { $0 << 8 | Int($1) } }
            start += extra
            guard received.count >= start + length else { return nil }
            let frame = Frame(opcode: received[0] & 0x0F, payload: Array(received[start..<start + length]))
            received.removeSubrange(..<(start + length))
            return frame
        }
    }

    /// The next message as JSON; null when the connection ended or was closed.
    func message() async -> JSON {
        while let frame = await frame() {
            switch frame.opcode {
            case Opcode.text.rawValue: return (try? JSON(parsing: frame.payload)) ?? .null
            case Opcode.close.rawValue: return .null
            default: continue
            }
        }
        return .null
    }

    /// Sends a request and returns the next message.
    func call(_ method: String, _ parameters: JSON = .null, id: JSON = "id") async throws -> JSON {
        let body: JSON = ["jsonrpc": "2.0", "id": id, "method": JSON(method), "params": parameters]
        try await send(body.encodedString())
        return await message()
    }
}
