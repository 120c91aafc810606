import ABCI
import Consensus
import ConsensusTypes
import KeyValueStore
import Logging
import NIOPosix
import Primitives
import RPC
import Replica
import Synchronization

/// A full node: the replica with real time, threads, files and peers around it.
public final class ConsensusNode: Sendable {
    /// What a node is made from.
    public struct Configuration: Sendable {
        public var replica: ReplicaConfiguration
        public var genesis: Genesis
        /// Nil for a node that does not validate.
        public var key: ValidatorKey?
        /// The signer's state file; it exists when there is a key, because a key without its history may sign twice.
        public var signStatePath: String
        /// Folder of the write-ahead log.
        public var logFolder: String
        public var logRotation = WALRotation.standard
        public var peers: PeerNetwork.Configuration

        public init(
            replica: ReplicaConfiguration, genesis: Genesis, key: ValidatorKey?, signStatePath: String,
            logFolder: String, peers: PeerNetwork.Configuration
        ) {
            self.replica = replica
            self.genesis = genesis
            self.key = key
            self.signStatePath = signStatePath
            self.logFolder = logFolder
            self.peers = peers
        }
    }

    public let configuration: Configuration
    /// What happens on the chain and in the replica.
    public let events: EventHub
    public let peers: PeerNetwork
    /// The stored chain; reads block, so not on the cooperative pool.
    public let chain: ChainReader
    private let store: any KeyValueStore
    private let application: any ABCIClient
    private let lightBlocks: (any LightBlockSource)?
    private let metrics: ConsensusMetrics?
    private let logger: Logger
    private let inbox = ReplicaInbox()
    private let submissions = Submissions()
    private let running = Mutex<(thread: ReplicaThread, effects: EffectDispatcher)?>(nil)

    /// - Parameters:
    ///   - store: the node's own; nothing else writes to it.
    ///   - application: a client of its own; it is closed with the node.
    public init(
        _ configuration: Configuration, store: any KeyValueStore, application: any ABCIClient,
        lightBlocks: (any LightBlockSource)? = nil, metrics: ConsensusMetrics? = nil, logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.application = application
        self.lightBlocks = lightBlocks
        self.metrics = metrics
        self.logger = logger
        chain = ChainReader(store)
        events = EventHub()
        peers = PeerNetwork(configuration.peers, events: PeerInbox(inbox: inbox))
        metrics?.observe(self)
    }

    /// Reads what the last run left, starts the replica, then the peers.
    ///
    /// - Returns: where peers connect to; nil when the node listens nowhere.
    public func start() async throws -> RPCEndpoint? {
        let (files, recovery, lastSign) = try await NIOThreadPool.singleton.runIfActive { [configuration] in
            try Self.recover(configuration)
        }
        if let damage = recovery.damage {
            logger.warning(
                "the log's damaged end was cut off",
                metadata: [
                    "event": "wal.repaired", "reason": "\(damage)", "copy": "\(recovery.setAside ?? "")",
                ])
        }
        let log = LogWriter(files: files, observe: { [metrics] in metrics?.synced($0) }) { [inbox] id, result in
            switch result {
            case .success: inbox.put(.input(.walAppended(id)))
            case .failure(let failure): inbox.put(.input(.storageFailed(id, reason: "\(failure)")))
            }
        }
        let effects = EffectDispatcher(
            inbox: inbox, log: log, store: store,
            signStatePath: configuration.key == nil ? nil : configuration.signStatePath, application: application,
            lightBlocks: lightBlocks, events: events, submissions: submissions, logger: logger)
        effects.connect(peers)
        let thread = ReplicaThread(inbox: inbox, effects: effects, metrics: metrics)
        running.withLock { $0 = (thread, effects) }
        thread.start(
            { [configuration, store] in
                try Replica(
                    configuration: configuration.replica, genesis: configuration.genesis, key: configuration.key,
                    storage: store)
            }, first: .start(log: recovery.records, lastSign: lastSign))
        return try await peers.start()
    }

    /// Stops the peers, then the replica, and writes what it had asked to write.
    public func shutdown() async {
        await peers.shutdown()
        guard let (thread, effects) = running.withLock({ $0 }) else {
            await application.close()
            return
        }
        await thread.stop()
        await effects.stop()
    }

    private static func recover(
        _ configuration: Configuration
    ) throws(FileFailure) -> (WriteAheadLogFiles, WriteAheadLogFiles.Recovery, LastSignState?) {
        let (files, recovery) = try WriteAheadLogFiles.open(
            folder: configuration.logFolder, rotation: configuration.logRotation, now: SystemClock.wall)
        var lastSign: LastSignState?
        if configuration.key != nil { lastSign = try SignStateFile.read(configuration.signStatePath) }
        return (files, recovery, lastSign)
    }

    // MARK: - Local clients

    /// Hands a transaction to the mempool and returns the verdict on it.
    public func submit(transaction: [UInt8]) async -> SubmissionReply {
        await submissions.submit { [inbox] id in inbox.put(.input(.submitTransaction(transaction, id))) }
    }

    public func submit(evidence: Evidence) async -> SubmissionReply {
        await submissions.submit { [inbox] id in inbox.put(.input(.submitEvidence(evidence, id))) }
    }

    /// Forgets all waiting transactions.
    public func flushMempool() { inbox.put(.input(.flushMempool)) }

    /// Looks at the replica between two of its steps. `body` runs on the replica's thread, which everything waits for.
    ///
    /// - Returns: nil when the replica does not run.
    public func visit<Value: Sendable>(_ body: @escaping @Sendable (Replica) -> Value) async -> Value? {
        guard let thread = running.withLock({ $0?.thread }) else { return nil }
        return await thread.visit(body)
    }

    /// Calls the application beside the replica, for reads: Info, Query, and CheckTx that leaves the mempool alone.
    public func ask(_ request: ABCIRequest) async throws -> ABCIResponse { try await application.send(request) }
}
