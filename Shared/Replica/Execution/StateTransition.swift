import ABCI
import ConsensusTypes
import Primitives

/// Why the application's answer to a block cannot be applied; the node stops (spec 9).
public enum TransitionError: Error, Sendable, Hashable {
    case resultCount(Int, transactions: Int)
    case negativePower
    case keyTypeNotAllowed(String)
    case validatorUpdates(String)
    case parameters(String)
}

extension ChainState {
    /// The state before the first block, from the genesis file.
    ///
    /// A genesis without validators gets them from InitChain; until then the sets are empty.
    public init(genesis: Genesis) throws(TransitionError) {
        let changes = genesis.validators.map { ValidatorUpdate(publicKey: $0.publicKey, power: $0.power) }
        self.init(
            chainID: genesis.chainID, initialHeight: genesis.initialHeight, lastBlockHeight: 0, lastBlockID: .zero,
            lastBlockTime: genesis.time, nextValidators: .empty, validators: .empty, lastValidators: nil,
            lastHeightValidatorsChanged: genesis.initialHeight, parameters: genesis.parameters,
            lastHeightParametersChanged: genesis.initialHeight,
            applicationVersion: genesis.parameters.version.application,
            lastResultsHash: ExecTxResult.resultsHash(of: []), applicationHash: genesis.applicationHash)
        if !changes.isEmpty { try setInitialValidators(changes) }
    }

    /// Takes over what the application makes of the genesis.
    mutating func apply(_ response: InitChainResponse) throws(TransitionError) {
        if !response.applicationHash.isEmpty { applicationHash = response.applicationHash }
        if let changes = response.consensusParameters {
            parameters = try updatedParameters(changes, at: initialHeight - 1)
            applicationVersion = parameters.version.application
        }
        if !response.validators.isEmpty {
            try check(response.validators)
            try setInitialValidators(response.validators)
        }
        guard !validators.validators.isEmpty else { throw .validatorUpdates("the chain has no validators") }
    }

    private mutating func setInitialValidators(_ changes: [ValidatorUpdate]) throws(TransitionError) {
        do {
            let members = try ValidatorSet.empty.updated(with: changes)
            validators = members.incremented(by: 1)
            nextValidators = validators.incremented(by: 1)
        } catch {
            throw .validatorUpdates("\(error)")
        }
    }

    /// The state after a block. Its application hash is the response's.
    func applying(_ header: Header, id: BlockID, transactionCount: Int, _ response: FinalizeBlockResponse)
        throws(TransitionError) -> ChainState
    {
        guard response.transactionResults.count == transactionCount else {
            throw .resultCount(response.transactionResults.count, transactions: transactionCount)
        }
        try check(response.validatorUpdates)
        var next = self
        let height = header.height
        next.lastBlockHeight = height
        next.lastBlockID = id
        next.lastBlockTime = header.time
        next.lastValidators = validators
        next.validators = nextValidators
        next.nextValidators = try nextSet(response.validatorUpdates)
        if !response.validatorUpdates.isEmpty { next.lastHeightValidatorsChanged = height + 2 }
        if let changes = response.consensusParameterUpdates {
            next.parameters = try updatedParameters(changes, at: height)
            next.lastHeightParametersChanged = height + 1
            next.applicationVersion = next.parameters.version.application
        }
        next.lastResultsHash = ExecTxResult.resultsHash(of: response.transactionResults)
        next.applicationHash = response.applicationHash
        return next
    }

    private func nextSet(_ changes: [ValidatorUpdate]) throws(TransitionError) -> ValidatorSet {
        do {
            let updated = changes.isEmpty ? nextValidators : try nextValidators.updated(with: changes)
            return updated.incremented(by: 1)
        } catch {
            throw .validatorUpdates("\(error)")
        }
    }

    private func check(_ updates: [ValidatorUpdate]) throws(TransitionError) {
        for update in updates {
            guard update.power >= 0 else { throw .negativePower }
            if update.power == 0 { continue }
            let type = update.publicKey.typeName
            guard parameters.validator.publicKeyTypes.contains(type) else { throw .keyTypeNotAllowed(type) }
        }
    }

    private func updatedParameters(
        _ changes: ConsensusParametersUpdate, at height: Int64
    ) throws(TransitionError) -> ConsensusParameters {
        do {
            return try parameters.updated(with: changes, height: height)
        } catch {
            throw .parameters("\(error)")
        }
    }
}
