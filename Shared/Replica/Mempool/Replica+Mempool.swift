import ABCI
import Consensus
import ConsensusTypes
import DequeModule
import Primitives

/// Transactions that arrive while the application commits a block; the mempool is locked then (spec 9, step 5).
struct MempoolHold: Sendable {
    /// Transactions that wait at most; more are refused as "full".
    static let maximumWaiting = 4096

    var isHeld = false
    var waiting: Deque<(bytes: [UInt8], source: FloodMempool.Source)> = []
}

// MARK: - Arrival

extension Replica {
    private var takesTransactions: Bool { mode == .consensus }

    /// A local client's transaction.
    mutating func submit(_ bytes: [UInt8], _ submission: SubmissionID) {
        guard takesTransactions else { return effects.append(.reply(submission, .refused(.unavailable))) }
        receive(bytes, from: .client(submission))
    }

    mutating func receiveTransactions(_ transactions: [[UInt8]], from peer: PeerID) {
        guard takesTransactions else { return }
        for transaction in transactions { receive(transaction, from: .peer(peer)) }
    }

    private mutating func receive(_ bytes: [UInt8], from source: FloodMempool.Source) {
        switch configuration.mempool.kind {
        case .flood:
            guard !mempoolHold.isHeld else { return hold(bytes, source) }
            admit(bytes, source)
        case .application: insert(bytes, source)
        }
    }

    private mutating func hold(_ bytes: [UInt8], _ source: FloodMempool.Source) {
        guard mempoolHold.waiting.count < MempoolHold.maximumWaiting else { return reply(source, .refused(.full)) }
        mempoolHold.waiting.append((bytes, source))
    }

    private mutating func admit(_ bytes: [UInt8], _ source: FloodMempool.Source) {
        switch flood.admit(bytes, from: source) {
        case .check(let check):
            call(.checkTx(CheckTxRequest(transaction: check.bytes, type: .new)), .checked(check.key))
        case .duplicate: reply(source, .duplicate)
        case .refused(let refusal): reply(source, .refused(refusal))
        }
    }

    private mutating func reply(_ source: FloodMempool.Source, _ reply: SubmissionReply) {
        if case .client(let submission) = source { effects.append(.reply(submission, reply)) }
    }
}

// MARK: - Node-side mempool

extension Replica {
    mutating func checked(_ key: Bytes32, _ response: CheckTxResponse) {
        let wasEmpty = flood.isEmpty
        let (submission, failure) = flood.finishCheck(key, response)
        if let submission {
            switch failure {
            case .gasAboveBlockLimit: effects.append(.reply(submission, .refused(.gasAboveBlockLimit)))
            case nil, .refusedByApplication, .forgotten: effects.append(.reply(submission, .checked(response)))
            }
        }
        if failure == nil {
            if wasEmpty { feed(.transactionsAvailable(height: state.nextHeight)) }
            transactionsAreDue = true
        }
        if mempoolHold.isHeld { commitWhenReady() }
    }

    mutating func rechecked(_ key: Bytes32, _ response: CheckTxResponse) {
        flood.finishRecheck(key, response)
        if flood.rechecksPending == 0 { effects.append(.cancelTimer(.recheck)) }
    }

    mutating func recheckTimeout() { flood.giveUpRecheck() }

    /// A block is executed: its transactions go, the rest is checked again.
    mutating func updateMempool(_ applied: AppliedBlock) {
        flood.maximumDataBytes = maximumDataBytes
        flood.maximumGas = state.parameters.block.maximumGas
        flood.commit(
            height: applied.block.header.height, applied.block.transactions,
            succeeded: applied.response.transactionResults.map { $0.code == 0 })
        if configuration.mempool.kind == .application {
            applicationMempool.blockApplied(applied.block.transactions)
        }
        mempoolHold.isHeld = false
        let due = flood.beginRecheck()
        for entry in due {
            call(.checkTx(CheckTxRequest(transaction: entry.bytes, type: .recheck)), .rechecked(entry.key))
        }
        if !due.isEmpty { effects.append(.setTimer(.recheck, after: configuration.mempool.recheckTimeout)) }
        while let (bytes, source) = mempoolHold.waiting.popFirst() { admit(bytes, source) }
    }

    var transactionsAreWaiting: Bool {
        switch configuration.mempool.kind {
        case .flood: !flood.isEmpty
        case .application: applicationMempool.hasNewTransactions
        }
    }
}

// MARK: - Application-side mempool

extension Replica {
    private mutating func insert(_ bytes: [UInt8], _ source: FloodMempool.Source) {
        guard bytes.count <= configuration.mempool.maximumTransactionBytes else {
            return reply(
                source,
                .refused(.tooLarge(bytes: bytes.count, limit: configuration.mempool.maximumTransactionBytes)))
        }
        var submission: SubmissionID?
        if case .client(let id) = source { submission = id }
        switch applicationMempool.admit(bytes, submission: submission, now: now.elapsed) {
        case .insert(let key): call(.insertTx(InsertTxRequest(transaction: bytes)), .inserted(key))
        case .duplicate: reply(source, .duplicate)
        case .full: reply(source, .refused(.full))
        }
    }

    mutating func inserted(_ key: Bytes32, _ response: InsertTxResponse) {
        if let submission = applicationMempool.finish(key, code: response.code, now: now.elapsed) {
            effects.append(.reply(submission, .checked(CheckTxResponse(code: response.code))))
        }
        if response.code == InsertTxCode.accepted { feed(.transactionsAvailable(height: state.nextHeight)) }
    }

    mutating func startReaping() {
        guard configuration.mempool.kind == .application else { return }
        effects.append(.setTimer(.reapTransactions, after: configuration.mempool.reapInterval))
    }

    mutating func reapForGossip() {
        guard mode == .consensus else { return }
        call(.reapTxs(ReapTxsRequest(maximumBytes: configuration.mempool.reapBytes, maximumGas: 0)), .reaped)
    }

    mutating func reaped(_ response: ReapTxsResponse) {
        startReaping()
        var batch: [[UInt8]] = []
        var bytes = 0
        for transaction in response.transactions {
            if !batch.isEmpty, bytes + transaction.count > configuration.gossip.transactionBatchBytes {
                sendTransactions(batch)
                (batch, bytes) = ([], 0)
            }
            batch.append(transaction)
            bytes += transaction.count
        }
        if !batch.isEmpty { sendTransactions(batch) }
    }

    private mutating func sendTransactions(_ batch: [[UInt8]]) {
        let receivers = peerIDs.filter { takesOurTransactions($0) }
        send(.transactions(batch), to: receivers, isBulk: true)
    }
}
