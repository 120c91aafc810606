import Consensus
import ConsensusTypes
import Primitives
import Replica
import Signing

/// A validator's key in hostile hands: it sees what its peers send and answers each with other lies, all correctly signed.
struct Puppet {
    private static let maximumBlocks = 64
    private static let floodSize = 24

    private let key: Ed25519SigningKey
    private let address: ValidatorAddress
    private let chainID: String
    /// Blocks that proposals or votes of the height named.
    private var ids: [BlockID] = []
    private var height: Int64 = 0

    init(key: Ed25519SigningKey, address: ValidatorAddress, chainID: String) {
        self.key = key
        self.address = address
        self.chainID = chainID
    }

    /// What it sends back to a peer.
    ///
    /// - Parameter validators: of the height, if somebody knows them.
    mutating func answer(
        _ message: ConsensusMessage, validators: (Int64) -> ValidatorSet?, _ random: inout SimulationRandom
    ) -> [ConsensusMessage] {
        switch message {
        case .proposal(let proposal): learn(proposal.blockID, proposal.height)
        case .vote(let vote): learn(vote.blockID, vote.height)
        case .newRoundStep(let step):
            guard let set = validators(step.height), let index = set.index(of: address) else { return [] }
            return lies(step.height, step.round, Int32(index), set, &random)
        default: break
        }
        return []
    }

    private mutating func learn(_ id: BlockID, _ height: Int64) {
        if height > self.height {
            self.height = height
            ids = []
        }
        guard height == self.height, !id.isZero, !ids.contains(id), ids.count < Self.maximumBlocks else { return }
        ids.append(id)
    }

    private func lies(
        _ height: Int64, _ round: Int32, _ index: Int32, _ set: ValidatorSet, _ random: inout SimulationRandom
    ) -> [ConsensusMessage] {
        var messages: [ConsensusMessage] = []
        let id = ids.isEmpty || random.chance(300) ? BlockID.zero : ids[random.index(ids.count)]
        if random.chance(600) { messages.append(.vote(vote(.prevote, height, round, id, index))) }
        if random.chance(600) { messages.append(.vote(vote(.precommit, height, round, id, index))) }
        if random.chance(200) { messages.append(.vote(vote(.precommit, height, max(0, round - 1), id, index))) }
        if random.chance(300), !ids.isEmpty {
            messages.append(
                .majorityClaim(
                    MajorityClaim(
                        height: height, round: round, type: random.chance(500) ? .prevote : .precommit,
                        blockID: ids[random.index(ids.count)])))
        }
        if let block = ids.last, isOwnTurn(round, set) {
            let proofOfLockRound = Int32(random.number(-1...Int64(max(-1, round - 1))))
            messages.append(.proposal(proposal(height, round, proofOfLockRound, block)))
        }
        if random.chance(30) {
            for lead in 2..<Int32(Self.floodSize) {
                messages.append(.vote(vote(.prevote, height, round + lead, id, index)))
            }
        }
        return messages
    }

    private func isOwnTurn(_ round: Int32, _ set: ValidatorSet) -> Bool {
        var rotated = set
        for _ in 0..<min(round, 1000) { rotated = rotated.incremented(by: 1) }
        return rotated.proposer?.address == address
    }

    private func vote(
        _ type: SignedMessageType, _ height: Int64, _ round: Int32, _ id: BlockID, _ index: Int32
    ) -> Vote {
        // A time of its own choosing: the median has to stand it.
        var vote = Vote(
            type: type, height: height, round: round, blockID: id,
            timestamp: Timestamp(seconds: 1_900_000_000, nanoseconds: 0), validatorAddress: address,
            validatorIndex: index)
        vote.signature = (try? key.sign(vote.signBytes(chainID: chainID))) ?? []
        return vote
    }

    private func proposal(_ height: Int64, _ round: Int32, _ proofOfLockRound: Int32, _ id: BlockID) -> Proposal {
        var proposal = Proposal(
            height: height, round: round, proofOfLockRound: proofOfLockRound, blockID: id,
            timestamp: Timestamp(seconds: 1_900_000_000, nanoseconds: 0))
        proposal.signature = (try? key.sign(proposal.signBytes(chainID: chainID))) ?? []
        return proposal
    }
}
