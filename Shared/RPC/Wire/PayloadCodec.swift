import NIOCore
import SwiftProtobuf
import WireRPC

extension ByteBuffer {
    /// Reads a frame's protobuf payload.
    func decodePayload<M: Message>(_ type: M.Type, of frame: FrameType) throws(ProtocolViolation) -> M {
        do {
            return try withUnsafeReadableBytes { try M(serializedBytes: BorrowedBytes(bytes: $0)) }
        } catch {
            throw .malformedPayload(frame)
        }
    }

    /// Writes a whole frame with a protobuf payload. The layer's own messages always encode.
    mutating func writeFrame(_ type: FrameType, flags: FrameFlags = [], stream: UInt64, _ payload: some Message) {
        let bytes: [UInt8] = (try? payload.serializedBytes()) ?? []
        writeFrameHeader(FrameHeader(type, flags: flags, stream: stream, length: bytes.count))
        writeBytes(bytes)
    }
}

extension Metadata {
    init(wire: [Haca_Rpc_V1_Metadata]) {
        self.init(entries: wire.map { Entry(key: $0.key, value: Array($0.value)) })
    }

    var wire: [Haca_Rpc_V1_Metadata] {
        entries.map { entry in
            .with {
                $0.key = entry.key
                $0.value = .init(entry.value)
            }
        }
    }

    /// A key that cannot travel, if there is one.
    var invalidKey: String? { entries.first { !Metadata.isValidKey($0.key) }?.key }
}

extension RPCError {
    init(trailer: Haca_Rpc_V1_Trailer) {
        self.init(
            code: StatusCode(rawValue: trailer.code) ?? .unknown, message: trailer.message,
            details: Array(trailer.details), metadata: Metadata(wire: trailer.metadata))
    }

    /// The trailer that carries this status, cut so that it fits into a head.
    func trailer(limit: Int) -> Haca_Rpc_V1_Trailer {
        var trailer = Haca_Rpc_V1_Trailer()
        trailer.code = code.rawValue
        trailer.message = String(message.prefix(1024))
        // A message and room for keys and lengths are kept back from the limit.
        var room = limit - trailer.message.utf8.count - 64
        if details.count <= room {
            trailer.details = .init(details)
            room -= details.count
        }
        for entry in metadata.entries where Metadata.isValidKey(entry.key) {
            room -= entry.key.utf8.count + entry.value.count + 16
            guard room >= 0 else { break }
            trailer.metadata.append(
                .with {
                    $0.key = entry.key
                    $0.value = .init(entry.value)
                })
        }
        return trailer
    }
}
