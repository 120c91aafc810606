import ConsensusTypes
import Signing

/// A validator key with its last-sign state. It signs in memory; the caller stores `state` before a signature leaves.
public struct Signer: Sendable {
    public let key: ValidatorKey
    public let chainID: String
    /// What was signed last, stored yet or not.
    public private(set) var state: LastSignState

    public init(key: ValidatorKey, chainID: String, state: LastSignState?) {
        self.key = key
        self.chainID = chainID
        self.state = state ?? .initial
    }

    /// A signed message, and whether `state` changed and must be stored before the message is used.
    public struct Signed<Message: Sendable>: Sendable {
        public var message: Message
        public var needsPersisting: Bool
    }

    public mutating func sign(_ proposal: Proposal) throws(SignerRefusal) -> Signed<Proposal> {
        var proposal = proposal
        let signed = try sign(
            height: proposal.height, round: proposal.round, step: .propose,
            signBytes: proposal.signBytes(chainID: chainID))
        proposal.signature = signed.signature
        if let timestamp = signed.timestamp { proposal.timestamp = timestamp }
        return Signed(message: proposal, needsPersisting: signed.isNew)
    }

    /// Signs a vote and, when it carries one, its extension. Extensions are always signed afresh: they may differ.
    public mutating func sign(_ vote: Vote, withExtension: Bool) throws(SignerRefusal) -> Signed<Vote> {
        guard let step = SignStep(vote.type), step != .propose else { throw .malformedSignBytes }
        var vote = vote
        let signed = try sign(
            height: vote.height, round: vote.round, step: step, signBytes: vote.signBytes(chainID: chainID))
        vote.signature = signed.signature
        if let timestamp = signed.timestamp { vote.timestamp = timestamp }
        if withExtension, vote.type == .precommit, !vote.blockID.isZero {
            vote.extensionSignature = try sign(vote.extensionSignBytes(chainID: chainID))
        }
        return Signed(message: vote, needsPersisting: signed.isNew)
    }

    /// Takes over what a log record shows this key to have signed, if that is later than the state.
    ///
    /// A signature may be in the log although the state file was not replaced before a crash. With this it is never
    /// contradicted.
    public mutating func adopt(_ vote: Vote) {
        guard let step = SignStep(vote.type), vote.validatorAddress == key.address else { return }
        adopt(
            .signed(
                height: vote.height, round: vote.round, step: step, signature: vote.signature,
                signBytes: vote.signBytes(chainID: chainID)))
    }

    public mutating func adopt(_ proposal: Proposal) {
        adopt(
            .signed(
                height: proposal.height, round: proposal.round, step: .propose, signature: proposal.signature,
                signBytes: proposal.signBytes(chainID: chainID)))
    }

    private mutating func adopt(_ other: LastSignState) {
        if other.isLater(than: state), !other.signature.isEmpty { state = other }
    }

    private struct Outcome {
        var signature: [UInt8]
        /// The timestamp to use in place of the requested one.
        var timestamp: Timestamp?
        var isNew: Bool
    }

    private mutating func sign(
        height: Int64, round: Int32, step: SignStep, signBytes: [UInt8]
    ) throws(SignerRefusal) -> Outcome {
        switch state.decide(height: height, round: round, step: step, signBytes: signBytes) {
        case .refuse(let refusal): throw refusal
        case .reuse(let signature): return Outcome(signature: signature, timestamp: nil, isNew: false)
        case .reuseWithTimestamp(let signature, let timestamp):
            return Outcome(signature: signature, timestamp: timestamp, isNew: false)
        case .sign:
            let signature = try sign(signBytes)
            state = .signed(height: height, round: round, step: step, signature: signature, signBytes: signBytes)
            return Outcome(signature: signature, timestamp: nil, isNew: true)
        }
    }

    private func sign(_ bytes: [UInt8]) throws(SignerRefusal) -> [UInt8] {
        do {
            return try key.sign(bytes)
        } catch {
            throw .keyFailed
        }
    }
}
