/// W3C trace context, binary: where a call stands in a distributed trace.
public struct TraceContext: Sendable, Hashable {
    /// 16 bytes on the wire.
    public var traceHigh: UInt64
    public var traceLow: UInt64
    /// 8 bytes on the wire.
    public var span: UInt64
    /// Bit 0: sampled.
    public var flags: UInt8

    public init(traceHigh: UInt64, traceLow: UInt64, span: UInt64, flags: UInt8) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.span = span
        self.flags = flags
    }

    /// A new trace with random identifiers.
    public static func start(sampled: Bool = true) -> TraceContext {
        TraceContext(
            traceHigh: .random(in: 1...UInt64.max), traceLow: .random(in: 0...UInt64.max),
            span: .random(in: 1...UInt64.max), flags: sampled ? 1 : 0)
    }

    /// A new span in the same trace.
    public func child() -> TraceContext {
        TraceContext(traceHigh: traceHigh, traceLow: traceLow, span: .random(in: 1...UInt64.max), flags: flags)
    }

    /// Reads the 25 bytes of the wire; nil for any other length.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 25 else { return nil }
        func integer(_ part: some Collection<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        traceHigh = integer(bytes.prefix(8))
        traceLow = integer(bytes.dropFirst(8).prefix(8))
        span = integer(bytes.dropFirst(16).prefix(8))
        flags = bytes.dropFirst(24).first ?? 0
    }

    /// The 25 bytes of the wire.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(25)
        for value in [traceHigh, traceLow, span] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                result.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
        result.append(flags)
        return result
    }

    /// The trace's identifier as 32 hexadecimal digits.
    public var traceID: String { Self.hex(traceHigh) + Self.hex(traceLow) }
    /// The span's identifier as 16 hexadecimal digits.
    public var spanID: String { Self.hex(span) }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
