import ABCI
import Consensus
import ConsensusTypes
import Foundation
import KeyValueStore
import Logging
import Replica
import Synchronization

/// Carries out the replica's effects on the threads and connections they belong to, and reports their ends.
final class EffectDispatcher: Sendable {
    let inbox: ReplicaInbox
    private let log: LogWriter
    private let store: any KeyValueStore
    private let storage = SerialThread(name: "haca.storage")
    private let signing = SerialThread(name: "haca.signer")
    private let signStatePath: String?
    private let application: any ABCIClient
    private let lightBlocks: (any LightBlockSource)?
    private let events: EventHub
    private let submissions: Submissions
    private let logger: Logger
    private let network: Mutex<PeerNetwork?> = Mutex(nil)

    init(
        inbox: ReplicaInbox, log: LogWriter, store: any KeyValueStore, signStatePath: String?,
        application: any ABCIClient, lightBlocks: (any LightBlockSource)?, events: EventHub,
        submissions: Submissions, logger: Logger
    ) {
        self.inbox = inbox
        self.log = log
        self.store = store
        self.signStatePath = signStatePath
        self.application = application
        self.lightBlocks = lightBlocks
        self.events = events
        self.submissions = submissions
        self.logger = logger
    }

    /// The network exists only after this dispatcher, because each tells the other of its events.
    func connect(_ network: PeerNetwork) { self.network.withLock { $0 = network } }

    func perform(_ effect: ReplicaEffect) {
        switch effect {
        case .send(let message, let peers): send(message, peers)
        case .disconnect(let peer, let reason):
            network.withLock { $0 }?.disconnect(peer, .rule(reason), ban: reason.isBreach)
        case .appendWAL(let records, let sync, let id): log.append(records, sync: sync, id)
        case .write(let batch, let sync, let id): write(batch, sync, id)
        case .persistSignState(let state, let id): persist(state, id)
        case .application(let request, let id): call(request, id)
        case .fetchLightBlock(let height, let id):
            fetch(height, { await $0.lightBlock(at: $1) }, then: { .lightBlock(id, $0) })
        case .fetchParameters(let height, let id):
            fetch(height, { await $0.parameters(at: $1) }, then: { .parameters(id, $0) })
        case .event(let event): events.publish(event)
        case .reply(let submission, let reply): submissions.complete(submission, reply)
        case .halt(let failure): events.halted(failure)
        case .setTimer, .cancelTimer: preconditionFailure("timers belong to the replica's thread")
        }
    }

    /// The replica could not even be made.
    func failed(_ reason: String) { events.halted(.corruptedStore(reason)) }

    /// The replica's thread is over; nothing is answered any more.
    func ended() { submissions.failAll() }

    func stop() async {
        await log.stop()
        await storage.stop()
        await signing.stop()
        await application.close()
    }

    private func send(_ message: PeerMessage, _ peers: [PeerID]) {
        guard let network = network.withLock({ $0 }), !peers.isEmpty else { return }
        let channel = PeerMessageCoding.channel(of: message)
        network.send(PeerMessageCoding.encode(message), on: channel, to: peers)
    }

    private func write(_ batch: WriteBatch, _ sync: Bool, _ id: CompletionID) {
        storage.run { [self] in
            do {
                try store.write(batch, sync: sync)
                inbox.put(.input(.stored(id)))
            } catch {
                inbox.put(.input(.storageFailed(id, reason: "\(error)")))
            }
        }
    }

    private func persist(_ state: LastSignState, _ id: CompletionID) {
        signing.run { [self] in
            guard let path = signStatePath else {
                preconditionFailure("a replica without a key has no sign state")
            }
            do {
                try SignStateFile.write(state, to: path)
                inbox.put(.input(.signStatePersisted(id)))
            } catch {
                inbox.put(.input(.storageFailed(id, reason: "\(error)")))
            }
        }
    }

    private func call(_ request: ABCIRequest, _ id: CompletionID) {
        application.submit(request) { [inbox] result in
            switch result {
            case .success(.exception(let exception)):
                inbox.put(.input(.applicationFailed(id, reason: "\(exception)")))
            case .success(let response): inbox.put(.input(.applicationAnswered(id, response)))
            case .failure(let error): inbox.put(.input(.applicationFailed(id, reason: "\(error)")))
            }
        }
    }

    private func fetch<Value: Sendable>(
        _ height: Int64, _ body: @escaping @Sendable (any LightBlockSource, Int64) async -> Value?,
        then answer: @escaping @Sendable (Value?) -> ReplicaInput
    ) {
        guard let lightBlocks else {
            inbox.put(.input(answer(nil)))
            return
        }
        Task { [inbox] in inbox.put(.input(answer(await body(lightBlocks, height)))) }
    }
}

extension DisconnectReason {
    /// The peer broke the rules, rather than being slow or silent.
    var isBreach: Bool {
        switch self {
        case .timedOut, .tooSlow, .rejectedByApplication: false
        default: true
        }
    }
}
