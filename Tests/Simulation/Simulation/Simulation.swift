import ABCI
import Consensus
import ConsensusTypes
import Primitives
import Replica
import Signing

/// A network of whole replicas in virtual time. Everything that happens follows from the seed and the fault plan.
///
/// Nodes are numbered: validators first, then the second halves of twins.
public final class Simulation {
    static let chainID = "simulation"
    static let startTime = Timestamp(seconds: 1_700_000_000, nanoseconds: 0)
    static let millisecond: Int64 = 1_000_000
    /// Simulated time that a height takes when nothing goes wrong, roughly.
    static let heightTime: Int64 = 250 * millisecond
    /// After the last fault every honest node must reach the goal within this time.
    static let patience: Int64 = 120_000 * millisecond
    static let maximumEvents = 20_000_000

    enum Event {
        case input(node: Int, life: Int, ReplicaInput)
        case timer(node: Int, life: Int, TimerID, generation: Int)
        case message(from: Int, to: Int, epoch: Int, PeerMessage)
        case written(from: Int, to: Int, epoch: Int, messages: Int)
        case disk(node: Int, life: Int, DiskWork)
        case connect(Int, Int)
        case start(Int)
        case fault(Fault)
        case faultEnds(Fault)
        case submit
    }

    enum DiskWork {
        case log(SimulatedDisk.Mark, sync: Bool, CompletionID?)
        case store(SimulatedDisk.Mark, sync: Bool, CompletionID)
        case signState(CompletionID)
    }

    let options: SimulationOptions
    let plan: FaultPlan
    let genesis: Genesis
    let verifier = CachingVerifier()
    var nodes: [SimulatedNode] = []
    var puppets: [Int: Puppet] = [:]
    var links: [SimulatedLink] = []
    /// Pairs that never connect: twins with each other, and with some of their peers.
    var strangers: Set<[Int]> = []
    var queue = EventQueue<Event>()
    var now: Int64 = 0
    var random: SimulationRandom
    var slowness: Int64 = 0
    var invariants = Invariants()
    var digest = EventDigest()
    var events = 0
    var kills = 0
    private var submissions: UInt64 = 0
    private var goal: Int64

    public init(_ options: SimulationOptions) throws {
        self.options = options
        let length = options.heights * Self.heightTime
        let plan = options.plan ?? FaultPlan(seed: options.seed, nodes: options.nodes, length: length)
        self.plan = plan
        random = SimulationRandom(seed: options.seed, purpose: 2)
        goal = options.heights
        let seeds = (0..<options.nodes).map { [UInt8](repeating: UInt8($0 + 1), count: 32) }
        let keys = try seeds.map { try ValidatorKey(seed: $0) }
        self.keys = keys
        genesis = Genesis(
            time: Self.startTime, chainID: Self.chainID, initialHeight: 1, parameters: ConsensusParameters(),
            validators: keys.map { GenesisValidator(publicKey: $0.publicKey, power: 10) })
        let holders =
            Array(0..<options.nodes) + (0..<options.nodes).filter { plan.betrayals[$0] == .twins }
        for (index, validator) in holders.enumerated() {
            guard let id = PeerID([UInt8](repeating: UInt8(index + 1), count: PeerID.count)) else { continue }
            var node = SimulatedNode(
                id: id, validator: validator, betrayal: plan.betrayals[validator], configuration: Self.configuration,
                application: SimulatedApplication(validators: keys.map(\.publicKey)))
            node.disk.prepareSigner()
            nodes.append(node)
            if node.isPuppet {
                puppets[index] = Puppet(
                    key: try Ed25519SigningKey(seed: seeds[validator]), address: keys[validator].address,
                    chainID: Self.chainID)
            }
        }
        links = Array(repeating: SimulatedLink(), count: nodes.count * nodes.count)
        separateTwins()
    }

    let keys: [ValidatorKey]

    private static var configuration: ReplicaConfiguration {
        let timeouts = ConsensusTimeouts(
            propose: .milliseconds(400), proposeIncrease: .milliseconds(100), prevote: .milliseconds(200),
            prevoteIncrease: .milliseconds(100), precommit: .milliseconds(200),
            precommitIncrease: .milliseconds(100), commit: .milliseconds(150))
        var configuration = ReplicaConfiguration(
            consensus: ConsensusConfiguration(chainID: chainID, timeouts: timeouts))
        configuration.blockSync.patience = .milliseconds(500)
        configuration.blockSync.statusInterval = .seconds(1)
        configuration.blockSync.peerTimeout = .seconds(3)
        return configuration
    }

    /// Each twin talks to its own choice of the others, so each half sees another world.
    private func separateTwins() {
        for second in options.nodes..<max(options.nodes, nodes.count) {
            let first = nodes[second].validator
            strangers.insert([first, second])
            for other in 0..<options.nodes where other != first {
                if random.chance(300) { strangers.insert([min(first, other), max(first, other)]) }
                if random.chance(300) { strangers.insert([min(second, other), max(second, other)]) }
            }
        }
    }

    var honest: [Int] { nodes.indices.filter { nodes[$0].isHonest } }

    // MARK: - Running

    /// Runs until every honest node has reached the goal and every fault is over, then kills all honest nodes at once and lets them go on
    /// for two more heights.
    public func run() -> SimulationReport {
        for index in nodes.indices where !nodes[index].isPuppet {
            queue.add(.start(index), at: random.number(0...50) * Self.millisecond)
        }
        for entry in plan.entries { queue.add(.fault(entry.fault), at: entry.at) }
        queue.add(.submit, at: 100 * Self.millisecond)
        let quiet = plan.entries.map { $0.at + $0.fault.length }.max() ?? 0
        advance(from: quiet)
        if invariants.violations.isEmpty {
            let heights = honest.map { nodes[$0].height }
            for index in honest { kill(index, downFor: Self.millisecond * random.number(1...200)) }
            goal = (heights.max() ?? 0) + 2
            advance(from: now)
        }
        return SimulationReport(
            seed: options.seed, plan: plan, violations: invariants.violations,
            height: honest.map { nodes[$0].height }.min() ?? 0, events: events, time: now, kills: kills,
            eventHash: digest.value)
    }

    private func advance(from quiet: Int64) {
        let end = max(now, quiet) + Self.patience
        while invariants.violations.isEmpty, let (at, event) = queue.removeFirst() {
            now = max(now, at)
            events += 1
            handle(event)
            if now >= quiet, honest.allSatisfy({ nodes[$0].isUp && nodes[$0].height >= goal }) { return }
            if now > end || events > Self.maximumEvents {
                let heights = honest.map { node in
                    let state = nodes[node].replica?.machine?.state
                    return "\(nodes[node].height) (\(nodes[node].replica?.mode.rawValue ?? "down") "
                        + "\(state?.round ?? -1) \(state.map { "\($0.step)" } ?? ""))"
                }
                return invariants.fail("progress: goal \(goal), nodes at \(heights)")
            }
        }
    }

    private func handle(_ event: Event) {
        switch event {
        case .input(let node, let life, let input):
            if nodes[node].life == life { feed(input, to: node) }
        case .timer(let node, let life, let timer, let generation):
            guard nodes[node].life == life, nodes[node].timers[timer] == generation else { return }
            nodes[node].timers[timer] = nil
            feed(.timer(timer), to: node)
        case .message(let from, let to, let epoch, let message): arrive(message, from: from, to: to, epoch: epoch)
        case .written(let from, let to, let epoch, let messages):
            guard link(from, to).epoch == epoch else { return }
            feed(.written(to: nodes[to].id, messages: messages), to: from)
        case .disk(let node, let life, let work):
            if nodes[node].life == life { complete(work, of: node) }
        case .connect(let left, let right): connect(left, right)
        case .start(let node): start(node)
        case .fault(let fault): begin(fault)
        case .faultEnds(let fault): end(fault)
        case .submit: submit()
        }
    }

    /// A client's transaction for some node that is up; now and then it changes a validator's power a little.
    private func submit() {
        queue.add(.submit, at: now + random.number(50...400) * Self.millisecond)
        submissions += 1
        let node = random.index(nodes.count)
        let text =
            random.chance(100)
            ? "power \(random.index(options.nodes)) \(random.number(10...12)) \(submissions)"
            : "transaction \(submissions)"
        let transaction = Array(text.utf8)
        invariants.submitted(transaction)
        feed(.submitTransaction(transaction, SubmissionID(submissions)), to: node)
    }

    func note(_ numbers: UInt64...) {
        digest.add(UInt64(bitPattern: now))
        for number in numbers { digest.add(number) }
    }

    func clock(of node: Int) -> ReplicaClock {
        ReplicaClock(
            wall: Self.startTime + .nanoseconds(now + nodes[node].clockSkew), elapsed: .nanoseconds(now))
    }
}
