/// Something that goes wrong, or someone who does wrong, at a moment of a simulation. Times are nanoseconds since the start.
public enum Fault: Sendable, Hashable {
    /// The node is killed after so many more of its effects are carried out, and started again after a while.
    case kill(node: Int, afterEffects: Int, downFor: Int64)
    /// Nothing passes from one node to another; what was sent arrives when the fault ends.
    case oneWayCut(from: Int, to: Int, length: Int64)
    /// The nodes of one side do not reach those of the other.
    case partition(side: Set<Int>, length: Int64)
    /// Messages between two nodes get lost, doubled, overtaken and garbled; then the connection breaks.
    case noise(Int, Int, length: Int64)
    /// The connection breaks and comes back.
    case reset(Int, Int)
    /// All messages take this much longer.
    case slowness(by: Int64, length: Int64)
    /// A node's clock is off by so much.
    case skew(node: Int, by: Int64, length: Int64)
    /// A node's disk takes no more writes; the node is killed and has room again when it comes back.
    case fullDisk(node: Int, downFor: Int64)
}

/// How the Byzantine validators of a simulation behave.
public enum Betrayal: String, Sendable, Hashable, CaseIterable {
    /// Two whole nodes with one key, each unaware of the other: double proposals and double votes that are all well formed.
    case twins
    /// A node that forgets what it signed whenever it is killed, which is often.
    case amnesia
    /// A node without a chain that sees everything and sends each peer other votes, proposals without blocks, old proofs of lock, and floods.
    case puppet
}

/// What happens in a simulation, and when.
public struct FaultPlan: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var at: Int64
        public var fault: Fault

        public init(at: Int64, fault: Fault) {
            self.at = at
            self.fault = fault
        }
    }

    public var entries: [Entry]
    /// The Byzantine validators, less than a third of the power.
    public var betrayals: [Int: Betrayal]

    public init(entries: [Entry] = [], betrayals: [Int: Betrayal] = [:]) {
        self.entries = entries
        self.betrayals = betrayals
    }

    /// A plan that follows from the seed.
    ///
    /// - Parameter length: the faults begin within this many nanoseconds.
    public init(seed: UInt64, nodes: Int, length: Int64) {
        var random = SimulationRandom(seed: seed, purpose: 1)
        self.init()
        // Powers are 10 to 12: one of four stays below a third.
        for _ in 0..<max(0, (nodes - 1) / 3) where random.chance(600) {
            let kinds = Betrayal.allCases
            betrayals[random.index(nodes)] = kinds[random.index(kinds.count)]
        }
        for _ in 0..<random.index(12) {
            entries.append(
                Entry(at: random.number(0...length), fault: Self.fault(nodes: nodes, length / 4, &random)))
        }
        entries.sort { $0.at < $1.at }
    }

    private static func fault(nodes: Int, _ longest: Int64, _ random: inout SimulationRandom) -> Fault {
        let node = random.index(nodes)
        let other = (node + 1 + random.index(nodes - 1)) % nodes
        let length = random.number(longest / 20...longest)
        switch random.index(12) {
        case 0, 1, 2, 3: return .kill(node: node, afterEffects: random.index(60), downFor: length)
        case 4: return .oneWayCut(from: node, to: other, length: length)
        case 5: return .partition(side: Set((0..<nodes).filter { _ in random.chance(500) }), length: length)
        case 6, 7: return .noise(node, other, length: length)
        case 8: return .reset(node, other)
        case 9: return .slowness(by: random.number(10...400) * 1_000_000, length: length)
        case 10: return .skew(node: node, by: random.number(-20...20) * 1_000_000_000, length: length)
        default: return .fullDisk(node: node, downFor: length)
        }
    }
}
