import ConsensusTypes
import Primitives
import Signing

/// A chain of signed headers with unchanging validators, as a light client sees it.
struct BenchChain {
    static let name = "bench-chain"
    let blocks: [LightBlock]

    /// The time at which the last header is new.
    var now: Timestamp { (blocks.last?.signedHeader.header.time ?? .zero) + .seconds(1) }

    init(heights: Int, validators count: Int) throws {
        let keys = try (0..<count).map { number in
            try Ed25519SigningKey(seed: [UInt8(number & 0xFF), UInt8(number >> 8)] + [UInt8](repeating: 3, count: 30))
        }
        let members = keys.compactMap { Validator(publicKey: .ed25519($0.publicKey), votingPower: 10) }
        let set = try ValidatorSet(validators: members)
        var signers: [[UInt8]: Ed25519SigningKey] = [:]
        for key in keys { signers[key.publicKey] = key }
        var blocks: [LightBlock] = []
        var previous = BlockID.zero
        for height in 1...Int64(heights) {
            let header = Self.header(height, set: set, previous: previous)
            let blockID = BlockID(hash: header.hash, partSetHeader: PartSetHeader(total: 1, hash: header.dataHash))
            var commit = Commit(height: height, round: 0, blockID: blockID, signatures: [])
            for (index, validator) in set.validators.enumerated() {
                let vote = Vote(
                    type: .precommit, height: height, round: 0, blockID: blockID, timestamp: header.time,
                    validatorAddress: validator.address, validatorIndex: Int32(index))
                let signature = try signers[validator.publicKey.rawBytes]?.sign(vote.signBytes(chainID: Self.name))
                commit.signatures.append(
                    CommitSignature(
                        flag: .commit, validatorAddress: validator.address, timestamp: header.time,
                        signature: signature ?? []))
            }
            blocks.append(LightBlock(signedHeader: SignedHeader(header: header, commit: commit), validators: set))
            previous = blockID
        }
        self.blocks = blocks
    }

    private static func header(_ height: Int64, set: ValidatorSet, previous: BlockID) -> Header {
        let filler = SHA2.sha256([UInt8(truncatingIfNeeded: height), UInt8(truncatingIfNeeded: height >> 8)])
        return Header(
            version: ConsensusVersion(), chainID: name, height: height,
            time: Timestamp(seconds: 1_700_000_000 + height, nanoseconds: 0), lastBlockID: previous,
            lastCommitHash: filler, dataHash: filler, validatorsHash: set.hash, nextValidatorsHash: set.hash,
            consensusHash: filler, applicationHash: filler.bytes, lastResultsHash: filler, evidenceHash: filler,
            proposerAddress: set.validators.first?.address)
    }
}
