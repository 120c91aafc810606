import ABCI
import ConsensusTypes
import KeyValueStore
import Primitives

/// Reads what replicas store: blocks, commits, validator sets, parameters, results. RPC handlers use it too, on any thread.
public struct ChainReader: Sendable {
    private let storage: any KeyValueReading

    public init(_ storage: any KeyValueReading) { self.storage = storage }

    // MARK: - State

    /// Nil before the first height of a fresh node.
    public func state() throws(ChainStoreError) -> ChainState? {
        try decode(ChainState.self, StorageKey.state, "state", 0)
    }

    public func blockRange() throws(ChainStoreError) -> BlockRange {
        try decode(BlockRange.self, StorageKey.blockRange, "block range", 0) ?? .empty
    }

    /// The validators of a height, with their priorities at round 0.
    public func validators(at height: Int64) throws(ChainStoreError) -> ValidatorSet? {
        try decode(ValidatorSet.self, StorageKey.at(.validators, height), "validators", height)
    }

    /// The parameters in force at a height.
    public func parameters(at height: Int64) throws(ChainStoreError) -> ConsensusParameters? {
        // Only changes are stored: the last one at or below the height counts.
        let range = StorageKey.range(.parameters, 0, height + 1)
        guard
            let entry = try reading({ () throws(KeyValueStoreError) in try storage.first(in: range, order: .descending)
            })
        else { return nil }
        guard let parameters = try? ConsensusParameters(protobuf: entry.value) else {
            throw .malformed(kind: "parameters", height: height)
        }
        return parameters
    }

    /// The application's results for the block of a height.
    public func results(at height: Int64) throws(ChainStoreError) -> FinalizeBlockResponse? {
        try decode(FinalizeBlockResponse.self, StorageKey.at(.results, height), "results", height)
    }

    // MARK: - Blocks

    public func meta(at height: Int64) throws(ChainStoreError) -> BlockMeta? {
        try decode(BlockMeta.self, StorageKey.at(.blockMeta, height), "block meta", height)
    }

    public func height(ofHash hash: Bytes32) throws(ChainStoreError) -> Int64? {
        guard let bytes = try value(StorageKey.height(ofHash: hash)) else { return nil }
        guard bytes.count == 8 else { throw .malformed(kind: "height of hash", height: 0) }
        return bytes.reduce(0) { $0 << 8 | Int64($1) }
    }

    public func part(at height: Int64, index: UInt32) throws(ChainStoreError) -> Part? {
        try decode(Part.self, StorageKey.part(height, index), "block part", height)
    }

    /// The encoded block.
    public func blockBytes(at height: Int64) throws(ChainStoreError) -> [UInt8]? {
        guard let meta = try meta(at: height) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(clamping: max(0, min(meta.blockSize, Int64(PartSet.maximumBlockBytes)))))
        for index in 0..<min(meta.blockID.partSetHeader.total, PartSet.maximumParts) {
            guard let part = try part(at: height, index: index) else {
                throw .missing(kind: "block part", height: height)
            }
            bytes += part.bytes
        }
        return bytes
    }

    public func block(at height: Int64) throws(ChainStoreError) -> Block? {
        guard let bytes = try blockBytes(at: height) else { return nil }
        guard let block = try? Block(protobuf: bytes) else { throw .malformed(kind: "block", height: height) }
        return block
    }

    /// The commit of a height as the next block carries it; nil for the newest height.
    public func commit(at height: Int64) throws(ChainStoreError) -> Commit? {
        try decode(Commit.self, StorageKey.at(.commit, height), "commit", height)
    }

    /// The commit of a height as this node saw it.
    public func seenCommit(at height: Int64) throws(ChainStoreError) -> Commit? {
        if let extended = try extendedCommit(at: height) { return extended.commit }
        return try decode(Commit.self, StorageKey.at(.seenCommit, height), "seen commit", height)
    }

    /// The commit with vote extensions; nil for heights without them.
    public func extendedCommit(at height: Int64) throws(ChainStoreError) -> ExtendedCommit? {
        try decode(ExtendedCommit.self, StorageKey.at(.extendedCommit, height), "extended commit", height)
    }

    /// The lowest height whose header is stored, pruned blocks' headers included.
    func lowestMetaHeight() throws(ChainStoreError) -> Int64? {
        try entries(of: .blockMeta, limit: 1).first.map { entry in
            entry.key.dropFirst().reduce(0) { $0 << 8 | Int64($1) }
        }
    }

    // MARK: - Decoding

    func entries(
        of kind: StorageKey.Kind, limit: Int
    ) throws(ChainStoreError) -> [KeyValueEntry] {
        try reading { () throws(KeyValueStoreError) in try storage.entries(in: StorageKey.all(kind), limit: limit) }
    }

    func contains(_ key: [UInt8]) throws(ChainStoreError) -> Bool { try value(key) != nil }

    private func value(_ key: [UInt8]) throws(ChainStoreError) -> [UInt8]? {
        try reading { () throws(KeyValueStoreError) in try storage.value(for: key) }
    }

    private func reading<Value>(
        _ body: () throws(KeyValueStoreError) -> Value
    ) throws(ChainStoreError) -> Value {
        do {
            return try body()
        } catch {
            throw .store(error)
        }
    }

    private func decode<Message: ProtobufMessage>(
        _ type: Message.Type, _ key: [UInt8], _ kind: String, _ height: Int64
    ) throws(ChainStoreError) -> Message? {
        guard let bytes = try value(key) else { return nil }
        do {
            return try Message(protobuf: bytes)
        } catch {
            throw .malformed(kind: kind, height: height)
        }
    }
}
