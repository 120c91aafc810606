import ConsensusTypes

/// The blocks a light client has verified, by height. A store is believed: what is in it must not be open to others.
public protocol TrustedStore: Sendable {
    func save(_ block: LightBlock) async throws(TrustedStoreError)
    /// Nil when the height is not stored.
    func block(at height: Int64) async throws(TrustedStoreError) -> LightBlock?
    /// The stored heights, ascending.
    func heights() async throws(TrustedStoreError) -> [Int64]
    /// Forgets the lowest heights until no more than `count` are left.
    func prune(keeping count: Int) async throws(TrustedStoreError)
}

public enum TrustedStoreError: Error, Hashable, Sendable {
    /// What is stored is not what was saved.
    case damaged(String)
    case inaccessible(String)
}

/// Keeps blocks as long as the process lives.
public actor MemoryTrustedStore: TrustedStore {
    private var blocks: [Int64: LightBlock] = [:]

    public init() {}

    public func save(_ block: LightBlock) { blocks[block.height] = block }

    public func block(at height: Int64) -> LightBlock? { blocks[height] }

    public func heights() -> [Int64] { blocks.keys.sorted() }

    public func prune(keeping count: Int) {
        for height in heights().dropLast(max(0, count)) { blocks[height] = nil }
    }
}
