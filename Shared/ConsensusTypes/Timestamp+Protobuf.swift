import Primitives

extension Timestamp: ProtobufMessage {
    /// The last second of the year 9999.
    static let maximumSeconds: Int64 = 253_402_300_799

    /// Whether the time is in the years 1 to 9999 and its nanoseconds are less than a second.
    public var isValid: Bool {
        (Self.zero.seconds...Self.maximumSeconds).contains(seconds) && (0..<1_000_000_000).contains(nanoseconds)
    }

    /// {1 seconds int64, 2 nanos int32}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, seconds)
        writer.int32(2, nanoseconds)
    }

    /// An empty message is the Unix epoch; it is up to the containing message that an absent one is `zero`. Refuses what
    /// `isValid` does not hold for.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(seconds: 0, nanoseconds: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: seconds = try reader.int64()
            case 2: nanoseconds = try reader.int32()
            default: try reader.skip()
            }
        }
        guard isValid else { throw .invalidValue(field: 1) }
    }
}

// MARK: - Arithmetic

extension Timestamp {
    /// The latest time there is.
    public static let maximum = Timestamp(seconds: maximumSeconds, nanoseconds: 999_999_999)

    private static let perSecond: Int64 = 1_000_000_000

    /// Saturates at the years 1 and 9999.
    public func adding(nanoseconds delta: Int64) -> Timestamp {
        let rest = Int64(nanoseconds) + delta % Self.perSecond
        let carry: Int64 = rest < 0 ? -1 : rest / Self.perSecond
        let (whole, overflows) = seconds.addingReportingOverflow(delta / Self.perSecond + carry)
        let result = Timestamp(
            seconds: overflows ? (delta < 0 ? .min : .max) : whole,
            nanoseconds: Int32(rest - carry * Self.perSecond))
        return min(max(result, .zero), .maximum)
    }

    /// Nanoseconds from the other time to this one; saturates at about 292 years.
    public func nanoseconds(since other: Timestamp) -> Int64 {
        let (seconds, overflows) = seconds.subtractingReportingOverflow(other.seconds)
        let (whole, overflowsInNanoseconds) = seconds.multipliedReportingOverflow(by: Self.perSecond)
        let (total, overflowsInSum) = whole.addingReportingOverflow(Int64(nanoseconds) - Int64(other.nanoseconds))
        guard overflows || overflowsInNanoseconds || overflowsInSum else { return total }
        return self < other ? .min : .max
    }

    /// Saturates at the years 1 and 9999.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (delta, attoseconds) = duration.components
        let (seconds, overflows) = time.seconds.addingReportingOverflow(delta)
        if overflows { return delta < 0 ? .zero : .maximum }
        let whole = Timestamp(
            seconds: min(max(seconds, Self.zero.seconds - 1), maximumSeconds + 1), nanoseconds: time.nanoseconds)
        return whole.adding(nanoseconds: attoseconds / 1_000_000_000)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .nanoseconds(left.nanoseconds(since: right))
    }
}
