/// The four logical connections between node and application. Calls on one connection are in order; calls on different
/// connections are independent.
public enum ABCIConnection: Int, Sendable, Hashable, CaseIterable {
    /// Starts the chain, proposes, executes and commits blocks.
    case consensus
    /// Checks transactions.
    case mempool
    /// Info and reads of committed state.
    case query
    /// State sync.
    case snapshot
}
