import CLaunch
import Foundation
import Synchronization

/// A running child process and its output.
///
/// Each child has one thread of its own, which starts it, reads its output and reaps it, so that nothing here blocks a
/// task. If the child leads a process group, whatever is left of that group is killed when the leader ends.
public final class ChildProcess: Sendable {
    /// The process identifier; also the group's where the child leads one.
    public let pid: pid_t
    private let leadsGroup: Bool
    private let state: Mutex<Condition>

    private struct Condition {
        var exit: ExitStatus?
        var isReaped = false
        var ring: LineRing
        var nextWaiter: UInt64 = 0
        var waiters: [CheckedContinuation<ExitStatus, Never>] = []
        var cancellableWaiters: [UInt64: CheckedContinuation<ExitStatus?, Never>] = [:]
    }

    private init(pid: pid_t, leadsGroup: Bool, limits: OutputLimits) {
        self.pid = pid
        self.leadsGroup = leadsGroup
        state = Mutex(Condition(ring: LineRing(capacity: limits.lineCount)))
    }

    /// Starts a process and returns once it runs the new program.
    ///
    /// Dropping the returned value does not end the process.
    /// - Throws: ``LaunchError``, also when the program itself cannot be executed.
    public static func launch(_ specification: LaunchSpecification) async throws(LaunchError) -> ChildProcess {
        let result: Result<ChildProcess, LaunchError> = await withCheckedContinuation { continuation in
            let thread = Thread { attend(specification, continuation) }
            thread.name = "haca-child"
            thread.stackSize = 512 * 1024
            thread.start()
        }
        return try result.get()
    }

    // MARK: - Ending

    /// How the process ended, or nil while it runs.
    public var exitStatus: ExitStatus? { state.withLock { $0.exit } }

    /// Whether the process has not been reaped yet.
    public var isRunning: Bool { exitStatus == nil }

    /// Waits until the process has ended and its output is read. Cancelling the task does not end the wait.
    public func wait() async -> ExitStatus {
        await withCheckedContinuation { continuation in
            let exit: ExitStatus? = state.withLock {
                if $0.exit == nil { $0.waiters.append(continuation) }
                return $0.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Waits as ``wait()`` does, or until the task is cancelled, which gives nil.
    public func waitUnlessCancelled() async -> ExitStatus? {
        let identifier: UInt64 = state.withLock {
            $0.nextWaiter += 1
            return $0.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known: ExitStatus?? = state.withLock {
                    if let exit = $0.exit { return .some(exit) }
                    if Task.isCancelled { return .some(nil) }
                    $0.cancellableWaiters[identifier] = continuation
                    return .none
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.cancellableWaiters.removeValue(forKey: identifier) }
            waiter?.resume(returning: nil)
        }
    }

    /// Waits for at most `limit`; nil if the process still runs then.
    public func wait(for limit: Duration) async -> ExitStatus? {
        await withTaskGroup(of: ExitStatus?.self) { group in
            group.addTask { await self.waitUnlessCancelled() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    /// Sends a signal to the process alone. Does nothing once the process has ended.
    /// - Returns: whether it was sent.
    @discardableResult
    public func signal(_ number: CInt) -> Bool {
        state.withLock { $0.isReaped ? false : kill(pid, number) == 0 }
    }

    /// Sends a signal to the process and, where it leads a group, to everything in the group.
    /// - Returns: whether it was sent.
    @discardableResult
    public func signalGroup(_ number: CInt) -> Bool {
        state.withLock { $0.isReaped ? false : kill(leadsGroup ? -pid : pid, number) == 0 }
    }

    /// Ends the process and its group: SIGTERM, and SIGKILL if the process still runs when `grace` is over. Nothing of
    /// the group is left when this returns.
    public func terminate(grace: Duration = .seconds(10)) async -> ExitStatus {
        signalGroup(SIGTERM)
        if let exit = await wait(for: grace) { return exit }
        signalGroup(SIGKILL)
        return await wait()
    }

    // MARK: - Output

    /// The newest captured lines of both streams, oldest first.
    public func lastLines(_ count: Int = 20) -> [OutputLine] { state.withLock { $0.ring.last(count) } }
}

// MARK: - The child's own thread

extension ChildProcess {
    private static func attend(
        _ specification: LaunchSpecification,
        _ continuation: CheckedContinuation<Result<ChildProcess, LaunchError>, Never>
    ) {
        let child: ChildProcess
        var streams: [CapturedStream]
        do throws(LaunchError) {
            var plan = try LaunchPlan(specification)
            let pid = try plan.start()
            child = ChildProcess(
                pid: pid, leadsGroup: specification.grouping != .inherited, limits: specification.outputLimits)
            streams = plan.captured.map {
                CapturedStream(
                    descriptor: $0.descriptor, sink: $0.sink,
                    assembler: LineAssembler(stream: $0.stream, lineBytes: specification.outputLimits.lineBytes))
            }
        } catch {
            continuation.resume(returning: .failure(error))
            return
        }
        continuation.resume(returning: .success(child))
        child.follow(&streams)
    }

    private struct CapturedStream {
        let descriptor: CInt
        let sink: @Sendable (OutputLine) -> Void
        var assembler: LineAssembler
    }

    /// Reads the child's output until it has ended, then reaps it and whatever is left of its group.
    private func follow(_ streams: inout [CapturedStream]) {
        let processDescriptor = claunch_process_descriptor(pid)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        repeat {
            var polled = streams.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            // A kernel without process descriptors is asked every 20 ms instead.
            if processDescriptor >= 0 {
                polled.append(pollfd(fd: processDescriptor, events: Int16(POLLIN), revents: 0))
            }
            _ = poll(&polled, nfds_t(polled.count), processDescriptor >= 0 ? -1 : 20)
            readAvailable(&streams, &buffer)
        } while claunch_has_ended(pid) == 0
        if processDescriptor >= 0 { close(processDescriptor) }

        // The unreaped leader still holds its number, so this reaches its own group and no other.
        if leadsGroup { kill(-pid, SIGKILL) }
        while readAvailable(&streams, &buffer) {}
        for index in streams.indices { closeStream(&streams[index]) }
        let exit: ExitStatus = state.withLock {
            var code: CInt = 0
            var signalled: CInt = 0
            let failure = claunch_reap(pid, &code, &signalled)
            $0.isReaped = true
            if failure != 0 { return .signal(SIGKILL) }
            return signalled != 0 ? .signal(code) : .code(code)
        }
        if leadsGroup { waitForEmptyGroup() }
        announce(exit)
    }

    /// Takes what each stream has, at most one buffer each.
    /// - Returns: whether anything was read.
    @discardableResult
    private func readAvailable(_ streams: inout [CapturedStream], _ buffer: inout [UInt8]) -> Bool {
        var hasRead = false
        var index = 0
        while index < streams.count {
            let count = read(streams[index].descriptor, &buffer, buffer.count)
            if count > 0 {
                hasRead = true
                let sink = streams[index].sink
                buffer.withUnsafeBytes { bytes in
                    streams[index].assembler.append(UnsafeRawBufferPointer(rebasing: bytes[..<count])) {
                        keep($0, sink)
                    }
                }
                index += 1
            } else if count < 0, errno == EAGAIN || errno == EINTR {
                index += 1
            } else {
                closeStream(&streams[index])
                streams.remove(at: index)
            }
        }
        return hasRead
    }

    private func closeStream(_ stream: inout CapturedStream) {
        let sink = stream.sink
        stream.assembler.finish { keep($0, sink) }
        close(stream.descriptor)
    }

    private func keep(_ line: OutputLine, _ sink: @Sendable (OutputLine) -> Void) {
        state.withLock { $0.ring.append(line) }
        sink(line)
    }

    /// Killed processes take a moment to go. Bounded, because one that init never reaps stays in its group for ever.
    private func waitForEmptyGroup() {
        for _ in 0..<200 where kill(-pid, 0) == 0 { usleep(1_000) }
    }

    private func announce(_ exit: ExitStatus) {
        let (waiters, cancellable) = state.withLock { condition in
            condition.exit = exit
            defer {
                condition.waiters.removeAll()
                condition.cancellableWaiters.removeAll()
            }
            return (condition.waiters, Array(condition.cancellableWaiters.values))
        }
        for waiter in waiters { waiter.resume(returning: exit) }
        for waiter in cancellable { waiter.resume(returning: exit) }
    }
}
