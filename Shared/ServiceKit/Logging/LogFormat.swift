import Foundation
import Logging
import Primitives

/// How a log line is written.
public enum LogFormat: Sendable, Hashable {
    /// One JSON object a line.
    case json
    /// One line for people, with colours or without.
    case console(coloured: Bool)

    /// Longest text of one field; the rest is cut.
    static let maximumFieldLength = 4_096

    /// Fields whose values are never written, whatever a caller passes: credentials and what users typed.
    static let redactedFields = [
        "authorization", "cookie", "api_key", "apikey", "x-api-key", "token", "secret", "password", "private_key",
        "x-payment", "prompt", "messages", "content", "completion",
    ]

    static func isRedacted(_ key: String) -> Bool {
        let lower = key.lowercased()
        return redactedFields.contains { lower == $0 || lower.hasSuffix("_" + $0) || lower.hasSuffix("." + $0) }
    }

    func line(
        time: Date, level: Logger.Level, service: String, instance: String, label: String, message: String,
        metadata: Logger.Metadata
    ) -> String {
        switch self {
        case .json:
            jsonLine(
                time: time, level: level, service: service, instance: instance, label: label, message: message,
                metadata: metadata)
        case .console(let coloured):
            consoleLine(time: time, level: level, label: label, message: message, metadata: metadata, coloured)
        }
    }

    private func jsonLine(
        time: Date, level: Logger.Level, service: String, instance: String, label: String, message: String,
        metadata: Logger.Metadata
    ) -> String {
        var fields = [
            ("time", Self.quoted(Self.timestamp(time))), ("level", Self.quoted(level.rawValue)),
            ("service", Self.quoted(service)), ("instance", Self.quoted(instance)), ("logger", Self.quoted(label)),
            ("message", Self.quoted(Self.cut(message))),
        ]
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            fields.append((key, Self.isRedacted(key) ? "\"***\"" : Self.json(value)))
        }
        return "{" + fields.map { Self.quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
    }

    private func consoleLine(
        time: Date, level: Logger.Level, label: String, message: String, metadata: Logger.Metadata, _ coloured: Bool
    ) -> String {
        let clock = Self.timestamp(time).dropFirst(11).dropLast(1)
        let name = Self.shortName(level)
        let fields = metadata.sorted { $0.key < $1.key }.map { key, value in
            "\(key)=\(Self.isRedacted(key) ? "***" : Self.oneLine(Self.cut("\(value)")))"
        }
        var text = Self.oneLine(Self.cut(message))
        if !fields.isEmpty {
            let joined = fields.joined(separator: " ")
            text += coloured ? "  \u{1B}[2m\(joined)\u{1B}[0m" : "  \(joined)"
        }
        guard coloured else { return "\(clock) \(name) \(text)" }
        return "\u{1B}[2m\(clock)\u{1B}[0m \(Self.colour(level))\(name)\u{1B}[0m \(text)"
    }

    /// Five columns.
    private static func shortName(_ level: Logger.Level) -> String {
        switch level {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO "
        case .notice: "NOTE "
        case .warning: "WARN "
        case .error: "ERROR"
        case .critical: "CRIT "
        }
    }

    private static func colour(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .notice: "\u{1B}[36m"
        case .warning: "\u{1B}[33m"
        case .error, .critical: "\u{1B}[31m"
        }
    }

    private static func json(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): quoted(cut(text))
        case .stringConvertible(let number as any FixedWidthInteger & CustomStringConvertible): number.description
        case .stringConvertible(let number as Double) where number.isFinite: number.description
        case .stringConvertible(let flag as Bool): flag.description
        case .stringConvertible(let other): quoted(cut(other.description))
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let members):
            "{"
                + members.sorted { $0.key < $1.key }
                .map { quoted($0.key) + ":" + (isRedacted($0.key) ? "\"***\"" : json($0.value)) }
                .joined(separator: ",") + "}"
        }
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= maximumFieldLength ? text : String(text.prefix(maximumFieldLength / 4)) + "…"
    }

    /// Control characters would let a peer's text forge lines or drive a terminal.
    private static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) else {
            return text
        }
        return text.unicodeScalars.reduce(into: "") { result, scalar in
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    }

    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// RFC 3339, milliseconds, UTC.
    static func timestamp(_ time: Date) -> String {
        let milliseconds = Int64((time.timeIntervalSince1970 * 1_000).rounded(.down))
        var seconds = time_t(milliseconds / 1_000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func padded(_ value: some BinaryInteger, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        let clock = "\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))"
        return "\(date)T\(clock).\(padded(milliseconds % 1_000, 3))Z"
    }
}
