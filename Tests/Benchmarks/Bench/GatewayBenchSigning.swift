import CryptoExtras
import Foundation

/// What one RSA-2048 PSS signature costs here and now: the yardstick of a signed answer's processor time.
enum SigningYardstick {
    /// Processor nanoseconds of one signature, from the thread's own clock.
    static func nanosecondsPerSignature(count: Int = 1000) throws -> UInt64 {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        var message = Data(repeating: 7, count: 32)
        // The first signature makes the key's blinding and Montgomery values.
        _ = try key.signature(for: message, padding: .PSS)
        let began = threadNanoseconds()
        for index in 0..<count {
            message[0] = UInt8(truncatingIfNeeded: index)
            _ = try key.signature(for: message, padding: .PSS)
        }
        return (threadNanoseconds() - began) / UInt64(count)
    }

    private static func threadNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
