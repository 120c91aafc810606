import ABCI
import Consensus
import ConsensusTypes
import DequeModule
import KeyValueStore
import Primitives
import Signing

/// A full node as one synchronous state machine: consensus, log, signer, stores, execution, mempool, evidence, block sync and state sync.
///
/// One input in, effects out. It reads no clock, no socket, no file; the only thing it reads while it works is its own store.
/// The simulator and the running node drive the same code.
public struct Replica: Sendable {
    public let configuration: ReplicaConfiguration
    public let genesis: Genesis
    /// What is stored. The latest height's writes may still be under way.
    public let chain: ChainReader
    let key: ValidatorKey?
    let verifier: any ConsensusVerifier
    /// Prepared keys of the validators, for commits and votes.
    let keys = Ed25519KeyCache()

    public internal(set) var mode = ReplicaMode.starting
    /// Why the replica has stopped, if it has.
    public internal(set) var failure: ReplicaFailure?
    /// The chain after the last block that is executed.
    public internal(set) var state: ChainState
    /// The stored blocks.
    public internal(set) var blocks: BlockRange
    /// The consensus core; nil before consensus starts.
    public internal(set) var machine: ConsensusMachine?

    var signer: Signer?
    var signing = SigningQueue()
    var log = LogBuffer()
    var replayed = ReplayedMessages()
    var consensusTimer: TimeoutKey?
    /// Inputs of the core that wait until the effects of the one before are carried out.
    var coreInputs: Deque<(ConsensusInput, Timestamp)> = []
    var isFeeding = false
    var flood: FloodMempool
    var applicationMempool: ApplicationMempool
    var mempoolHold = MempoolHold()
    var judgedBlocks = JudgedBlocks()
    var evidence: EvidencePool
    var peers: [PeerID: PeerState] = [:]
    /// Sorted, so that peers are served in the same order everywhere.
    var peerIDs: [PeerID] = []
    var execution: BlockExecution?
    var handshake: HandshakeProgress?
    var blockSync: BlockSync?
    var stateSync: StateSync?
    var completions = Completions()
    var now = ReplicaClock(wall: .zero, elapsed: .zero)
    var effects: [ReplicaEffect] = []
    /// Own state changed in this step: every peer may have something to get.
    var gossipIsDue = false
    /// The mempool has something that peers may lack.
    var transactionsAreDue = false
    var isTransactionTimerSet = false

    /// A replica with what its store holds.
    ///
    /// - Parameters:
    ///   - key: nil for a node that does not validate.
    ///   - verifier: checks the signatures of votes and proposals; nil for `SignatureVerifier`.
    ///   - storage: where the driver applies `write` effects, before it reports them as stored.
    /// - Throws: `corruptedStore` or `misconfigured`.
    public init(
        configuration: ReplicaConfiguration, genesis: Genesis, key: ValidatorKey?, storage: any KeyValueReading,
        verifier: (any ConsensusVerifier)? = nil
    ) throws(ReplicaFailure) {
        guard configuration.consensus.chainID == genesis.chainID else {
            throw .misconfigured("the configured chain id is not the genesis file's")
        }
        self.configuration = configuration
        self.genesis = genesis
        self.key = key
        self.verifier = verifier ?? SignatureVerifier(keys: keys)
        chain = ChainReader(storage)
        flood = FloodMempool(configuration: configuration.mempool)
        applicationMempool = ApplicationMempool(configuration: configuration.mempool)
        do {
            state = try chain.state() ?? ChainState(genesis: genesis)
            blocks = try chain.blockRange()
            evidence = try EvidencePool.stored(in: chain)
        } catch let error as ChainStoreError {
            throw .corruptedStore("\(error)")
        } catch {
            throw .misconfigured("genesis: \(error)")
        }
        guard state.chainID == genesis.chainID else {
            throw .misconfigured("the store belongs to chain \(state.chainID)")
        }
    }

    /// Applies one input.
    ///
    /// - Returns: what is to be done, in order.
    public mutating func step(_ input: ReplicaInput, now: ReplicaClock) -> [ReplicaEffect] {
        self.now = now
        receive(input)
        if mode != .halted {
            if gossipIsDue { gossipToAll() }
            if transactionsAreDue { scheduleTransactions() }
            writeBufferedRecords()
        }
        gossipIsDue = false
        transactionsAreDue = false
        defer { effects = [] }
        return effects
    }

    private mutating func receive(_ input: ReplicaInput) {
        guard mode != .halted else { return receiveWhenHalted(input) }
        switch input {
        case .start(let log, let lastSign): start(log: log, lastSign: lastSign)
        case .peerConnected(let peer): connect(peer)
        case .peerDisconnected(let peer): disconnected(peer)
        case .message(let message, let peer): receive(message, from: peer)
        case .written(let peer, let messages): written(to: peer, messages: messages)
        case .timer(let timer): receive(timer)
        case .walAppended(let id), .stored(let id), .signStatePersisted(let id): complete(id)
        case .applicationAnswered(let id, let response): complete(id, response)
        case .applicationFailed(let id, let reason): applicationFailed(id, reason)
        case .storageFailed(_, let reason): halt(.storage(reason))
        case .lightBlock(let id, let block): complete(id, block)
        case .parameters(let id, let parameters): complete(id, parameters)
        case .submitTransaction(let bytes, let submission): submit(bytes, submission)
        case .submitEvidence(let evidence, let submission): submit(evidence, submission)
        case .flushMempool:
            flood.flush()
            applicationMempool.flush()
        }
    }

    private mutating func receiveWhenHalted(_ input: ReplicaInput) {
        switch input {
        case .submitTransaction(_, let submission): effects.append(.reply(submission, .refused(.unavailable)))
        case .submitEvidence(_, let submission): effects.append(.reply(submission, .evidenceRefused("halted")))
        default: break
        }
    }

    /// Stops for good.
    mutating func halt(_ failure: ReplicaFailure) {
        guard self.failure == nil else { return }
        self.failure = failure
        enter(.halted)
        effects.append(.halt(failure))
    }

    mutating func enter(_ mode: ReplicaMode) {
        self.mode = mode
        effects.append(.event(.modeChanged(mode)))
    }

    private mutating func receive(_ timer: TimerID) {
        switch timer {
        case .consensus(let key): consensusTimeout(key)
        case .walFlush: flushLog()
        case .relay: relayTick()
        case .majorityClaims: majorityTick()
        case .blockSync: blockSyncTick()
        case .stateSync: stateSyncTick()
        case .transactions: transactionTick()
        case .reapTransactions: reapForGossip()
        case .recheck: recheckTimeout()
        }
    }
}
