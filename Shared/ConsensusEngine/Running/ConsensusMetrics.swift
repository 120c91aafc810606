import Consensus
import ConsensusTypes
import Replica
import RPC
import ServiceKit
import Synchronization

/// What a node counts, under CometBFT's names, so that its dashboards fit, and a few of our own.
public final class ConsensusMetrics: Sendable {
    /// Where the replica stands, copied between its steps.
    private struct Snapshot {
        var mode = ReplicaMode.starting
        var height: Int64 = 0
        var round: Int32 = 0
        var validators = 0
        var power: Int64 = 0
        var waitingOwn = 0
        var waitingMessages = 0
        var mempool: (transactions: Int, bytes: Int) = (0, 0)
    }

    private let registry: MetricsRegistry
    private let snapshot = Mutex(Snapshot())
    private let stepTime: Histogram
    private let syncTime: Histogram
    private let blockInterval: Histogram
    private let committedHeight: Gauge
    private let transactions: Gauge
    private let totalTransactions: Counter
    private let blockSize: Gauge
    private let missingValidators: Gauge
    private let evidence: Counter
    private let lastBlockTime = Mutex<ContinuousClock.Instant?>(nil)

    public init(_ registry: MetricsRegistry) {
        self.registry = registry
        stepTime = registry.histogram(
            "haca_replica_step_seconds", help: "Time of one step of the replica, its effects left out.")
        syncTime = registry.histogram("haca_wal_sync_seconds", help: "Time of one fsync of the write-ahead log.")
        blockInterval = registry.histogram(
            "cometbft_consensus_block_interval_seconds", help: "Time between this node's last two blocks.")
        committedHeight = registry.gauge(
            "cometbft_consensus_latest_block_height", help: "Height of the last executed block.")
        transactions = registry.gauge("cometbft_consensus_num_txs", help: "Transactions of the last block.")
        totalTransactions = registry.counter(
            "cometbft_consensus_total_txs", help: "Transactions executed since the start.")
        blockSize = registry.gauge(
            "cometbft_consensus_block_size_bytes", help: "Bytes of the last block's transactions.")
        missingValidators = registry.gauge(
            "cometbft_consensus_missing_validators", help: "Validators without a signature in the last commit.")
        evidence = registry.counter(
            "cometbft_consensus_byzantine_evidence_total", help: "Pieces of evidence in executed blocks.")
    }

    func stepped(_ duration: Duration) { stepTime.record(duration) }

    func synced(_ duration: Duration) { syncTime.record(duration) }

    /// Copies what is shown; called on the replica's thread.
    func publish(_ replica: Replica, _ load: (own: Int, messages: Int)) {
        let mode = replica.mode
        let set = replica.state.validators
        let height = replica.machine?.state.height ?? replica.state.lastBlockHeight
        let round = replica.machine?.state.round ?? 0
        let mempool = replica.mempoolSize
        snapshot.withLock { snapshot in
            snapshot.mode = mode
            snapshot.height = height
            snapshot.round = round
            snapshot.validators = set.validators.count
            snapshot.power = set.totalVotingPower
            snapshot.waitingOwn = load.own
            snapshot.waitingMessages = load.messages
            snapshot.mempool = mempool
        }
    }

    func observe(_ node: ConsensusNode) {
        _ = node.events.listen { [weak self] event in self?.note(event) }
        let height = registry.gauge("cometbft_consensus_height", help: "Height being decided.")
        let round = registry.gauge("cometbft_consensus_rounds", help: "Round of the height being decided.")
        let validators = registry.gauge("cometbft_consensus_validators", help: "Validators.")
        let power = registry.gauge("cometbft_consensus_validators_power", help: "Power of all validators.")
        let blockSyncing = registry.gauge("cometbft_blocksync_syncing", help: "1 while blocks are fetched.")
        let stateSyncing = registry.gauge("cometbft_statesync_syncing", help: "1 while a snapshot is fetched.")
        let halted = registry.gauge("haca_replica_halted", help: "1 when the replica has stopped for good.")
        let mempool = registry.gauge("cometbft_mempool_size", help: "Transactions that wait.")
        let mempoolBytes = registry.gauge("cometbft_mempool_size_bytes", help: "Bytes that wait.")
        let waiting = registry.gauge(
            "haca_replica_waiting", help: "Inputs that wait for the replica.", labels: ["kind"])
        let peers = registry.gauge("cometbft_p2p_peers", help: "Connected peers.")
        let sent = registry.gauge("cometbft_p2p_message_send_bytes", help: "Message bytes sent to the connected peers.")
        let received = registry.gauge(
            "cometbft_p2p_message_receive_bytes", help: "Message bytes received from the connected peers.")
        let pending = registry.gauge(
            "cometbft_p2p_peer_pending_send_bytes", help: "Bytes that wait to be sent to all peers.")
        registry.onCollect { [weak self, weak node] in
            guard let self, let node else { return }
            let now = snapshot.withLock { $0 }
            height.set(Int(now.height))
            round.set(Int(now.round))
            validators.set(now.validators)
            power.set(Int(now.power))
            blockSyncing.set(now.mode == .blockSync ? 1 : 0)
            stateSyncing.set(now.mode == .stateSync ? 1 : 0)
            halted.set(now.mode == .halted ? 1 : 0)
            mempool.set(now.mempool.transactions)
            mempoolBytes.set(now.mempool.bytes)
            waiting.with("own").set(now.waitingOwn)
            waiting.with("messages").set(now.waitingMessages)
            let connections = node.peers.peers
            peers.set(connections.count)
            sent.set(Int(clamping: connections.reduce(0) { $0 + $1.traffic.sent }))
            received.set(Int(clamping: connections.reduce(0) { $0 + $1.traffic.received }))
            pending.set(
                connections.reduce(0) { sum, connection in
                    CallPriority.allCases.reduce(sum) { $0 + connection.load(of: $1).bytes }
                })
        }
    }

    private func note(_ event: ReplicaEvent) {
        guard case .newBlock(let block, _, _) = event else { return }
        committedHeight.set(Int(block.header.height))
        transactions.set(block.transactions.count)
        totalTransactions.increment(by: block.transactions.count)
        blockSize.set(block.transactions.reduce(0) { $0 + $1.count })
        missingValidators.set(block.lastCommit?.signatures.count { $0.flag == .absent } ?? 0)
        evidence.increment(by: block.evidence.count)
        let now = ContinuousClock.now
        let previous = lastBlockTime.withLock { last in
            defer { last = now }
            return last
        }
        if let previous { blockInterval.record(now - previous) }
    }
}
