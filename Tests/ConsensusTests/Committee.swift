import Consensus
import ConsensusTypes
import Primitives
import Signing
import Testing

/// Validators with known keys, in the order of their set, and what they can sign.
struct Committee: Sendable {
    static let chainID = "consensus-tests"
    static let genesisTime = Timestamp(seconds: 1_700_000_000, nanoseconds: 0)

    let keys: [Ed25519SigningKey]
    let set: ValidatorSet

    init(powers: [Int64] = [10, 10, 10, 10]) throws {
        let members = try powers.enumerated().map { index, power in
            let key = try Ed25519SigningKey(seed: Array(repeating: UInt8(index + 1), count: 32))
            let address = try #require(ValidatorPublicKey.ed25519(key.publicKey).address)
            return (
                key: key,
                validator: Validator(address: address, publicKey: .ed25519(key.publicKey), votingPower: power)
            )
        }
        set = try ValidatorSet(validators: members.map(\.validator))
        keys = try set.validators.map { validator in
            try #require(members.first { $0.validator.address == validator.address }).key
        }
    }

    init(keys: [Ed25519SigningKey], set: ValidatorSet) {
        self.keys = keys
        self.set = set
    }

    var everyone: [Int] { Array(keys.indices) }

    func address(_ index: Int) -> ValidatorAddress { set.validators[index].address }

    /// Who proposes in a round of the first height.
    func proposer(round: Int32) -> Int {
        var rotated = set
        for _ in 0..<round { rotated = rotated.incremented(by: 1) }
        return rotated.proposerIndex ?? 0
    }

    /// Someone other than the proposers of rounds 0 to 2.
    var bystander: Int { proposer(round: 3) }

    func vote(
        _ type: SignedMessageType, by index: Int, height: Int64 = 1, round: Int32 = 0, _ id: BlockID,
        time: Timestamp = genesisTime, voteExtension: [UInt8]? = nil
    ) -> Vote {
        var vote = Vote(
            type: type, height: height, round: round, blockID: id, timestamp: time, validatorAddress: address(index),
            validatorIndex: Int32(index))
        if let voteExtension { vote.voteExtension = voteExtension }
        return signed(vote, by: index, signsExtension: voteExtension != nil)
    }

    func signed(_ vote: Vote, by index: Int, signsExtension: Bool) -> Vote {
        var vote = vote
        vote.signature = signature(of: vote.signBytes(chainID: Self.chainID), by: index)
        if signsExtension {
            vote.extensionSignature = signature(of: vote.extensionSignBytes(chainID: Self.chainID), by: index)
        }
        return vote
    }

    func proposal(
        _ block: HeldBlock, by index: Int? = nil, height: Int64 = 1, round: Int32 = 0, proofOfLockRound: Int32 = -1
    ) -> Proposal {
        signed(
            Proposal(
                height: height, round: round, proofOfLockRound: proofOfLockRound, blockID: block.id,
                timestamp: Self.genesisTime), by: index ?? proposer(round: round))
    }

    func signed(_ proposal: Proposal, by index: Int) -> Proposal {
        var proposal = proposal
        proposal.signature = signature(of: proposal.signBytes(chainID: Self.chainID), by: index)
        return proposal
    }

    private func signature(of message: [UInt8], by index: Int) -> [UInt8] {
        (try? keys[index].sign(message)) ?? []
    }

    /// A block that differs from others by its one transaction.
    func block(_ transaction: String, height: Int64 = 1, time: Timestamp = genesisTime) throws -> HeldBlock {
        var block = Block(
            header: Header(
                version: ConsensusVersion(), chainID: Self.chainID, height: height, time: time, lastBlockID: .zero,
                lastCommitHash: nil, dataHash: nil, validatorsHash: set.hash, nextValidatorsHash: set.hash,
                consensusHash: .zero, applicationHash: [], lastResultsHash: nil, evidenceHash: nil,
                proposerAddress: address(0)),
            transactions: [Array(transaction.utf8)], evidence: [],
            lastCommit: Commit(height: 0, round: 0, blockID: .zero, signatures: []))
        block.updateContentHashes()
        return try #require(HeldBlock(block: block, parts: block.makePartSet()))
    }

    func start(height: Int64 = 1, me: Int?, extensionsFrom: Int64 = 0) -> HeightStart {
        HeightStart(
            height: height, isInitialHeight: height == 1, validators: set, lastValidators: nil, lastCommit: nil,
            maximumBlockBytes: 4 * 65_536, voteExtensionsEnableHeight: extensionsFrom,
            ownAddress: me.map { address($0) })
    }
}
