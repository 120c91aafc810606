import ABCI
import ConsensusTypes
import Primitives

/// What the application is told of a block (spec 10.3). `lastValidators` are those of the height before; nil for the first block.
struct BlockForApplication: Sendable {
    let block: Block
    let hash: Bytes32
    let lastValidators: ValidatorSet?

    /// The commit in the block, as votes of the validators of the height before; empty for the first block.
    private var commitInfo: CommitInfo {
        guard let commit = block.lastCommit, let set = lastValidators else { return CommitInfo() }
        return CommitInfo(
            round: commit.round,
            votes: zip(set.validators, commit.signatures).map { validator, signature in
                VoteInfo(validator: validator.forApplication, flag: signature.flag)
            })
    }

    private var misbehavior: [Misbehavior] { block.evidence.flatMap(\.misbehavior) }
    private var nextValidatorsHash: [UInt8] { block.header.nextValidatorsHash?.bytes ?? [] }
    private var proposerAddress: [UInt8] { block.header.proposerAddress?.bytes ?? [] }

    var processProposal: ProcessProposalRequest {
        ProcessProposalRequest(
            transactions: block.transactions, proposedLastCommit: commitInfo, misbehavior: misbehavior,
            hash: hash.bytes, height: block.header.height, time: block.header.time,
            nextValidatorsHash: nextValidatorsHash, proposerAddress: proposerAddress)
    }

    var finalizeBlock: FinalizeBlockRequest {
        FinalizeBlockRequest(
            transactions: block.transactions, decidedLastCommit: commitInfo, misbehavior: misbehavior,
            hash: hash.bytes, height: block.header.height, time: block.header.time,
            nextValidatorsHash: nextValidatorsHash, proposerAddress: proposerAddress)
    }

    var extendVote: ExtendVoteRequest {
        ExtendVoteRequest(
            hash: hash.bytes, height: block.header.height, time: block.header.time, transactions: block.transactions,
            proposedLastCommit: commitInfo, misbehavior: misbehavior, nextValidatorsHash: nextValidatorsHash,
            proposerAddress: proposerAddress)
    }
}

extension ExtendedCommit {
    /// With vote extensions, for the proposer's application.
    func forApplication(_ validators: ValidatorSet) -> ExtendedCommitInfo {
        ExtendedCommitInfo(
            round: round,
            votes: zip(validators.validators, signatures).map { validator, entry in
                ExtendedVoteInfo(
                    validator: validator.forApplication, voteExtension: entry.voteExtension,
                    extensionSignature: entry.extensionSignature, flag: entry.signature.flag)
            })
    }
}

extension Validator {
    var forApplication: ABCIValidator { ABCIValidator(address: address.bytes, power: votingPower) }
}

extension Evidence {
    /// One entry for each validator that misbehaved.
    var misbehavior: [Misbehavior] {
        switch self {
        case .duplicateVote(let evidence):
            [
                Misbehavior(
                    type: .duplicateVote,
                    validator: ABCIValidator(
                        address: evidence.voteA.validatorAddress.bytes, power: evidence.validatorPower),
                    height: evidence.voteA.height, time: evidence.timestamp,
                    totalVotingPower: evidence.totalVotingPower)
            ]
        case .lightClientAttack(let evidence):
            evidence.byzantineValidators.map { validator in
                Misbehavior(
                    type: .lightClientAttack, validator: validator.forApplication, height: evidence.commonHeight,
                    time: evidence.timestamp, totalVotingPower: evidence.totalVotingPower)
            }
        }
    }
}
