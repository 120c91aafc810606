/// google.protobuf.Duration as nanoseconds: {1 seconds, 2 nanos}.
public struct ProtobufDuration: ProtobufMessage, Sendable, Hashable {
    /// About ±292 years.
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    private static let perSecond: Int64 = 1_000_000_000

    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, nanoseconds / Self.perSecond)
        writer.int64(2, nanoseconds % Self.perSecond)
    }

    /// Refuses nanoseconds of a second or more, of another sign than the seconds, and what does not fit.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var seconds: Int64 = 0
        var rest: Int32 = 0
        while let field = try reader.nextField() {
            switch field {
            case 1: seconds = try reader.int64()
            case 2: rest = try reader.int32()
            default: try reader.skip()
            }
        }
        let (whole, overflows) = seconds.multipliedReportingOverflow(by: Self.perSecond)
        guard !overflows, abs(Int64(rest)) < Self.perSecond, seconds == 0 || rest == 0 || (seconds > 0) == (rest > 0)
        else { throw .invalidValue(field: 1) }
        let (total, overflowsWithRest) = whole.addingReportingOverflow(Int64(rest))
        guard !overflowsWithRest else { throw .invalidValue(field: 1) }
        nanoseconds = total
    }
}
