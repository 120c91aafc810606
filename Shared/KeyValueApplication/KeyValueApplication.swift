import ABCI
import Dispatch
import KeyValueStore
import Primitives
import Signing
import Synchronization

/// A replicated map from keys to values: the application that shows, and tests, what the engine asks of any.
///
/// The application hash is the root of a sparse Merkle tree over the pairs (`StateTree`), validators included. It depends on
/// content alone: a block without effect leaves it as it was.
///
/// Every method exists twice: `perform` is synchronous and blocks on the store, for simulations; the methods of `Application`
/// run the same on threads of their own. Consensus, the mempool and reads of committed state do not wait for each other.
public final class KeyValueApplication: Sendable {
    public static let applicationVersion: UInt64 = 1

    let configuration: KeyValueConfiguration
    let store: any KeyValueStore
    /// Execution, commits and state sync.
    let chain: Mutex<ChainState>
    /// What reads see: the state after the last commit.
    let committed: Mutex<CommittedView>
    let pool: Mutex<TransactionPool>

    /// The store blocks, and threads of Swift's pool must not: consensus and reads have one thread each.
    private let consensusQueue = DispatchQueue(label: "kvstore.consensus")
    private let readQueue = DispatchQueue(label: "kvstore.read")

    struct CommittedView: Sendable {
        var summary: StateSummary
        var reading: any KeyValueReading
    }

    /// Opens the state that the store holds.
    public init(store: any KeyValueStore, configuration: KeyValueConfiguration = KeyValueConfiguration()) throws {
        var summary = StateSummary()
        if let bytes = try store.value(for: StateKey.summary) {
            do {
                summary = try StateSummary(protobuf: bytes)
            } catch {
                throw KeyValueFailure.corruptedState("summary: \(error)")
            }
        }
        // Before the first commit nothing counts; it may be an unfinished state sync.
        if summary.height == 0 { try store.write(ChainState.erasure, sync: false) }
        self.configuration = configuration
        self.store = store
        chain = Mutex(ChainState(summary: summary))
        committed = Mutex(CommittedView(summary: summary, reading: try store.snapshot()))
        pool = Mutex(
            TransactionPool(
                maximumTransactions: configuration.poolTransactions, maximumBytes: configuration.poolBytes))
    }

    /// Height of the last commit; zero before the first.
    public var height: Int64 { committed.withLock { $0.summary.height } }

    /// The hash after the last commit.
    public var applicationHash: Bytes32 { committed.withLock { $0.summary.applicationHash } }

    /// Answers a request on the calling thread.
    public func perform(_ request: ABCIRequest) throws -> ABCIResponse {
        switch request {
        case .echo(let request): .echo(EchoResponse(message: request.message))
        case .flush: .flush
        case .info: .info(info())
        case .query(let request): .query(try query(request))
        case .checkTx(let request): .checkTx(Self.check(request.transaction))
        case .insertTx(let request):
            .insertTx(InsertTxResponse(code: pool.withLock { $0.insert(request.transaction) }))
        case .reapTxs(let request):
            .reapTxs(
                ReapTxsResponse(
                    transactions: pool.withLock {
                        $0.reap(maximumBytes: request.maximumBytes, maximumGas: request.maximumGas)
                    }))
        case .initChain(let request): .initChain(try initChain(request))
        case .prepareProposal(let request): .prepareProposal(prepareProposal(request))
        case .processProposal(let request): .processProposal(Self.processProposal(request))
        case .extendVote(let request): .extendVote(extendVote(request))
        case .verifyVoteExtension(let request): .verifyVoteExtension(verifyVoteExtension(request))
        case .finalizeBlock(let request): .finalizeBlock(try finalizeBlock(request))
        case .commit: .commit(try commit())
        case .listSnapshots: .listSnapshots(try listSnapshots())
        case .offerSnapshot(let request): .offerSnapshot(try offerSnapshot(request))
        case .loadSnapshotChunk(let request): .loadSnapshotChunk(try loadSnapshotChunk(request))
        case .applySnapshotChunk(let request): .applySnapshotChunk(try applySnapshotChunk(request))
        }
    }

    /// Answers a request on one of the application's threads.
    public func respond(to request: ABCIRequest) async throws -> ABCIResponse {
        let queue: DispatchQueue
        switch request {
        case .echo, .flush, .info, .checkTx, .insertTx, .reapTxs: return try perform(request)
        case .query, .listSnapshots, .loadSnapshotChunk: queue = readQueue
        default: queue = consensusQueue
        }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.perform(request) }) }
        }
    }
}
