import Foundation
import Logging
import Synchronization

/// The log handler of every service: level from configuration, fields redacted, repeats held back, trace ids added.
public struct ServiceLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let output: LogOutput
    private let label: String
    private var ownLevel: Logger.Level?

    public init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    /// The process's level unless this logger was given its own.
    public var logLevel: Logger.Level {
        get { ownLevel ?? output.level }
        set { ownLevel = newValue }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields = metadata
        if let provider = metadataProvider { fields.merge(provider.get()) { _, new in new } }
        if let trace = TraceParent.current {
            fields["trace_id"] = .string(trace.traceID)
            fields["span_id"] = .string(trace.spanID)
        }
        if let own = event.metadata { fields.merge(own) { _, new in new } }
        if let error = event.error { fields["error"] = .string("\(error)") }
        output.write(level: event.level, label: label, message: event.message.description, metadata: fields)
    }
}

/// What all loggers of a process share: the sink, the format, the level that SIGHUP may change, and the repeat limit.
public final class LogOutput: Sendable {
    /// Lines with the same level and message a second that are written; further ones are counted.
    public static let maximumRepeats = 10
    /// Different messages whose repeats are watched.
    static let maximumWatched = 256

    private struct Repeats {
        var second: Int64 = 0
        var counts: [String: Int] = [:]
        var suppressed = 0
    }

    private let service: String
    private let instance: String
    private let format: LogFormat
    private let sink: LogSink
    private let levelNumber: Atomic<Int>
    private let repeats = Mutex(Repeats())

    public init(service: String, instance: String, format: LogFormat, sink: LogSink, level: Logger.Level) {
        self.service = service
        self.instance = instance
        self.format = format
        self.sink = sink
        self.levelNumber = Atomic(Self.number(level))
    }

    /// Least severe level that is written.
    public var level: Logger.Level {
        get {
            let number = levelNumber.load(ordering: .relaxed)
            return Logger.Level.allCases.first { Self.number($0) == number } ?? .info
        }
        set { levelNumber.store(Self.number(newValue), ordering: .relaxed) }
    }

    /// Lines held back by the repeat limit since the start.
    public var suppressed: Int { repeats.withLock { $0.suppressed } }

    /// A logger that writes here.
    public func logger(label: String) -> Logger {
        Logger(label: label) { ServiceLogHandler(label: $0, output: self) }
    }

    /// Returns when everything logged so far is written.
    public func flush() { sink.flush() }

    func write(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        let now = Date()
        guard admits(level: level, message: message, second: Int64(now.timeIntervalSince1970)) else { return }
        sink.write(
            format.line(
                time: now, level: level, service: service, instance: instance, label: label, message: message,
                metadata: metadata))
    }

    private func admits(level: Logger.Level, message: String, second: Int64) -> Bool {
        repeats.withLock { state in
            if state.second != second {
                state.second = second
                state.counts.removeAll(keepingCapacity: true)
            }
            let key = "\(level.rawValue) \(message)"
            guard let count = state.counts[key] else {
                if state.counts.count < Self.maximumWatched { state.counts[key] = 1 }
                return true
            }
            state.counts[key] = count + 1
            if count >= Self.maximumRepeats { state.suppressed += 1 }
            return count < Self.maximumRepeats
        }
    }

    private static func number(_ level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 2
    }
}
