import KeyValueStore
import Primitives

/// Where execution stands.
struct ChainState {
    /// After the last commit.
    var summary: StateSummary
    /// The genesis state and the height of the first block, from InitChain to the first commit.
    var genesis: (state: PendingState, initialHeight: Int64)?
    /// The finalized block that waits for its commit.
    var finalized: FinalizedBlock?
    /// A state sync under way.
    var restoration: SnapshotRestoration?

    struct FinalizedBlock {
        var state: PendingState
        var summary: StateSummary
        /// Of its transactions.
        var hashes: Set<Bytes32>
    }

    init(summary: StateSummary) { self.summary = summary }

    /// Deletes all state, snapshots excluded.
    static var erasure: WriteBatch {
        var batch = WriteBatch()
        batch.delete(StateKey.summary)
        for prefix in [StateKey.pairPrefix, StateKey.nodePrefix, StateKey.validatorPrefix] {
            batch.deleteRange(KeyRange(prefix: [prefix]))
        }
        return batch
    }
}
