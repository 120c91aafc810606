import Crypto
import Foundation
import NIOPosix
import Primitives

/// SHA-256 of a weights file.
public enum WeightsDigest {
    /// Bytes read at a time.
    private static let chunk = 4 << 20

    /// Reading gigabytes blocks; one thread does it, so that several models are hashed one after another.
    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        return pool
    }()

    public struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
        public let path: String
        public let errno: CInt

        public var description: String { "cannot read \(path): \(String(cString: strerror(errno)))" }
    }

    /// - Throws: `Unreadable`, or `CancellationError` when the task is cancelled before it began.
    public static func sha256(ofFile path: String) async throws -> Bytes32 {
        try await pool.runIfActive { try digest(path) }
    }

    private static func digest(_ path: String) throws(Unreadable) -> Bytes32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unreadable(path: path, errno: errno) }
        defer { close(descriptor) }
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Unreadable(path: path, errno: errno) }
            guard count > 0 else { break }
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        guard let digest = Bytes32(Array(hasher.finalize())) else { throw Unreadable(path: path, errno: EINVAL) }
        return digest
    }
}
