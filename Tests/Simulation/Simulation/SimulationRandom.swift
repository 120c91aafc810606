/// Sebastiano Vigna's SplitMix64: the only source of chance in a simulation.
public struct SimulationRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// A generator for one purpose, so that what is drawn for another does not change it.
    public init(seed: UInt64, purpose: UInt64) {
        self.init(seed: seed)
        state = next() ^ (purpose &* 0xD6E8_FEB8_6659_FD93)
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number of the range; the small bias of the remainder does not matter here.
    mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int64(next() % width)
    }

    mutating func index(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    /// True in so many of a thousand cases.
    mutating func chance(_ perThousand: UInt64) -> Bool { next() % 1000 < perThousand }
}
