import CZstd
import NIOCore

/// zstd with a bound on what comes out, so that a small message cannot become a large one.
enum Zstd {
    enum Failure: Error, Sendable, Hashable {
        /// The message would be longer than the limit.
        case tooLarge
        /// The bytes are not one whole zstd frame.
        case corrupt
    }

    /// Largest window a frame may ask for: 8 MiB, zstd's own recommendation for decoders.
    private static let maximumWindowLog: Int32 = 23

    /// Compresses a message; nil when that does not make it shorter.
    static func deflate(_ message: ByteBuffer, level: Int32) -> ByteBuffer? {
        let count = message.readableBytes
        var result = ByteBufferAllocator().buffer(capacity: ZSTD_compressBound(count))
        let written = message.withUnsafeReadableBytes { source in
            result.withUnsafeMutableWritableBytes { target in
                ZSTD_compress(target.baseAddress, target.count, source.baseAddress, source.count, level)
            }
        }
        guard ZSTD_isError(written) == 0, written < count else { return nil }
        result.moveWriterIndex(forwardBy: written)
        return result
    }

    /// Inflates one frame of at most `limit` bytes. The announced size is checked first, then the real one, and memory
    /// grows only with what really comes out.
    static func inflate(_ message: ByteBuffer, limit: Int) throws(Failure) -> ByteBuffer {
        let announced = message.withUnsafeReadableBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // The two highest values mean "error" and "unknown".
        if announced == UInt64.max - 1 { throw .corrupt }
        if announced != UInt64.max, announced > UInt64(limit) { throw .tooLarge }
        guard let stream = ZSTD_createDStream() else { throw .corrupt }
        defer { ZSTD_freeDStream(stream) }
        ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, maximumWindowLog)

        let step = 64 << 10
        var result = ByteBufferAllocator().buffer(
            capacity: announced == UInt64.max ? step : min(Int(announced), 16 * step) + 1)
        var offset = 0
        while true {
            let (remaining, produced) = message.withUnsafeReadableBytes { source -> (Int, Int) in
                var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: offset)
                let produced = result.withUnsafeMutableWritableBytes { target -> (Int, Int) in
                    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let remaining = ZSTD_decompressStream(stream, &output, &input)
                    return (ZSTD_isError(remaining) == 0 ? remaining : -1, output.pos)
                }
                offset = input.pos
                return produced
            }
            guard remaining >= 0 else { throw .corrupt }
            result.moveWriterIndex(forwardBy: produced)
            guard result.readableBytes <= limit else { throw .tooLarge }
            if remaining == 0 {
                guard offset == message.readableBytes else { throw .corrupt }
                return result
            }
            if result.writableBytes == 0 {
                result.reserveCapacity(minimumWritableBytes: min(result.readableBytes, limit) + step)
            } else if produced == 0 || offset == message.readableBytes {
                // Room is left and all input is taken, but the frame has not ended.
                if offset == message.readableBytes, produced == 0 { throw .corrupt }
            }
        }
    }
}
