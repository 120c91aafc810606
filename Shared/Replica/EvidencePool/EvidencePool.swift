import Consensus
import ConsensusTypes
import KeyValueStore
import Primitives

/// Evidence that waits to be put into a block (spec 11.5). Pending and committed evidence is stored; changes come out as batches.
struct EvidencePool: Sendable {
    /// Pending evidence at most. A correct chain has none; more than this tells nothing new.
    static let maximumPending = 1000
    /// Conflicts that wait for their height to commit, at most.
    static let maximumConflicts = 1000

    struct Entry: Sendable {
        let evidence: Evidence
        let hash: Bytes32
        let byteCount: Int
    }

    /// Oldest height first, then as they came.
    private(set) var pending: [Entry] = []
    private var hashes: Set<Bytes32> = []
    private var conflicts: [ConflictingVotes] = []

    /// The pool as it was stored.
    static func stored(in chain: ChainReader) throws(ChainStoreError) -> EvidencePool {
        var pool = EvidencePool()
        for entry in try chain.entries(of: .pendingEvidence, limit: maximumPending) {
            guard let evidence = try? Evidence(protobuf: entry.value) else {
                throw .malformed(kind: "evidence", height: 0)
            }
            pool.insert(evidence)
        }
        return pool
    }

    func contains(_ hash: Bytes32) -> Bool { hashes.contains(hash) }

    // MARK: - Adding

    enum Addition: Sendable {
        case added(WriteBatch)
        case known
    }

    mutating func add(_ evidence: Evidence, check: EvidenceCheck) throws(EvidenceRefusal) -> Addition {
        let hash = evidence.hash
        guard !hashes.contains(hash) else { return .known }
        guard try !isCommitted(evidence, hash, check.chain) else { throw .alreadyCommitted }
        guard pending.count < Self.maximumPending else { throw .full }
        try check.check(evidence)
        insert(evidence)
        var batch = WriteBatch()
        batch.put(StorageKey.evidence(.pendingEvidence, evidence.height, hash), evidence.protobufBytes)
        return .added(batch)
    }

    /// Keeps two conflicting votes until their height has committed, when the block's time is known.
    mutating func buffer(_ votes: ConflictingVotes) {
        if conflicts.count < Self.maximumConflicts { conflicts.append(votes) }
    }

    private mutating func insert(_ evidence: Evidence) {
        let entry = Entry(evidence: evidence, hash: evidence.hash, byteCount: evidence.protobufBytes.count)
        guard hashes.insert(entry.hash).inserted else { return }
        let index = pending.firstIndex { $0.evidence.height > evidence.height } ?? pending.count
        pending.insert(entry, at: index)
    }

    private func isCommitted(
        _ evidence: Evidence, _ hash: Bytes32, _ chain: ChainReader
    ) throws(EvidenceRefusal) -> Bool {
        do {
            return try chain.contains(StorageKey.evidence(.committedEvidence, evidence.height, hash))
        } catch {
            throw .unreadable("\(error)")
        }
    }

    // MARK: - Blocks

    /// The oldest evidence whose encodings together fit.
    func forProposal(maximumBytes: Int64) -> (evidence: [Evidence], byteCount: Int) {
        var (evidence, bytes): ([Evidence], Int) = ([], 0)
        for entry in pending {
            // Each takes its tag and length too, as the block's list does.
            let size = entry.byteCount + 1 + entry.byteCount.varintByteCount
            guard Int64(bytes + size) <= maximumBytes else { break }
            evidence.append(entry.evidence)
            bytes += size
        }
        return (evidence, bytes)
    }

    /// Judges a block's evidence. What is pending was checked before.
    func check(_ list: [Evidence], with check: EvidenceCheck) throws(EvidenceRefusal) {
        var seen: Set<Bytes32> = []
        for evidence in list {
            let hash = evidence.hash
            guard seen.insert(hash).inserted else { throw .repeated }
            guard try !isCommitted(evidence, hash, check.chain) else { throw .alreadyCommitted }
            if !hashes.contains(hash) { try check.check(evidence) }
        }
    }

    /// After a block: marks its evidence as committed, drops what has expired, and turns conflicts into evidence.
    ///
    /// - Parameter check: with the state after the block; its store holds the block.
    /// - Returns: evidence formed now, and what is to be stored.
    mutating func update(
        committed: [Evidence], check: EvidenceCheck
    ) -> (formed: [Evidence], batch: WriteBatch) {
        var batch = WriteBatch()
        for evidence in committed {
            let hash = evidence.hash
            batch.put(StorageKey.evidence(.committedEvidence, evidence.height, hash), [1])
            remove(hash, from: &batch)
        }
        let state = check.state
        for entry in pending
        where state.parameters.evidence.isExpired(
            height: entry.evidence.height, time: entry.evidence.timestamp, lastBlockHeight: state.lastBlockHeight,
            lastBlockTime: state.lastBlockTime)
        {
            remove(entry.hash, from: &batch)
        }
        var formed: [Evidence] = []
        let due = conflicts.filter { $0.first.height <= state.lastBlockHeight }
        conflicts.removeAll { $0.first.height <= state.lastBlockHeight }
        for votes in due {
            guard let evidence = form(votes, check), case .added(let writes)? = try? add(evidence, check: check)
            else { continue }
            formed.append(evidence)
            batch.append(writes)
        }
        return (formed, batch)
    }

    private func form(_ votes: ConflictingVotes, _ check: EvidenceCheck) -> Evidence? {
        let height = votes.first.height
        guard let meta = try? check.chain.meta(at: height), let set = try? check.chain.validators(at: height),
            let evidence = DuplicateVoteEvidence(
                votes.first, votes.second, validators: set, blockTime: meta.header.time)
        else { return nil }
        return .duplicateVote(evidence)
    }

    private mutating func remove(_ hash: Bytes32, from batch: inout WriteBatch) {
        guard hashes.remove(hash) != nil, let index = pending.firstIndex(where: { $0.hash == hash }) else { return }
        let entry = pending.remove(at: index)
        batch.delete(StorageKey.evidence(.pendingEvidence, entry.evidence.height, hash))
    }
}

extension Int {
    /// Bytes of the number as a protobuf varint.
    var varintByteCount: Int { self < 128 ? 1 : (Int.bitWidth - leadingZeroBitCount + 6) / 7 }
}
