/// Why the signer does not sign.
public enum SignerRefusal: Error, Sendable, Hashable {
    /// The key signed at a later height, round or step already.
    case regression
    /// The key signed something else at this height, round and step.
    case conflict
    /// The stored state names this height, round and step but holds no signature for them.
    case incompleteState
    /// What is to be signed is not a canonical vote or proposal.
    case malformedSignBytes
    /// The key itself failed.
    case keyFailed
}
