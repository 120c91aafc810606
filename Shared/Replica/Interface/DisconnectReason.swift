/// Why a peer is dropped. Every case is a breach of the protocol or a limit; honest peers cause none of them.
public enum DisconnectReason: Error, Sendable, Hashable {
    /// A message that fails its own checks.
    case invalidMessage(String)
    /// A message of a kind that its sender may not send now.
    case unexpectedMessage(String)
    /// A height, round or bit array outside what the protocol allows.
    case outOfRange(String)
    /// A different majority claimed twice for one vote set.
    case conflictingClaim
    /// A block, part or commit that fails verification.
    case invalidBlock(height: Int64)
    /// No answer to a request in time.
    case timedOut
    /// Answers too slowly in block sync.
    case tooSlow
    /// Evidence that fails verification.
    case invalidEvidence(String)
    /// More unsolicited messages than allowed.
    case flooding
    /// The application rejected the peer's snapshots.
    case rejectedByApplication
}
