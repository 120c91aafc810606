import ABCI
import ConsensusTypes
import KeyValueStore
import Primitives

/// Batches that store blocks and state; the counterpart of `ChainReader`.
extension WriteBatch {
    /// Stores a decided block.
    ///
    /// - Parameters:
    ///   - parts: the block's own, whole.
    ///   - seenCommit: the precommits this node saw; kept with extensions when `keepsExtensions`.
    ///   - range: the stored heights, this one included.
    mutating func store(
        _ block: Block, id: BlockID, parts: PartSet, seenCommit: ExtendedCommit, keepsExtensions: Bool,
        range: BlockRange
    ) {
        let height = block.header.height
        let meta = BlockMeta(
            blockID: id, blockSize: Int64(parts.byteCount), header: block.header,
            transactionCount: Int64(block.transactions.count))
        put(StorageKey.at(.blockMeta, height), meta.protobufBytes)
        for index in 0..<Int(parts.total) {
            guard let part = parts.part(at: index) else { continue }
            put(StorageKey.part(height, UInt32(index)), part.protobufBytes)
        }
        if let commit = block.lastCommit, commit.height > 0 {
            put(StorageKey.at(.commit, height - 1), commit.protobufBytes)
        }
        if keepsExtensions {
            put(StorageKey.at(.extendedCommit, height), seenCommit.protobufBytes)
        } else {
            put(StorageKey.at(.seenCommit, height), seenCommit.commit.protobufBytes)
        }
        if let hash = id.hash { put(StorageKey.height(ofHash: hash), bigEndian(height)) }
        put(StorageKey.blockRange, range.protobufBytes)
    }

    mutating func store(_ response: FinalizeBlockResponse, height: Int64) {
        put(StorageKey.at(.results, height), response.protobufBytes)
    }

    /// Stores the state after a block, with the sets and parameters that it fixes for later heights.
    mutating func store(_ state: ChainState) {
        put(StorageKey.state, state.protobufBytes)
        let next = state.nextHeight
        if state.lastBlockHeight == 0 {
            put(StorageKey.at(.validators, next), state.validators.protobufBytes)
        }
        put(StorageKey.at(.validators, next + 1), state.nextValidators.protobufBytes)
        if state.lastHeightParametersChanged == next {
            put(StorageKey.at(.parameters, next), state.parameters.protobufBytes)
        }
    }

    /// Stores the state that state sync has built, for a chain whose earlier heights this node does not have.
    mutating func storeSynchronised(_ state: ChainState, seenCommit: Commit) {
        let height = state.lastBlockHeight
        put(StorageKey.state, state.protobufBytes)
        if let last = state.lastValidators { put(StorageKey.at(.validators, height), last.protobufBytes) }
        put(StorageKey.at(.validators, height + 1), state.validators.protobufBytes)
        put(StorageKey.at(.validators, height + 2), state.nextValidators.protobufBytes)
        put(StorageKey.at(.parameters, height + 1), state.parameters.protobufBytes)
        put(StorageKey.at(.seenCommit, height), seenCommit.protobufBytes)
        put(StorageKey.blockRange, BlockRange(base: height + 1, height: height).protobufBytes)
    }

    /// Deletes what lies below a height.
    ///
    /// - Parameters:
    ///   - height: the highest stored block.
    ///   - retainHeight: the lowest block to keep; at most `height`.
    ///   - evidenceHeight: headers, commits and sets from here on stay, because evidence of their heights may still come.
    ///   - parameters: those in force at `retainHeight`, which must stay known there.
    ///   - hashes: of the headers that go.
    mutating func prune(
        height: Int64, below retainHeight: Int64, evidenceHeight: Int64, parameters: ConsensusParameters,
        hashes: [Bytes32]
    ) {
        for kind in [StorageKey.Kind.blockPart, .seenCommit, .extendedCommit, .results] {
            deleteRange(StorageKey.range(kind, 0, retainHeight))
        }
        for kind in [StorageKey.Kind.blockMeta, .commit, .validators] {
            deleteRange(StorageKey.range(kind, 0, min(evidenceHeight, retainHeight)))
        }
        for hash in hashes { delete(StorageKey.height(ofHash: hash)) }
        deleteRange(StorageKey.range(.parameters, 0, retainHeight))
        put(StorageKey.at(.parameters, retainHeight), parameters.protobufBytes)
        put(StorageKey.blockRange, BlockRange(base: retainHeight, height: height).protobufBytes)
    }

    private func bigEndian(_ height: Int64) -> [UInt8] { withUnsafeBytes(of: height.bigEndian) { Array($0) } }
}
