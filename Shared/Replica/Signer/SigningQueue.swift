import Consensus
import ConsensusTypes

/// Signing requests of the core, one at a time: a signature leaves only when it is in the log and in the signer's state, both on the
/// device.
struct SigningQueue: Sendable {
    enum Job: Sendable {
        case proposal(Proposal, HeldBlock)
        case vote(Vote, signsExtension: Bool)
    }

    /// A signature that waits to be durable.
    enum Signed: Sendable {
        case proposal(Proposal, HeldBlock)
        case vote(Vote)
    }

    var jobs: [Job] = []
    var waiting: Signed?
    var isLogged = false
    var isPersisted = false
}

extension Replica {
    mutating func enqueue(_ job: SigningQueue.Job) {
        signing.jobs.append(job)
        signNext()
    }

    /// Signs the next request.
    ///
    /// The log (with everything that led to the decision, and the signed message) and the signer's state are made durable side by side;
    /// the signature is used only after both. A crash in between leaves either a log that shows what was signed, which the next start
    /// takes over into the state, or a state that refuses anything else for this height, round and step.
    private mutating func signNext() {
        guard signing.waiting == nil, !signing.jobs.isEmpty, signer != nil else { return }
        let job = signing.jobs.removeFirst()
        do throws(SignerRefusal) {
            try sign(job)
        } catch {
            refuse(job, error)
            signNext()
        }
    }

    private mutating func sign(_ job: SigningQueue.Job) throws(SignerRefusal) {
        guard var signer else { return }
        let message: ConsensusMessage
        let needsPersisting: Bool
        switch job {
        case .proposal(let proposal, let block):
            let signed = try signer.sign(proposal)
            signing.waiting = .proposal(signed.message, block)
            message = .proposal(signed.message)
            needsPersisting = signed.needsPersisting
        case .vote(let vote, let signsExtension):
            let signed = try signer.sign(vote, withExtension: signsExtension)
            signing.waiting = .vote(signed.message)
            message = .vote(signed.message)
            needsPersisting = signed.needsPersisting
        }
        self.signer = signer
        signing.isLogged = false
        signing.isPersisted = !needsPersisting
        recordDurably([.message(message, peer: "")], .messageLogged)
        if needsPersisting {
            effects.append(.persistSignState(signer.state, completions.register(.signStatePersisted)))
        }
    }

    private mutating func refuse(_ job: SigningQueue.Job, _ refusal: SignerRefusal) {
        let (refused, height, round): (RefusedSignature, Int64, Int32) =
            switch job {
            case .proposal(let proposal, _):
                (.proposal(height: proposal.height, round: proposal.round), proposal.height, proposal.round)
            case .vote(let vote, _): (.vote(vote.type, height: vote.height, round: vote.round), vote.height, vote.round)
            }
        effects.append(.event(.signatureRefused(height: height, round: round, refusal)))
        feed(.signatureRefused(refused))
    }

    /// Hands the signature to the core when it is durable.
    mutating func releaseSigned() {
        guard signing.isLogged, signing.isPersisted, let signed = signing.waiting else { return }
        signing.waiting = nil
        switch signed {
        case .proposal(let proposal, let block):
            for index in 0..<Int(block.parts.total) {
                guard let part = block.parts.part(at: index) else { continue }
                record(
                    .message(
                        .blockPart(BlockPartMessage(height: proposal.height, round: proposal.round, part: part)),
                        peer: ""))
            }
            feed(.proposalSigned(proposal))
        case .vote(let vote):
            feed(.voteSigned(vote))
        }
        signNext()
    }
}
