/// W3C Trace Context, `traceparent`: which request of which user-visible operation is being worked on.
public struct TraceParent: Sendable, Hashable, CustomStringConvertible {
    /// 16 bytes as 32 lower-case hex digits, not all zero.
    public let traceID: String
    /// 8 bytes as 16 lower-case hex digits, not all zero.
    public let spanID: String
    public let isSampled: Bool

    /// The context of the running task; log lines carry it by themselves.
    @TaskLocal public static var current: TraceParent?

    /// A new trace.
    public init(sampled: Bool = false) {
        self.traceID = Self.random(digits: 32)
        self.spanID = Self.random(digits: 16)
        self.isSampled = sampled
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// Reads a `traceparent` header; nil when malformed, as the recommendation asks (section 3.2.2).
    public init?(parsing header: String) {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 4, parts[0].utf8.count == 2, parts[0] != "ff", Self.isLowerHex(parts[0]),
            parts[0] != "00" || parts.count == 4,
            parts[1].utf8.count == 32, Self.isLowerHex(parts[1]), parts[1].contains(where: { $0 != "0" }),
            parts[2].utf8.count == 16, Self.isLowerHex(parts[2]), parts[2].contains(where: { $0 != "0" }),
            parts[3].utf8.count == 2, let flags = UInt8(parts[3], radix: 16), Self.isLowerHex(parts[3])
        else { return nil }
        self.init(traceID: parts[1], spanID: parts[2], isSampled: flags & 1 == 1)
    }

    /// Reads the wire form: 16 bytes trace id, 8 bytes span id, 1 byte flags.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 25 else { return nil }
        let hex = bytes.map { Self.hex($0) }.joined()
        self.init(parsing: "00-\(hex.prefix(32))-\(hex.dropFirst(32).prefix(16))-\(hex.suffix(2))")
    }

    /// The wire form, 25 bytes.
    public var bytes: [UInt8] {
        let hex = Array((traceID + spanID).utf8)
        var result: [UInt8] = []
        for index in stride(from: 0, to: hex.count - 1, by: 2) {
            result.append(Self.nibble(hex[index]) << 4 | Self.nibble(hex[index + 1]))
        }
        return result + [isSampled ? 1 : 0]
    }

    /// The same trace with a fresh span: what is handed to the next hop.
    public func child() -> TraceParent {
        TraceParent(traceID: traceID, spanID: Self.random(digits: 16), isSampled: isSampled)
    }

    /// The header's text, version 00.
    public var description: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    private static func random(digits: Int) -> String {
        var text = ""
        while text.utf8.count < digits {
            let part = String(UInt64.random(in: 1...UInt64.max), radix: 16)
            text += String(repeating: "0", count: 16 - part.utf8.count) + part
        }
        return String(text.prefix(digits))
    }

    private static func isLowerHex(_ text: String) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (97...102).contains($0) }
    }

    private static func hex(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }

    private static func nibble(_ digit: UInt8) -> UInt8 {
        digit >= 97 ? digit - 97 + 10 : digit - UInt8(ascii: "0")
    }
}
