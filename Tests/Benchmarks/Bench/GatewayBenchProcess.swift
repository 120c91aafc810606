import Foundation
import ProcessSupervision

/// What the kernel says a process has used.
struct ProcessMeter: Sendable {
    let pid: Int32

    /// User and system time so far, in nanoseconds, at the resolution of the kernel's clock tick.
    var cpuNanoseconds: UInt64 {
        // proc(5): the name may hold spaces, so the fields are counted behind its closing bracket.
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let bracket = text.lastIndex(of: ")")
        else { return 0 }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 12, let user = UInt64(fields[11]), let system = UInt64(fields[12]) else { return 0 }
        return (user + system) * 1_000_000_000 / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Resident memory in bytes.
    var residentBytes: UInt64 {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                UInt64($0)
            })
        else { return 0 }
        return kibibytes << 10
    }

    /// The process that runs `executable` with `argument` somewhere in its command line.
    static func find(executable: String, argument: String) -> ProcessMeter? {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in entries.compactMap({ Int32($0) }) {
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe"),
                target.split(separator: "/").last == executable[...],
                let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
                String(decoding: line, as: UTF8.self).contains(argument)
            else { continue }
            return ProcessMeter(pid: pid)
        }
        return nil
    }
}

/// A command run to its end, and its standard output.
enum BenchCommand {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func run(_ executable: String, _ arguments: [String], limit: Duration) async throws -> [String] {
        let child = try await ChildProcess.launch(specification(executable, arguments))
        guard let status = await child.wait(for: limit) else {
            _ = await child.terminate()
            throw Failure(
                description: "\(executable) \(arguments.joined(separator: " ")): still running after \(limit)")
        }
        let lines = child.lastLines(200)
        guard case .code(0) = status else {
            let tail = lines.suffix(5).map(\.text).joined(separator: "\n")
            throw Failure(description: "\(executable) \(arguments.joined(separator: " ")): \(status)\n\(tail)")
        }
        return lines.filter { $0.stream == .standardOutput }.map(\.text)
    }

    static func specification(_ executable: String, _ arguments: [String]) -> LaunchSpecification {
        LaunchSpecification(
            executable: .path(executable), arguments: arguments,
            // A detached network must outlive the command that starts it, so nothing of its group is reaped.
            grouping: .inherited)
    }
}
