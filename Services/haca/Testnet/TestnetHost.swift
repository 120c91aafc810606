import FaultProxy
import Foundation
import ProcessSupervision
import ServiceKit

/// Runs every process of one local network and stops them so that none is left.
actor TestnetHost {
    let layout: TestnetLayout
    let description: TestnetDescription
    private let members: [TestnetMember]
    private let lock: TestnetLock
    private let links: TestnetLinks
    private let launcher: TestnetLauncher
    private var isStopping = false
    private var isComplete = false

    init(
        layout: TestnetLayout, description: TestnetDescription, lock: TestnetLock, launcher: TestnetLauncher,
        links: TestnetLinks
    ) {
        self.links = links
        self.launcher = launcher
        self.layout = layout
        self.description = description
        self.lock = lock
        self.members = description.members.map { member in
            TestnetMember(member, layout: layout) { launcher.specification(of: member) }
        }
    }

    func start() async {
        for member in members { await member.supervisor.start() }
    }

    /// Every process has been ready once.
    var hasComeUp: Bool { isComplete }

    /// Waits until every process is ready, telling `progress` what it waits for.
    ///
    /// - Throws: the reason why a process can never start, or that `deadline` has passed.
    func waitUntilReady(deadline: Duration, progress: @Sendable (String) async -> Void) async throws {
        let begin = ContinuousClock.now
        while !isStopping {
            var waiting: String?
            for member in members {
                if let failure = await member.fatalStart() { throw failure }
                if waiting == nil { waiting = await member.waitingFor() }
            }
            guard let waiting else {
                isComplete = true
                return
            }
            guard ContinuousClock.now - begin < deadline else {
                throw ServiceFailure(
                    .unavailable,
                    "the network is not ready after \(DurationText.format(deadline)): \(waiting); "
                        + "see haca testnet logs --folder \(layout.folder)")
            }
            await progress(waiting)
            try await Task.sleep(for: .milliseconds(200))
        }
        throw CancellationError()
    }

    func statuses() async -> [ProcessStatus] {
        let tree = ProcessTree()
        // Together: each may wait for its process.
        return await withTaskGroup(of: (Int, [ProcessStatus]).self) { group in
            for (index, member) in members.enumerated() {
                group.addTask { (index, await member.status(tree: tree)) }
            }
            var rows = [[ProcessStatus]](repeating: [], count: members.count)
            for await (index, status) in group { rows[index] = status }
            return rows.flatMap { $0 }.map { row in
                var row = row
                row.links = links.state(of: row.name)
                return row
            }
        }
    }

    /// Sends a signal to `NAME`, `NAME/engine` or `NAME/host`.
    func kill(_ target: String, signal: CInt) async throws -> pid_t {
        let (member, part) = try find(target)
        guard let process = await member.process(part: part) else {
            throw ServiceFailure(.unavailable, "\(target) is not running now")
        }
        guard Foundation.kill(process, signal) == 0 else {
            throw ServiceFailure(.unavailable, "\(target) (process \(process)) cannot be signalled")
        }
        return process
    }

    /// Applies faults to the links of a validator, to all of them when `target` is empty.
    func setFaults(_ faults: LinkFaults, of target: String) throws {
        if target.isEmpty {
            links.set(faults)
        } else {
            links.set(faults, of: try validator(target).description.name)
        }
    }

    /// Takes a validator's chain away, as a new disk does, and starts it again. Its keys and sign state stay.
    func wipe(_ target: String) async throws {
        let member = try validator(target)
        // A paused process cannot stop in order.
        if let process = await member.process(part: nil) { Foundation.kill(process, SIGCONT) }
        await member.supervisor.stop()
        _ = try await ToolRun.output(
            of: launcher.tools.validator, ["unsafe-reset", "--home", layout.data(of: member.description.name)])
        await member.supervisor.start()
    }

    private func validator(_ target: String) throws -> TestnetMember {
        let member = try find(target).member
        guard member.description.role == .validator else {
            throw ServiceFailure(.usage, "\(target) is no validator")
        }
        return member
    }

    /// Stops `NAME` in order and starts it again.
    func restart(_ target: String) async throws {
        try await find(target).member.supervisor.restart()
    }

    private func find(_ target: String) throws -> (member: TestnetMember, part: String?) {
        let parts = target.split(separator: "/", maxSplits: 1).map(String.init)
        let names = members.map(\.description.name)
        // `worker` means the only worker.
        let exact = members.filter { $0.description.name == parts.first }
        let matching = exact.isEmpty ? members.filter { $0.description.role.rawValue == parts.first } : exact
        guard matching.count == 1, let member = matching.first else {
            let nearest = NearestName.to(target, among: names)
            throw ServiceFailure(
                .usage,
                "no process \(target); there are \(names.joined(separator: ", "))"
                    + (nearest.map { "; did you mean \($0)?" } ?? ""))
        }
        let part = parts.count > 1 ? parts[1] : nil
        guard part == nil || part == "engine" || part == "host" else {
            throw ServiceFailure(.usage, "no part \(target); write NAME, NAME/engine or NAME/host")
        }
        return (member, part)
    }

    /// Stops the gateway, then the others, and returns when no process of the network is left.
    func stop() async {
        isStopping = true
        let started = ProcessTree().descendants(of: getpid())
        for member in members.reversed() where member.description.role == .gateway { await member.supervisor.stop() }
        await withTaskGroup(of: Void.self) { group in
            for member in members where member.description.role != .gateway {
                group.addTask { await member.supervisor.stop() }
            }
        }
        await Self.end(started)
        unlink(layout.controlSocket)
        for member in description.members {
            unlink(layout.adminSocket(of: member.name))
            unlink(layout.rpcSocket(of: member.name))
        }
    }

    /// Kills everything at once; `stop()`, which is already waiting, then returns quickly.
    nonisolated func killEverything() {
        for process in ProcessTree().descendants(of: getpid()).reversed() { Foundation.kill(process, SIGKILL) }
    }

    /// Waits for processes that die with their parents, and kills what does not.
    private static func end(_ processes: [pid_t]) async {
        // 50 × 20 ms: the kernel needs far less; the bound is for processes stuck in the kernel.
        for attempt in 0..<50 {
            let alive = processes.filter(ProcessTree.isAlive)
            if alive.isEmpty { return }
            if attempt == 25 {
                for process in alive where ProcessTree().descendants(of: getpid()).contains(process) {
                    Foundation.kill(process, SIGKILL)
                }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
