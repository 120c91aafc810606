import Foundation
import Logging
import ProcessSupervision
import Synchronization
import Testing

private let quickPolicy = Supervisor.Policy(
    backoff: RestartBackoff(initial: .milliseconds(1), maximum: .milliseconds(20)), readinessInterval: .milliseconds(2),
    stopGrace: .seconds(20))

private func quiet() -> Logger {
    Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

@Suite struct `Supervisor of a process` {
    @Test func `a killed process is started again`() async throws {
        let supervisor = Supervisor(
            name: "sleeper", policy: quickPolicy, logger: quiet(), specification: { shell("sleep 1000") })
        await supervisor.start()
        #expect(await supervisor.waitUntilReady())
        let first = try #require(await supervisor.child)
        kill(first.pid, SIGKILL)
        let hasNewProcess = await eventually {
            if case .ready(let pid) = await supervisor.state { return pid != first.pid }
            return false
        }
        #expect(hasNewProcess)
        #expect(await supervisor.restartCount == 1)
        #expect(await supervisor.history.map(\.status) == [.signal(SIGKILL)])
        let second = try #require(await supervisor.child)
        await supervisor.stop()
        #expect(!isAlive(second.pid))
        #expect(await supervisor.state == .stopped(reason: "stopped"))
    }

    @Test func `stopping leaves no grandchild and can be followed by a start`() async throws {
        let supervisor = Supervisor(
            name: "family", policy: quickPolicy, logger: quiet(),
            specification: { shell("sleep 1000 & echo $!; wait") },
            isReady: { !$0.lastLines().isEmpty })
        for _ in 0..<2 {
            await supervisor.start()
            #expect(await supervisor.waitUntilReady())
            let grandchild = try #require(await supervisor.lastLines().first.flatMap { Int32($0.text) })
            #expect(isAlive(grandchild))
            await supervisor.stop()
            #expect(!isAlive(grandchild))
        }
    }

    @Test func `stopping during readiness, backing off and before starting returns`() async throws {
        let neverReady = Supervisor(
            name: "slow", policy: quickPolicy, logger: quiet(), specification: { shell("sleep 1000") },
            isReady: { _ in false })
        await neverReady.stop()
        await neverReady.start()
        _ = await eventually { await neverReady.child != nil }
        await neverReady.stop()
        #expect(await neverReady.child == nil)

        var patient = quickPolicy
        patient.backoff = RestartBackoff(initial: .seconds(3_600), maximum: .seconds(3_600))
        let failing = Supervisor(name: "failing", policy: patient, logger: quiet(), specification: { shell("exit 1") })
        await failing.start()
        let backsOff = await eventually {
            if case .backingOff = await failing.state { true } else { false }
        }
        #expect(backsOff)
        await failing.stop()
        #expect(await failing.state == .stopped(reason: "stopped"))
    }

    @Test func `a process that misses its readiness deadline is ended and started again`() async throws {
        var policy = quickPolicy
        policy.readinessDeadline = .milliseconds(20)
        let attempts = Mutex(0)
        let supervisor = Supervisor(
            name: "late", policy: policy, logger: quiet(),
            specification: {
                attempts.withLock { $0 += 1 }
                return shell("sleep 1000")
            },
            isReady: { _ in attempts.withLock { $0 >= 2 } })
        await supervisor.start()
        #expect(await supervisor.waitUntilReady())
        #expect(await supervisor.history.first?.reason == "not ready within 0.02 seconds")
        #expect(await supervisor.history.first?.status == .signal(SIGTERM))
        await supervisor.stop()
    }

    @Test func `a program that cannot be started is given up on after the limit`() async throws {
        var policy = quickPolicy
        policy.failureLimit = 3
        let supervisor = Supervisor(
            name: "missing", policy: policy, logger: quiet(),
            specification: { LaunchSpecification(executable: .path("/no/such/program")) })
        await supervisor.start()
        #expect(await !supervisor.waitUntilReady())
        #expect(await supervisor.history.count == 3)
        #expect(await supervisor.history.allSatisfy { $0.pid == nil && $0.reason.contains("No such file") })
    }

    @Test func `the output of the last run stays readable while nothing runs`() async throws {
        var policy = quickPolicy
        policy.failureLimit = 1
        let supervisor = Supervisor(
            name: "talker", policy: policy, logger: quiet(), specification: { shell("echo the reason >&2; exit 1") })
        await supervisor.start()
        _ = await eventually {
            if case .stopped(let reason) = await supervisor.state { reason.hasPrefix("gave up") } else { false }
        }
        #expect(await supervisor.lastLines().map(\.text) == ["the reason"])
    }

    @Test func `a restart on request does not wait`() async throws {
        var policy = quickPolicy
        policy.backoff = RestartBackoff(initial: .seconds(3_600), maximum: .seconds(3_600))
        let supervisor = Supervisor(
            name: "again", policy: policy, logger: quiet(), specification: { shell("sleep 1000") })
        await supervisor.start()
        #expect(await supervisor.waitUntilReady())
        let first = await supervisor.child?.pid
        await supervisor.restart()
        let isBack = await eventually {
            if case .ready(let pid) = await supervisor.state { pid != first } else { false }
        }
        #expect(isBack)
        await supervisor.stop()
    }

    @Test func `waits double up to the cap and vary by the jitter only`() {
        let backoff = RestartBackoff(initial: .milliseconds(100), maximum: .seconds(1), jitter: 0)
        var generator = SystemRandomNumberGenerator()
        let waits = [1, 2, 3, 4, 5, 60, .max].map { backoff.delay(afterFailures: $0, using: &generator) }
        #expect(waits == [100, 200, 400, 800, 1_000, 1_000, 1_000].map { .milliseconds($0) })
        let varied = RestartBackoff(initial: .seconds(1), maximum: .seconds(1), jitter: 0.25)
        for _ in 0..<1_000 {
            let delay = varied.delay(afterFailures: 1, using: &generator)
            #expect(delay >= .milliseconds(750) && delay <= .milliseconds(1_250))
        }
    }
}
