import Consensus
import ConsensusTypes
import Synchronization

/// Verifies each signature once for all nodes of a simulation; the answers are those of `DirectVerifier`.
final class CachingVerifier: ConsensusVerifier {
    /// Answers kept; then all are forgotten at once.
    private static let maximumAnswers = 100_000

    private enum Question: Hashable {
        case vote(Vote, ValidatorPublicKey)
        case voteExtension(Vote, ValidatorPublicKey)
        case proposal(Proposal, ValidatorPublicKey)
    }

    private let direct = DirectVerifier()
    private let answers = Mutex<[Question: Bool]>([:])

    func verifies(_ vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        answer(.vote(vote, publicKey)) { direct.verifies(vote, chainID: chainID, publicKey: publicKey) }
    }

    func verifiesExtension(of vote: Vote, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        answer(.voteExtension(vote, publicKey)) {
            direct.verifiesExtension(of: vote, chainID: chainID, publicKey: publicKey)
        }
    }

    func verifies(_ proposal: Proposal, chainID: String, publicKey: ValidatorPublicKey) -> Bool {
        answer(.proposal(proposal, publicKey)) {
            direct.verifies(proposal, chainID: chainID, publicKey: publicKey)
        }
    }

    private func answer(_ question: Question, _ verify: () -> Bool) -> Bool {
        if let known = answers.withLock({ $0[question] }) { return known }
        let answer = verify()
        answers.withLock { answers in
            if answers.count >= Self.maximumAnswers { answers.removeAll() }
            answers[question] = answer
        }
        return answer
    }
}
