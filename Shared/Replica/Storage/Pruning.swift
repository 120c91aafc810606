import ConsensusTypes
import KeyValueStore
import Primitives

extension Replica {
    /// Heights pruned with one block at most; what remains goes with the next ones.
    static let maximumPrunedHeights: Int64 = 100

    /// Deletes blocks that the application does not need any more. Headers and sets stay as long as evidence may refer to them.
    mutating func prune(below retainHeight: Int64, into batch: inout WriteBatch) {
        guard retainHeight > blocks.base, blocks.base > 0 else { return }
        let retain = min(retainHeight, state.lastBlockHeight, blocks.base + Self.maximumPrunedHeights)
        guard retain > blocks.base else { return }
        do {
            guard let parameters = try chain.parameters(at: retain) else {
                return halt(.corruptedStore("no parameters of height \(retain)"))
            }
            let evidenceHeight = try self.evidenceHeight(retain)
            var hashes: [Bytes32] = []
            let lowest = try chain.lowestMetaHeight() ?? evidenceHeight
            for height in lowest..<max(lowest, evidenceHeight) {
                if let hash = try chain.meta(at: height)?.blockID.hash { hashes.append(hash) }
            }
            batch.prune(
                height: blocks.height, below: retain, evidenceHeight: evidenceHeight, parameters: parameters,
                hashes: hashes)
            blocks.base = retain
        } catch {
            halt(.corruptedStore("\(error)"))
        }
    }

    /// The lowest height whose evidence would still count; a bounded number of heights above the lowest header.
    private func evidenceHeight(_ retain: Int64) throws(ChainStoreError) -> Int64 {
        let limits = state.parameters.evidence
        guard let lowest = try chain.lowestMetaHeight() else { return retain }
        var height = lowest
        let end = min(retain, state.lastBlockHeight - limits.maximumAgeBlocks, lowest + Self.maximumPrunedHeights)
        while height < end, let time = try chain.meta(at: height)?.header.time,
            limits.isExpired(
                height: height, time: time, lastBlockHeight: state.lastBlockHeight, lastBlockTime: state.lastBlockTime)
        {
            height += 1
        }
        return height
    }
}
