import Consensus
import ConsensusTypes
import Primitives

/// The rules that must hold at every step of a simulation, whatever fails and whoever betrays.
struct Invariants {
    /// Violations kept; one is enough to fail.
    private static let maximumViolations = 20

    private(set) var violations: [String] = []
    private var blocks: [Int64: BlockID] = [:]
    private var transactions: Set<[UInt8]> = []
    private var ownVotes: [VoteKey: Vote] = [:]
    private var votes: [Tally: Set<ValidatorAddress>] = [:]
    private var proposals: Set<Proposal> = []
    /// The last block that each honest validator precommitted in a height.
    private var locks: [LockKey: (round: Int32, id: BlockID)] = [:]

    private struct VoteKey: Hashable {
        let voter: ValidatorAddress, height: Int64, round: Int32, type: SignedMessageType
    }

    private struct Tally: Hashable {
        let height: Int64, round: Int32, id: BlockID
    }

    private struct LockKey: Hashable {
        let voter: ValidatorAddress, height: Int64
    }

    mutating func fail(_ text: String) {
        if violations.count < Self.maximumViolations { violations.append(text) }
    }

    mutating func submitted(_ transaction: [UInt8]) { transactions.insert(transaction) }

    // MARK: - Blocks

    /// Agreement and validity: one block for each height, made of what clients sent.
    mutating func committed(_ block: Block, _ id: BlockID, by node: Int) {
        let height = block.header.height
        if let known = blocks[height], known != id {
            fail("agreement: node \(node) committed another block at height \(height)")
        }
        if blocks.updateValue(id, forKey: height) == nil {
            for transaction in block.transactions where !transactions.contains(transaction) {
                fail("validity: a transaction at height \(height) that nobody sent")
            }
        }
    }

    // MARK: - Votes

    /// Anyone's prevote counts as a reason for the precommits and lock changes of honest ones.
    mutating func sent(_ vote: Vote) {
        guard vote.type == .prevote else { return }
        votes[Tally(height: vote.height, round: vote.round, id: vote.blockID), default: []].insert(
            vote.validatorAddress)
    }

    /// An honest validator's vote as it leaves its node, over all lives of the node.
    mutating func released(_ vote: Vote, validators: ValidatorSet) {
        let key = VoteKey(voter: vote.validatorAddress, height: vote.height, round: vote.round, type: vote.type)
        if let earlier = ownVotes[key] {
            if earlier.blockID != vote.blockID || earlier.signature != vote.signature {
                fail("double sign: \(vote.validatorAddress) at \(vote.height)/\(vote.round) \(vote.type)")
            }
            return
        }
        ownVotes[key] = vote
        let lockKey = LockKey(voter: vote.validatorAddress, height: vote.height)
        guard !vote.blockID.isZero else { return }
        if vote.type == .precommit {
            if !hasMajority(vote.height, vote.round, vote.blockID, validators) {
                fail("lock: a precommit at \(vote.height)/\(vote.round) without two thirds of the prevotes")
            }
            if locks[lockKey].map({ $0.round < vote.round }) ?? true { locks[lockKey] = (vote.round, vote.blockID) }
        } else if let lock = locks[lockKey], lock.round < vote.round, lock.id != vote.blockID {
            let isJustified = (lock.round..<vote.round).contains {
                hasMajority(vote.height, $0, vote.blockID, validators)
            }
            if !isJustified { fail("lock: a prevote at \(vote.height)/\(vote.round) against a lock") }
        }
    }

    private func hasMajority(_ height: Int64, _ round: Int32, _ id: BlockID, _ validators: ValidatorSet) -> Bool {
        let voters = votes[Tally(height: height, round: round, id: id)] ?? []
        let power = voters.reduce(Int64(0)) { $0 + (validators.validator($1)?.votingPower ?? 0) }
        return power >= validators.quorumPower
    }

    // MARK: - Proposals

    /// Rotation: only the round's proposer is heard.
    mutating func forwarded(
        _ proposal: Proposal, validators: ValidatorSet, chainID: String, verifier: some ConsensusVerifier
    ) {
        guard proposals.insert(proposal).inserted, proposal.round < HeightVoteSet.maximumRoundLead else { return }
        var rotated = validators
        for _ in 0..<proposal.round { rotated = rotated.incremented(by: 1) }
        guard let proposer = rotated.proposer,
            verifier.verifies(proposal, chainID: chainID, publicKey: proposer.publicKey)
        else { return fail("rotation: a proposal at \(proposal.height)/\(proposal.round) out of turn") }
    }
}
