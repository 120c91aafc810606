import ABCI
import Consensus
import ConsensusTypes
import KeyValueStore
import Primitives
import Replica
import Signing

/// Replicas with in-memory disks, driven by a simulated clock. Same inputs, same run.
final class TestCluster {
    /// A kind of effect after which a crash can be placed (spec 12.6).
    enum CrashPoint: Hashable, CaseIterable {
        case signing, voteLogged, blockStored, endHeightLogged, finalized, resultsStored, committed, stateStored
    }

    let genesis: Genesis
    var nodes: [TestNode] = []
    /// Nanoseconds since the start.
    private(set) var time: Int64 = 0
    private var messages: [(at: Int64, sequence: Int, from: Int, to: Int, PeerMessage)] = []
    private var sequence = 0
    /// Crash a node just after it has carried out such an effect at this height, once.
    var crashPlan: [Int: (point: CrashPoint, height: Int64)] = [:]
    private(set) var crashes = 0
    /// Light blocks for state sync come from this node's store.
    var lightBlockSource: Int?
    /// Drops or changes messages on their way.
    var filter: ((Int, Int, PeerMessage) -> PeerMessage?)?

    static let start = Timestamp(seconds: 1_700_000_000, nanoseconds: 0)
    static let latency: Int64 = 1_000_000

    init(
        validators: Int = 4, others: Int = 0, initialHeight: Int64 = 1,
        parameters: ConsensusParameters = ConsensusParameters(),
        configure: (inout ReplicaConfiguration) -> Void = { _ in }
    ) throws {
        let keys = try (0..<validators + others).map {
            try ValidatorKey(seed: [UInt8](repeating: UInt8($0 + 1), count: 32))
        }
        genesis = Genesis(
            time: Self.start, chainID: "test-chain", initialHeight: initialHeight,
            parameters: parameters,
            validators: keys.prefix(validators).map { GenesisValidator(publicKey: $0.publicKey, power: 10) })
        for (index, key) in keys.enumerated() {
            var configuration = ReplicaConfiguration(
                consensus: ConsensusConfiguration(
                    chainID: "test-chain", timeouts: .test, skipsCommitTimeout: true, createsEmptyBlocks: true))
            configuration.blockSync.patience = .milliseconds(50)
            configuration.blockSync.statusInterval = .milliseconds(100)
            configuration.gossip.relayDelay = .milliseconds(20)
            configure(&configuration)
            nodes.append(
                TestNode(
                    id: Self.peerID(index), key: index < validators ? key : nil, configuration: configuration))
        }
    }

    static func peerID(_ index: Int) -> PeerID {
        PeerID([UInt8](repeating: UInt8(index + 1), count: PeerID.count)).unsafelyUnwrapped
    }

    // MARK: - Nodes

    func startAll() throws {
        for index in nodes.indices { try start(index) }
    }

    func start(_ index: Int) throws {
        nodes[index].application.crash()
        let tail = try nodes[index].disk.readTail()
        nodes[index].replica = try Replica(
            configuration: nodes[index].configuration, genesis: genesis, key: nodes[index].key,
            storage: nodes[index].disk.store)
        nodes[index].inbox = [.start(log: tail, lastSign: nodes[index].disk.signState)]
        for other in nodes.indices where other != index && nodes[other].isUp { connect(index, other) }
    }

    func stop(_ index: Int, torn: Int = 0) throws {
        nodes[index].replica = nil
        nodes[index].inbox = []
        nodes[index].timers = [:]
        try nodes[index].disk.crash(torn: torn)
        messages.removeAll { $0.from == index || $0.to == index }
        for other in nodes[index].connected.sorted() { disconnect(index, self.index(of: other)) }
    }

    func connect(_ left: Int, _ right: Int) {
        guard !nodes[left].connected.contains(nodes[right].id) else { return }
        nodes[left].connected.insert(nodes[right].id)
        nodes[right].connected.insert(nodes[left].id)
        nodes[left].inbox.append(.peerConnected(nodes[right].id))
        nodes[right].inbox.append(.peerConnected(nodes[left].id))
    }

    func disconnect(_ left: Int, _ right: Int) {
        nodes[left].connected.remove(nodes[right].id)
        nodes[right].connected.remove(nodes[left].id)
        messages.removeAll { ($0.from, $0.to) == (left, right) || ($0.from, $0.to) == (right, left) }
        nodes[left].inbox.append(.peerDisconnected(nodes[right].id))
        nodes[right].inbox.append(.peerDisconnected(nodes[left].id))
    }

    private func index(of id: PeerID) -> Int { nodes.firstIndex { $0.id == id } ?? 0 }

    // MARK: - Running

    var clock: ReplicaClock {
        ReplicaClock(wall: Self.start + .nanoseconds(time), elapsed: .nanoseconds(time))
    }

    /// Runs until the condition holds.
    /// - Returns: false when it did not within the limit of simulated time.
    @discardableResult
    func run(for limit: Duration = .seconds(10), until condition: (TestCluster) -> Bool) throws -> Bool {
        let end = time + Int64(limit / .nanoseconds(1))
        while !condition(self) {
            if try stepOnce() { continue }
            guard advance(to: end) else { return condition(self) }
        }
        return true
    }

    /// - Returns: whether a node had an input.
    private func stepOnce() throws -> Bool {
        for index in nodes.indices where !nodes[index].inbox.isEmpty {
            guard nodes[index].isUp else {
                nodes[index].inbox = []
                continue
            }
            let input = nodes[index].inbox.removeFirst()
            guard let effects = nodes[index].replica?.step(input, now: clock) else { continue }
            for effect in effects {
                try carryOut(effect, of: index)
                guard nodes[index].isUp else { break }
            }
            return true
        }
        return false
    }

    /// Moves the clock to the next message or timer.
    private func advance(to end: Int64) -> Bool {
        let next = (messages.map(\.at) + nodes.flatMap { $0.timers.values }).min()
        guard let next, next <= end else { return false }
        time = max(time, next)
        let due = messages.filter { $0.at <= time }.sorted { ($0.at, $0.sequence) < ($1.at, $1.sequence) }
        messages.removeAll { $0.at <= time }
        for (_, _, from, to, message) in due {
            if let message = filter.map({ $0(from, to, message) }) ?? message {
                nodes[to].inbox.append(.message(message, from: nodes[from].id))
            }
        }
        for index in nodes.indices {
            for (timer, at) in nodes[index].timers.sorted(by: { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") })
            where at <= time {
                nodes[index].timers[timer] = nil
                nodes[index].inbox.append(.timer(timer))
            }
        }
        return true
    }

    private func carryOut(_ effect: ReplicaEffect, of index: Int) throws {
        switch effect {
        case .send(let message, let receivers):
            for receiver in receivers {
                nodes[index].inbox.append(.written(to: receiver, messages: 1))
                guard nodes[index].connected.contains(receiver) else { continue }
                sequence += 1
                messages.append((time + Self.latency, sequence, index, self.index(of: receiver), message))
            }
            note(message, releasedBy: index)
        case .disconnect(let peer, let reason):
            nodes[index].dropped[peer] = reason
            disconnect(index, self.index(of: peer))
        case .setTimer(let timer, let after): nodes[index].timers[timer] = time + max(0, Int64(after / .nanoseconds(1)))
        case .cancelTimer(let timer): nodes[index].timers[timer] = nil
        case .appendWAL(let records, let sync, let id):
            try nodes[index].disk.append(records, sync: sync)
            if let id { nodes[index].inbox.append(.walAppended(id)) }
            if sync, records.contains(where: \.isEndHeight) { try crashIfDue(index, .endHeightLogged) }
            if sync, records.contains(where: \.isOwnVote) { try crashIfDue(index, .voteLogged) }
        case .write(let batch, let sync, let id):
            try nodes[index].disk.write(batch, sync: sync)
            nodes[index].inbox.append(.stored(id))
            if let point = CrashPoint(batch) { try crashIfDue(index, point) }
        case .persistSignState(let state, let id):
            nodes[index].disk.signState = state
            nodes[index].inbox.append(.signStatePersisted(id))
            try crashIfDue(index, .signing)
        case .application(let request, let id):
            let response = nodes[index].application.respond(to: request)
            nodes[index].inbox.append(.applicationAnswered(id, response))
            if case .finalizeBlock = request { try crashIfDue(index, .finalized) }
            if case .commit = request { try crashIfDue(index, .committed) }
        case .fetchLightBlock(let height, let id):
            nodes[index].inbox.append(.lightBlock(id, lightBlock(at: height)))
        case .fetchParameters(let height, let id):
            let chain = lightBlockSource.flatMap { nodes[$0].replica?.chain }
            nodes[index].inbox.append(.parameters(id, try chain?.parameters(at: height)))
        case .event(let event): nodes[index].events.append(event)
        case .reply(let submission, let reply): nodes[index].replies[submission] = reply
        case .halt: break
        }
    }

    private func note(_ message: PeerMessage, releasedBy index: Int) {
        guard case .consensus(let message) = message, let address = nodes[index].key?.address else { return }
        switch message {
        case .vote(let vote) where vote.validatorAddress == address: nodes[index].released.append(message)
        case .proposal: nodes[index].released.append(message)
        default: break
        }
    }

    private func crashIfDue(_ index: Int, _ point: CrashPoint) throws {
        guard let plan = crashPlan[index], plan.point == point, nodes[index].height + 1 == plan.height else { return }
        crashPlan[index] = nil
        crashes += 1
        try stop(index, torn: 5)
    }

    func lightBlock(at height: Int64) -> LightBlock? {
        guard let source = lightBlockSource, let chain = nodes[source].replica?.chain,
            let meta = try? chain.meta(at: height), let set = try? chain.validators(at: height),
            let commit = (try? chain.commit(at: height)) ?? (try? chain.seenCommit(at: height))
        else { return nil }
        return LightBlock(signedHeader: SignedHeader(header: meta.header, commit: commit), validators: set)
    }

    // MARK: - Judging

    /// The block hash of each stored height.
    func hashes(of index: Int) throws -> [Int64: Bytes32] {
        var hashes: [Int64: Bytes32] = [:]
        guard let replica = nodes[index].replica else { return hashes }
        for height in stride(from: max(1, replica.blocks.base), through: replica.blocks.height, by: 1) {
            hashes[height] = try replica.chain.meta(at: height)?.blockID.hash
        }
        return hashes
    }

    /// The two votes or proposals of one key for the same height, round and step that name different blocks; nil when there are none.
    func contradiction(of index: Int) -> (Vote, Vote)? {
        var seen: [String: Vote] = [:]
        for case .vote(let vote) in nodes[index].released {
            let key = "\(vote.height)/\(vote.round)/\(vote.type)"
            if let earlier = seen[key], earlier.blockID != vote.blockID || earlier.signature != vote.signature {
                return (earlier, vote)
            }
            seen[key] = vote
        }
        return nil
    }
}

extension TestCluster.CrashPoint {
    /// What a batch of the replica stores, by its keys' first byte.
    init?(_ batch: WriteBatch) {
        let kinds = Set(
            batch.operations.compactMap { operation -> UInt8? in
                if case .put(let key, _) = operation { key.first } else { nil }
            })
        if kinds.contains(0x10) {
            self = .blockStored
        } else if kinds.contains(0x22) {
            self = .resultsStored
        } else if kinds.contains(0x01) {
            self = .stateStored
        } else {
            return nil
        }
    }
}

extension WALRecord {
    var isEndHeight: Bool {
        if case .endHeight = content { true } else { false }
    }

    var isOwnVote: Bool {
        if case .message(.vote, let peer) = content { peer.isEmpty } else { false }
    }
}
