import ABCI
import ConsensusTypes
import KeyValueStore
import Primitives
import Signing

/// Starting the chain, executing and committing blocks.
extension KeyValueApplication {
    /// Codes of transaction results.
    enum Code {
        static let success: UInt32 = 0
        /// The bytes are no transaction.
        static let malformed: UInt32 = 1
        /// No validator set could take the update.
        static let impossibleValidatorUpdate: UInt32 = 2
    }

    func info() -> InfoResponse {
        let summary = committed.withLock { $0.summary }
        return InfoResponse(
            data: "{\"size\":\(summary.size)}", version: "1.0.0", applicationVersion: Self.applicationVersion,
            lastBlockHeight: summary.height,
            lastBlockApplicationHash: summary.height == 0 ? [] : summary.applicationHash.bytes)
    }

    /// Takes the genesis validators and the pairs of `app_state`, a JSON object of strings. Nothing is persistent before the
    /// first commit, so it may be called again.
    func initChain(_ request: InitChainRequest) throws -> InitChainResponse {
        try chain.withLock { chain in
            guard chain.summary.height == 0 else {
                throw KeyValueFailure.alreadyInitialized(height: chain.summary.height)
            }
            var state = PendingState(over: store, summary: StateSummary())
            for (key, value) in try Self.genesisPairs(request.applicationState) {
                try state.set(key: key, value: value)
            }
            for update in request.validators { _ = try state.setValidator(update) }
            chain.genesis = (state, max(1, request.initialHeight))
            chain.finalized = nil
            return InitChainResponse(applicationHash: try state.applicationHash().bytes)
        }
    }

    private static func genesisPairs(_ text: [UInt8]) throws -> [(key: [UInt8], value: [UInt8])] {
        guard !text.isEmpty else { return [] }
        guard let members = try JSON(parsing: text).objectValue?.members else {
            throw KeyValueFailure.invalidApplicationState
        }
        return try members.map { member in
            guard let key = member.key.string, !key.isEmpty, !key.hasPrefix("val:"),
                let value = member.value.stringValue
            else { throw KeyValueFailure.invalidApplicationState }
            return (Array(key.utf8), Array(value.utf8))
        }
    }

    /// Executes on top of the committed state, in memory; asked again for the same height, it starts over.
    func finalizeBlock(_ request: FinalizeBlockRequest) throws -> FinalizeBlockResponse {
        try chain.withLock { chain in
            let expected = chain.summary.height > 0 ? chain.summary.height + 1 : chain.genesis?.initialHeight
            if let expected, request.height != expected {
                throw KeyValueFailure.wrongHeight(expected: expected, actual: request.height)
            }
            var state = chain.genesis?.state ?? PendingState(over: store, summary: chain.summary)
            var updates = UpdateList()
            for misbehavior in request.misbehavior where misbehavior.type == .duplicateVote {
                try Self.punish(misbehavior.validator, in: &state, &updates)
            }
            let results = try request.transactions.map { try Self.execute($0, in: &state, &updates) }
            let summary = try state.summary(height: request.height)
            chain.finalized = ChainState.FinalizedBlock(
                state: state, summary: summary, hashes: Set(request.transactions.map { SHA2.sha256($0) }))
            return FinalizeBlockResponse(
                transactionResults: results, validatorUpdates: updates.values,
                applicationHash: summary.applicationHash.bytes)
        }
    }

    func commit() throws -> CommitResponse {
        let height = try chain.withLock { chain in
            guard let block = chain.finalized else { throw KeyValueFailure.nothingToCommit }
            try store.write(block.state.batch(summary: block.summary), sync: true)
            chain.summary = block.summary
            chain.genesis = nil
            chain.finalized = nil
            let view = CommittedView(summary: block.summary, reading: try store.snapshot())
            committed.withLock { $0 = view }
            pool.withLock { $0.remove(block.hashes) }
            if configuration.snapshotInterval > 0, block.summary.height % configuration.snapshotInterval == 0 {
                try takeSnapshot(of: view)
            }
            return block.summary.height
        }
        let retained = configuration.retainedBlocks
        return CommitResponse(retainHeight: retained > 0 && height > retained ? height - retained + 1 : 0)
    }

    private static func execute(
        _ bytes: [UInt8], in state: inout PendingState, _ updates: inout UpdateList
    ) throws -> ExecTxResult {
        switch KeyValueTransaction(bytes) {
        case nil:
            return ExecTxResult(code: Code.malformed, log: "a transaction is key=value or val:KEY!POWER")
        case .set(let key, let value):
            try state.set(key: key, value: value)
            return ExecTxResult(code: Code.success, gasWanted: 1, gasUsed: 1, events: [event(key: key)])
        case .setValidator(let update):
            guard try state.setValidator(update) else {
                return ExecTxResult(
                    code: Code.impossibleValidatorUpdate, log: "no validator set could take this update")
            }
            updates.set(update)
            let key = KeyValueTransaction.validatorPair(update).key
            return ExecTxResult(code: Code.success, gasWanted: 1, gasUsed: 1, events: [event(key: key)])
        }
    }

    /// What CometBFT's example application says of a transaction, so that clients written against it find the same keys.
    private static func event(key: [UInt8]) -> Event {
        Event(
            type: "app",
            attributes: [
                EventAttribute(key: "creator", value: "Haca", isIndexed: true),
                EventAttribute(key: "key", value: String(decoding: key, as: UTF8.self), isIndexed: true),
                EventAttribute(key: "index_key", value: "index is working", isIndexed: true),
                EventAttribute(key: "noindex_key", value: "index is working", isIndexed: false),
            ])
    }

    /// A validator that signed twice loses one unit of power.
    private static func punish(
        _ validator: ABCIValidator, in state: inout PendingState, _ updates: inout UpdateList
    ) throws {
        guard var update = try state.validator(address: validator.address), update.power > 0 else { return }
        update.power -= 1
        if try state.setValidator(update) { updates.set(update) }
    }
}

/// Validator updates of a block: one for each validator, the last that was asked for, in order of first appearance.
private struct UpdateList {
    private(set) var values: [ValidatorUpdate] = []
    private var positions: [ValidatorPublicKey: Int] = [:]

    mutating func set(_ update: ValidatorUpdate) {
        if let position = positions[update.publicKey] {
            values[position] = update
        } else {
            positions[update.publicKey] = values.count
            values.append(update)
        }
    }
}
