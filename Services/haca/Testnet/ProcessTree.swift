import Foundation

/// Who is whose child, from `/proc`, at one moment.
struct ProcessTree: Sendable {
    private let children: [pid_t: [pid_t]]

    init() {
        var children: [pid_t: [pid_t]] = [:]
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = pid_t(name), let parent = Self.parent(of: process) else { continue }
            children[parent, default: []].append(process)
        }
        self.children = children.mapValues { $0.sorted() }
    }

    func children(of process: pid_t) -> [pid_t] { children[process] ?? [] }

    /// Every process below `process`, parents before children.
    func descendants(of process: pid_t) -> [pid_t] {
        var found: [pid_t] = []
        var waiting = children(of: process)
        while let next = waiting.first {
            waiting.removeFirst()
            found.append(next)
            waiting += children(of: next)
        }
        return found
    }

    /// Nil for a process that is gone or dead and not reaped yet.
    private static func parent(of process: pid_t) -> pid_t? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let bracket = text.lastIndex(of: ")")
        else { return nil }
        // proc(5): after the name come the state and the parent.
        let fields = text[text.index(after: bracket)...].split(separator: " ", maxSplits: 2)
        guard fields.count > 1, fields[0] != "Z" else { return nil }
        return pid_t(fields[1])
    }

    /// The process runs: it exists and is not a zombie.
    static func isAlive(_ process: pid_t) -> Bool { parent(of: process) != nil }
}
