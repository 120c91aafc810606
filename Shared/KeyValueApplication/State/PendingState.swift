import ConsensusTypes
import KeyValueStore
import Primitives

/// A state on top of a committed one, in memory: what a block has changed until it is committed.
struct PendingState {
    private let reading: any KeyValueReading
    private var tree: StateTree
    /// Changed pairs and validators by storage key.
    private var entries: [[UInt8]: [UInt8]] = [:]
    private(set) var size: Int64
    private(set) var activeValidators: Int64

    init(over reading: any KeyValueReading, summary: StateSummary) {
        self.reading = reading
        tree = StateTree(over: reading)
        size = summary.size
        activeValidators = summary.activeValidators
    }

    mutating func set(key: [UInt8], value: [UInt8]) throws {
        let storageKey = StateKey.pair(key)
        if try stored(storageKey) == nil { size += 1 }
        entries[storageKey] = value
        try tree.set(key: key, value: value)
    }

    /// Records the power, zero included: the pair stays, so that the tree never shrinks.
    ///
    /// - Returns: false, with nothing changed, when a validator set could not take the update: it removes a validator that
    ///   is none, or the last one, or there would be too many.
    mutating func setValidator(_ update: ValidatorUpdate) throws -> Bool {
        guard let address = update.publicKey.address?.bytes else { return false }
        let wasActive = (try validator(address: address)?.power ?? 0) > 0
        let isActive = update.power > 0
        switch (wasActive, isActive) {
        case (false, false): return false
        case (true, false):
            guard activeValidators > 1 else { return false }
            activeValidators -= 1
        case (false, true):
            guard activeValidators < Self.maximumValidators else { return false }
            activeValidators += 1
        case (true, true): break
        }
        let pair = KeyValueTransaction.validatorPair(update)
        try set(key: pair.key, value: pair.value)
        entries[StateKey.validator(address)] = update.protobufBytes
        return true
    }

    /// Takes a validator over from a snapshot, which has those without power too.
    mutating func restoreValidator(_ update: ValidatorUpdate) throws -> Bool {
        if update.power > 0 { return try setValidator(update) }
        guard let address = update.publicKey.address?.bytes else { return false }
        let pair = KeyValueTransaction.validatorPair(update)
        try set(key: pair.key, value: pair.value)
        entries[StateKey.validator(address)] = update.protobufBytes
        return true
    }

    /// What a validator set may have.
    private static let maximumValidators: Int64 = 10_000

    /// A validator by its 20-byte address; nil when there never was one.
    func validator(address: [UInt8]) throws -> ValidatorUpdate? {
        guard let bytes = try stored(StateKey.validator(address)) else { return nil }
        do {
            return try ValidatorUpdate(protobuf: bytes)
        } catch {
            throw KeyValueFailure.corruptedState("validator: \(error)")
        }
    }

    func applicationHash() throws -> Bytes32 { try tree.root() }

    private func stored(_ storageKey: [UInt8]) throws -> [UInt8]? {
        if let changed = entries[storageKey] { return changed }
        return try reading.value(for: storageKey)
    }

    /// The summary of this state at a height.
    func summary(height: Int64) throws -> StateSummary {
        StateSummary(
            height: height, size: size, activeValidators: activeValidators, applicationHash: try applicationHash())
    }

    /// Everything to write when the block is committed.
    func batch(summary: StateSummary) -> WriteBatch {
        var batch = WriteBatch()
        // In key order, which stores take best.
        for (key, value) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) { batch.put(key, value) }
        for (key, node) in tree.changes.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            batch.put(key, node.stored)
        }
        batch.put(StateKey.summary, summary.protobufBytes)
        return batch
    }
}
