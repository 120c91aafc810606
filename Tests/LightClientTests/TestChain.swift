import ConsensusTypes
import Primitives
import Signing

/// A chain made for a test: real headers, commits and signatures.
struct TestChain {
    static let name = "test-chain"
    static let start: Int64 = 1_700_000_000
    /// Between two heights, seconds.
    static let pace: Int64 = 5

    private(set) var blocks: [Int64: LightBlock] = [:]

    /// What makes a block differ from the ordinary one.
    struct Variation {
        var round: Int32 = 0
        /// Validators that do not sign, by number.
        var absent: Set<Int> = []
        var change: (inout Header) -> Void = { _ in }
    }

    /// - Parameters:
    ///   - validators: numbers of the validators of a height, up to `count + 1`; all have the same power.
    ///   - base: a chain whose blocks below the first varied height are taken over.
    init(
        count: Int64, validators: (Int64) -> [Int] = { _ in [0, 1, 2, 3] },
        variation: (Int64) -> Variation = { _ in Variation() }
    ) throws {
        var previous = BlockID.zero
        for height in 1...count {
            let block = try Self.block(
                height: height, validators: validators(height), next: validators(height + 1), previous: previous,
                variation: variation(height))
            blocks[height] = block
            previous = block.signedHeader.commit.blockID
        }
    }

    subscript(_ height: Int64) -> LightBlock {
        get throws {
            guard let block = blocks[height] else { throw MissingBlock(height: height) }
            return block
        }
    }

    struct MissingBlock: Error {
        let height: Int64
    }

    var latest: Int64 { blocks.keys.max() ?? 0 }

    func hash(_ height: Int64) throws -> Bytes32 {
        guard let hash = try self[height].signedHeader.header.hash else { throw MissingBlock(height: height) }
        return hash
    }

    static func time(_ height: Int64) -> Timestamp { Timestamp(seconds: start + pace * height, nanoseconds: 7) }

    static func key(_ number: Int) throws -> Ed25519SigningKey {
        try Ed25519SigningKey(seed: [UInt8](repeating: UInt8(number + 1), count: 32))
    }

    static func set(_ numbers: [Int]) throws -> ValidatorSet {
        try ValidatorSet(
            validators: numbers.compactMap { number in
                Validator(publicKey: .ed25519(try key(number).publicKey), votingPower: 10)
            })
    }

    static func block(
        height: Int64, validators: [Int], next: [Int], previous: BlockID, variation: Variation = Variation()
    ) throws -> LightBlock {
        let set = try set(validators)
        let filler = SHA2.sha256([UInt8(truncatingIfNeeded: height)])
        var header = Header(
            version: ConsensusVersion(), chainID: name, height: height, time: time(height), lastBlockID: previous,
            lastCommitHash: filler, dataHash: filler, validatorsHash: set.hash,
            nextValidatorsHash: try Self.set(next).hash, consensusHash: filler, applicationHash: filler.bytes,
            lastResultsHash: filler, evidenceHash: filler, proposerAddress: set.validators.first?.address)
        variation.change(&header)
        let blockID = BlockID(hash: header.hash, partSetHeader: PartSetHeader(total: 1, hash: filler))
        var commit = Commit(height: height, round: variation.round, blockID: blockID, signatures: [])
        var keys: [[UInt8]: Ed25519SigningKey] = [:]
        for number in validators where !variation.absent.contains(number) {
            let key = try key(number)
            keys[key.publicKey] = key
        }
        for (index, validator) in set.validators.enumerated() {
            guard let key = keys[validator.publicKey.rawBytes] else {
                commit.signatures.append(.absent)
                continue
            }
            var vote = Vote(
                type: .precommit, height: height, round: variation.round, blockID: blockID,
                timestamp: header.time + .milliseconds(index), validatorAddress: validator.address,
                validatorIndex: Int32(index))
            vote.signature = try key.sign(vote.signBytes(chainID: name))
            commit.signatures.append(
                CommitSignature(
                    flag: .commit, validatorAddress: validator.address, timestamp: vote.timestamp,
                    signature: vote.signature))
        }
        return LightBlock(signedHeader: SignedHeader(header: header, commit: commit), validators: set)
    }
}
