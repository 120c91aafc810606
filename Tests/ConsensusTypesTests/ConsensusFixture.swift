import ConsensusTypes
import Primitives
import Signing

/// Validators with known keys, and blocks and commits of theirs.
struct ConsensusFixture {
    static let chainID = "test-chain"
    static let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 123_456_789)

    let keys: [ValidatorAddress: Ed25519SigningKey]
    let validators: ValidatorSet

    /// - Parameter powers: one validator for each.
    init(powers: [Int64], seed: UInt8 = 0) throws {
        var keys: [ValidatorAddress: Ed25519SigningKey] = [:]
        var members: [Validator] = []
        for (index, power) in powers.enumerated() {
            let key = try Ed25519SigningKey(seed: SHA2.sha256([seed, UInt8(index & 0xFF), UInt8(index >> 8)]).bytes)
            let address = ValidatorAddress(hashing: key.publicKey)
            keys[address] = key
            members.append(Validator(address: address, publicKey: .ed25519(key.publicKey), votingPower: power))
        }
        self.keys = keys
        validators = try ValidatorSet(validators: members)
    }

    static func blockID(_ name: String = "block") -> BlockID {
        BlockID(
            hash: SHA2.sha256(Array(name.utf8)),
            partSetHeader: PartSetHeader(total: 1, hash: SHA2.sha256(Array("parts of \(name)".utf8))))
    }

    func vote(
        by index: Int, type: SignedMessageType = .precommit, height: Int64 = 5, round: Int32 = 1,
        blockID: BlockID = blockID(), time: Timestamp = time, chainID: String = chainID
    ) throws -> Vote {
        let address = validators.validators[index].address
        var vote = Vote(
            type: type, height: height, round: round, blockID: blockID, timestamp: time,
            validatorAddress: address, validatorIndex: Int32(index))
        vote.signature = try keys[address]?.sign(vote.signBytes(chainID: chainID)) ?? []
        return vote
    }

    /// - Parameters:
    ///   - absent: who did not vote.
    ///   - forNil: who voted for nil.
    func commit(
        height: Int64 = 5, round: Int32 = 1, blockID: BlockID = blockID(), absent: Set<Int> = [], forNil: Set<Int> = []
    ) throws -> Commit {
        var entries: [CommitSignature] = []
        for index in 0..<validators.count {
            guard !absent.contains(index) else {
                entries.append(.absent)
                continue
            }
            let isNil = forNil.contains(index)
            let vote = try vote(
                by: index, height: height, round: round, blockID: isNil ? .zero : blockID,
                time: Self.time.adding(nanoseconds: Int64(index) * 1_000_000))
            entries.append(
                CommitSignature(
                    flag: isNil ? .nil : .commit, validatorAddress: vote.validatorAddress, timestamp: vote.timestamp,
                    signature: vote.signature))
        }
        return Commit(height: height, round: round, blockID: blockID, signatures: entries)
    }

    func header(height: Int64 = 5, time: Timestamp = time) -> Header {
        Header(
            version: ConsensusVersion(application: 1), chainID: Self.chainID, height: height, time: time,
            lastBlockID: height == 1 ? .zero : Self.blockID("before"), lastCommitHash: nil, dataHash: nil,
            validatorsHash: validators.hash, nextValidatorsHash: validators.hash,
            consensusHash: ConsensusParameters().hash, applicationHash: [1, 2, 3],
            lastResultsHash: MerkleTree.emptyRoot, evidenceHash: nil,
            proposerAddress: validators.proposer?.address)
    }

    /// A block that passes its own checks.
    func block(height: Int64 = 5, transactions: [[UInt8]] = [[1], [], [2, 3]], evidence: [Evidence] = []) throws
        -> Block
    {
        var block = Block(
            header: header(height: height), transactions: transactions, evidence: evidence,
            lastCommit: height == 1 ? .empty : try commit(height: height - 1, blockID: Self.blockID("before")))
        block.updateContentHashes()
        return block
    }

    func signedHeader(_ header: Header, round: Int32 = 1, absent: Set<Int> = []) throws -> SignedHeader {
        let blockID = BlockID(hash: header.hash, partSetHeader: PartSetHeader(total: 1, hash: SHA2.sha256([9])))
        return SignedHeader(
            header: header,
            commit: try commit(height: header.height, round: round, blockID: blockID, absent: absent))
    }

    func duplicateVote(height: Int64 = 5) throws -> DuplicateVoteEvidence {
        let votes = (
            try vote(by: 1, height: height, blockID: Self.blockID("a")),
            try vote(by: 1, height: height, blockID: Self.blockID("b"))
        )
        guard
            let evidence = DuplicateVoteEvidence(votes.0, votes.1, validators: validators, blockTime: Self.time)
        else { throw ValidatorSetError.unknownValidator(votes.0.validatorAddress) }
        return evidence
    }
}
