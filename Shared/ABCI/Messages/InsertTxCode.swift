/// What an application that keeps the mempool says of a transaction handed to it. Any other code than these two is final
/// for a while: the node forgets the transaction after five seconds, not half a second.
public enum InsertTxCode {
    public static let accepted: UInt32 = 0
    /// The application has no room now; the transaction may be offered again.
    public static let retry: UInt32 = 1
    public static let rejected: UInt32 = 2
}
