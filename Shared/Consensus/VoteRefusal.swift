/// Why a vote was not counted.
public enum VoteRefusal: Error, Sendable, Hashable {
    /// Another height, round or type than the set's.
    case wrongSubject
    case unknownValidator
    /// The address is not that of the validator with this index.
    case addressMismatch
    case invalidSignature
    /// An extension where none is allowed, none where one is required, or one whose signature does not verify.
    case invalidExtension
    /// Against the rules that need nothing but the vote.
    case malformed
    /// The same vote with another signature than the one counted.
    case differentSignature
    /// A round that is not open and that this peer may not open.
    case unwantedRound
}
