/// What an ABCI message may hold before it is refused. Each is above what the protocol's own limits allow.
public enum ABCILimits {
    /// Bytes of a frame: the largest block (100 MiB) with room for its commit and misbehaviour.
    public static let frameBytes = 128 << 20
    /// Transactions of a block, or their results.
    public static let transactions = 1 << 23
    /// Entries of a commit or a set of updates; validator sets have at most 10,000 members.
    public static let validators = 1 << 16
    public static let misbehavior = 1 << 16
    /// Events of one block or transaction.
    public static let events = 1 << 20
    /// Attributes of one event.
    public static let attributes = 1 << 16
    public static let snapshots = 1 << 12
    /// Indices of chunks in one answer.
    public static let chunks = 1 << 16
    /// Peers named in one answer.
    public static let senders = 1 << 12
    public static let proofOperations = 1 << 8
}
