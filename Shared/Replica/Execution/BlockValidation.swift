import ConsensusTypes
import Primitives
import Signing

/// The checks of a block against the state it builds on (spec 4.4).
struct BlockValidation: Sendable {
    var rules: ProtocolRules
    /// How far ahead of this node's clock a block's time may be; zero switches the check off. A local setting.
    var timeTolerance: Duration
    /// Prepared keys; they change no verdict.
    var keys: Ed25519KeyCache?

    /// What a caller has made sure of already.
    struct Known: OptionSet, Sendable {
        let rawValue: Int
        /// The checks that need no state.
        static let wellFormed = Known(rawValue: 1)
        /// The signatures of the last commit.
        static let lastCommit = Known(rawValue: 2)
    }

    /// - Parameters:
    ///   - evidence: judges the block's evidence.
    ///   - wall: nil when the block is decided already and the clock does not matter any more.
    func check(
        _ block: Block, on state: ChainState, known: Known = [], wall: Timestamp?,
        evidence: ([Evidence]) throws(EvidenceRefusal) -> Void
    ) throws(BlockRefusal) {
        if !known.contains(.wellFormed) {
            do {
                try block.validateBasic()
            } catch {
                throw .malformed(error)
            }
        }
        try checkFields(block.header, on: state)
        try checkLastCommit(block, on: state, isKnown: known.contains(.lastCommit))
        try checkTime(block, on: state, wall: wall)
        guard let proposer = block.header.proposerAddress, state.validators.index(of: proposer) != nil else {
            throw .proposerUnknown
        }
        let bytes = block.evidence.reduce(Int64(0)) { $0 + Int64($1.protobufBytes.count) }
        guard bytes <= state.parameters.evidence.maximumBytes else { throw .evidenceTooLarge }
        do {
            if !block.evidence.isEmpty { try evidence(block.evidence) }
        } catch {
            throw .evidence(error)
        }
    }

    private func checkFields(_ header: Header, on state: ChainState) throws(BlockRefusal) {
        guard header.version == state.version else { throw .mismatch("version") }
        guard header.chainID == state.chainID else { throw .mismatch("chain_id") }
        guard header.height == state.nextHeight else { throw .mismatch("height") }
        guard header.lastBlockID == state.lastBlockID else { throw .mismatch("last_block_id") }
        guard header.applicationHash == state.applicationHash else { throw .mismatch("app_hash") }
        guard header.consensusHash == state.parameters.hash else { throw .mismatch("consensus_hash") }
        guard header.lastResultsHash == state.lastResultsHash else { throw .mismatch("last_results_hash") }
        guard header.validatorsHash == state.validators.hash else { throw .mismatch("validators_hash") }
        guard header.nextValidatorsHash == state.nextValidators.hash else {
            throw .mismatch("next_validators_hash")
        }
    }

    private func checkLastCommit(
        _ block: Block, on state: ChainState, isKnown: Bool
    ) throws(BlockRefusal) {
        guard let commit = block.lastCommit else { throw .lastCommit("missing") }
        guard !state.isInitial else {
            guard commit.signatures.isEmpty else { throw .lastCommit("the first block has no commit before it") }
            return
        }
        guard !isKnown else { return }
        guard let validators = state.lastValidators else { throw .lastCommit("no validators of the last height") }
        do {
            try validators.verify(
                commit: commit, chainID: state.chainID, blockID: state.lastBlockID, height: state.lastBlockHeight,
                keys: keys)
        } catch {
            throw .lastCommit("\(error)")
        }
    }

    private func checkTime(_ block: Block, on state: ChainState, wall: Timestamp?) throws(BlockRefusal) {
        let time = block.header.time
        if state.isInitial {
            guard time == state.lastBlockTime else { throw .time }
        } else {
            guard time > state.lastBlockTime, let commit = block.lastCommit, let validators = state.lastValidators,
                time == BlockTime.median(of: commit, validators: validators, rules: rules)
            else { throw .time }
        }
        if let wall, timeTolerance > .zero, time >= wall + timeTolerance { throw .timeAhead }
    }
}
