import Synchronization

/// Prepared public keys by their bytes, shared by all who verify the same validators. A memory of pure results: what it holds never
/// changes a verdict, only its cost.
public final class Ed25519KeyCache: Sendable {
    /// Keys kept, 4 KiB each. Two sets of 10,000 validators, the protocol's largest.
    public static let defaultCapacity = 20_000

    private struct State {
        var keys: [[UInt8]: Ed25519PreparedKey] = [:]
        /// Filled when `keys` reaches half the capacity; then it takes over what is still in use (two generations).
        var older: [[UInt8]: Ed25519PreparedKey] = [:]
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: keys kept at most, at least two.
    public init(capacity: Int = defaultCapacity) { self.capacity = max(2, capacity) }

    /// Keys held now.
    public var count: Int { state.withLock { $0.keys.count + $0.older.count } }

    /// The prepared key; nil when the bytes name no point.
    public func key(_ bytes: [UInt8]) -> Ed25519PreparedKey? {
        let known = state.withLock { state in state.keys[bytes] ?? state.older[bytes] }
        // Preparing happens outside the lock; two threads may both do it, with equal results.
        guard let key = known ?? Ed25519PreparedKey(bytes) else { return nil }
        state.withLock { state in
            guard state.keys[bytes] == nil else { return }
            if state.keys.count >= capacity / 2 {
                state.older = state.keys
                state.keys = [:]
            }
            state.keys[bytes] = key
        }
        return key
    }

    /// `Ed25519ZIP215.verify` with the key from the cache.
    public func verify(signature: [UInt8], message: [UInt8], publicKey: [UInt8]) -> Bool {
        guard let key = key(publicKey) else { return false }
        return Ed25519ZIP215.verify(signature: signature, message: message, publicKey: key)
    }
}
