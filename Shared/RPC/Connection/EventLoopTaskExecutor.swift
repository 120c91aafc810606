import DequeModule
import NIOCore
import NIOPosix

/// Task executors of event loops, for those who serve connections of their own beside the RPC layer's.
public enum EventLoopExecution {
    /// The executor of the loop the caller runs on. A task that prefers it changes no thread to answer what the loop has read
    /// or to call over a connection of the same loop; it must neither block nor compute for more than 100 µs.
    public static func executor(here loop: any EventLoop) -> any TaskExecutor { EventLoopTaskExecutor.here(loop) }
}

/// Runs tasks on an event loop, so that a frame's handler needs no other thread.
///
/// `@unchecked Sendable`: everything mutable is touched on the loop only.
final class EventLoopTaskExecutor: TaskExecutor, @unchecked Sendable {
    /// Jobs run in a row before sockets get their turn again.
    private static let burst = 256

    let loop: any EventLoop

    private var jobs = Deque<UnownedJob>()
    /// Connections with bytes to flush once the jobs have run.
    private var dirty: [Connection] = []
    private var isDraining = false
    private var isScheduled = false
    /// A connection is handing out frames and will drain when it has handed out all.
    private var isDeferred = false

    private init(loop: any EventLoop) {
        self.loop = loop
    }

    private static let current = ThreadSpecificVariable<EventLoopTaskExecutor>()

    /// The executor of the loop the caller runs on.
    static func here(_ loop: any EventLoop) -> EventLoopTaskExecutor {
        loop.preconditionInEventLoop()
        if let executor = current.currentValue, executor.loop === loop { return executor }
        let executor = EventLoopTaskExecutor(loop: loop)
        current.currentValue = executor
        return executor
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if loop.inEventLoop {
            jobs.append(job)
            schedule()
        } else {
            loop.execute {
                self.jobs.append(job)
                self.drain()
            }
        }
    }

    /// Flushes a connection after the jobs that are due.
    func flushLater(_ connection: Connection) {
        dirty.append(connection)
        schedule()
    }

    /// Frames are coming: jobs wait until `drain`.
    func deferJobs() {
        isDeferred = true
    }

    /// Runs what is due, then flushes what it wrote.
    func drain() {
        isDeferred = false
        guard !isDraining else { return }
        isDraining = true
        var left = Self.burst
        while left > 0, let job = jobs.popFirst() {
            job.runSynchronously(on: asUnownedTaskExecutor())
            left -= 1
        }
        while let connection = dirty.popLast() { connection.flush() }
        isDraining = false
        if !jobs.isEmpty { schedule() }
    }

    private func schedule() {
        guard !isDraining, !isDeferred, !isScheduled else { return }
        isScheduled = true
        loop.execute {
            self.isScheduled = false
            self.drain()
        }
    }
}
