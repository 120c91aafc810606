import Foundation

/// What a process costs, from `/proc`.
public struct ProcessUsage: Sendable, Hashable {
    /// User and system time, seconds.
    public let cpuSeconds: Double
    public let residentBytes: Int
    public let threads: Int

    /// Nil when there is no such process.
    public init?(of identifier: Int32) {
        guard let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
            // The command name may hold spaces and brackets; fields are counted from its closing bracket.
            let bracket = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        // proc(5): fields 14 utime, 15 stime, 20 num_threads, 24 rss in pages; state, field 3, is index 0 here.
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let threads = Int(fields[17]), let pages = Int(fields[21])
        else { return nil }
        self.cpuSeconds = (user + system) / Double(max(1, sysconf(CInt(_SC_CLK_TCK))))
        self.residentBytes = pages * max(1, sysconf(CInt(_SC_PAGESIZE)))
        self.threads = threads
    }

    /// Open descriptors of this process.
    static func openFiles() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
}

extension MetricsRegistry {
    /// The metrics every process has.
    func addProcessMetrics(health: HealthState, log: LogOutput, sink: LogSink) {
        gauge("haca_build_info", help: "1, labelled with the build.", labels: ["version", "protocol"])
            .with(BuildVersion.number, String(BuildVersion.protocolVersion)).set(1)
        let up = gauge("haca_up_seconds", help: "Seconds since the process started.")
        let ready = gauge("haca_ready", help: "1 when the process can do its job.")
        let cpu = gauge("haca_process_cpu_seconds", help: "User and system time, seconds.")
        let resident = gauge("haca_process_resident_bytes", help: "Resident memory, bytes.")
        let files = gauge("haca_process_open_files", help: "Open descriptors.")
        let threads = gauge("haca_process_threads", help: "Threads.")
        let lost = gauge("haca_log_lost_lines", help: "Log lines lost to a slow reader.")
        let suppressed = gauge("haca_log_suppressed_lines", help: "Repeated log lines held back.")
        let start = ContinuousClock.now
        onCollect {
            let (seconds, attoseconds) = (ContinuousClock.now - start).components
            up.set(Double(seconds) + Double(attoseconds) * 1e-18)
            ready.set(health.isReady ? 1 : 0)
            files.set(ProcessUsage.openFiles())
            lost.set(sink.dropped)
            suppressed.set(log.suppressed)
            guard let usage = ProcessUsage(of: getpid()) else { return }
            cpu.set(usage.cpuSeconds)
            resident.set(usage.residentBytes)
            threads.set(usage.threads)
        }
    }
}
