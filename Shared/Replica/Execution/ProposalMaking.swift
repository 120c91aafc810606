import ConsensusTypes
import Primitives

/// Builds blocks to propose (spec 4.5, 8.1).
struct ProposalMaking: Sendable {
    var rules: ProtocolRules

    /// Bytes that all transactions of a block may take as an encoded list; negative when the parameters leave no room.
    func maximumDataBytes(_ state: ChainState, evidenceBytes: Int) -> Int64 {
        rules.maximumDataBytes(
            maximumBlockBytes: state.parameters.block.maximumBytes, evidenceBytes: evidenceBytes,
            validators: state.validators.count)
    }

    /// The block's time: the genesis time, or the median of the last commit's; nil when that commit has none.
    func time(_ state: ChainState, lastCommit: Commit?) -> Timestamp? {
        guard !state.isInitial else { return state.lastBlockTime }
        guard let lastCommit, let validators = state.lastValidators else { return nil }
        return BlockTime.median(of: lastCommit, validators: validators, rules: rules)
    }

    func block(
        on state: ChainState, transactions: [[UInt8]], evidence: [Evidence], lastCommit: Commit?,
        time: Timestamp, proposer: ValidatorAddress
    ) -> Block {
        let commit = lastCommit ?? .empty
        var block = Block(
            header: Header(
                version: state.version, chainID: state.chainID, height: state.nextHeight,
                time: time, lastBlockID: state.lastBlockID, lastCommitHash: nil,
                dataHash: nil, validatorsHash: state.validators.hash, nextValidatorsHash: state.nextValidators.hash,
                consensusHash: state.parameters.hash, applicationHash: state.applicationHash,
                lastResultsHash: state.lastResultsHash, evidenceHash: nil, proposerAddress: proposer),
            transactions: transactions, evidence: evidence, lastCommit: commit)
        block.updateContentHashes()
        return block
    }
}
