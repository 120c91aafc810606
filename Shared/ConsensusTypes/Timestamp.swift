/// A point in time with nanosecond precision, as CometBFT hashes and signs it (google.protobuf.Timestamp).
///
/// Go's zero time, 0001-01-01T00:00:00Z, is a value of its own (`zero`): absent commit signatures carry it. It is not the
/// Unix epoch, which encodes as an empty message.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Seconds since the Unix epoch, negative before it.
    public var seconds: Int64
    /// 0 to 999,999,999.
    public var nanoseconds: Int32

    /// 0001-01-01T00:00:00Z, the zero value of Go's `time.Time`.
    public static let zero = Timestamp(seconds: -62_135_596_800, nanoseconds: 0)

    public init(seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
