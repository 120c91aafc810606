import NIOCore
import NIOPosix
import SwiftProtobuf

/// Work on messages that is too long for an event loop goes to the thread pool for blocking work.
enum OffLoop {
    /// Bytes from which inflating or decoding takes more than about 100 µs.
    static let threshold = 256 << 10

    static func decode<M: Message>(_ message: ReceivedMessage) async throws -> M {
        if message.count < threshold { return try message.decode() }
        return try await NIOThreadPool.singleton.runIfActive { try message.decode(M.self) }
    }

    static func inflate(_ message: ByteBuffer, limit: Int) async throws -> ByteBuffer {
        do {
            // Short input can inflate to much: a fourth of the threshold leaves the loop too.
            if message.readableBytes < threshold / 16 { return try Zstd.inflate(message, limit: limit) }
            return try await NIOThreadPool.singleton.runIfActive { try Zstd.inflate(message, limit: limit) }
        } catch Zstd.Failure.tooLarge {
            throw RPCError(.resourceExhausted, "the message is longer than \(limit) bytes when inflated")
        } catch Zstd.Failure.corrupt {
            throw RPCError(.internalError, "the message is no zstd frame")
        }
    }
}
