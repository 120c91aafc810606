import Foundation
import NIOCore
import NIOPosix
import ServiceKit
import Synchronization

/// `testnet up`: prepares, runs and shows a network until it is told to stop.
struct TestnetForeground: Sendable {
    let layout: TestnetLayout
    let options: TestnetOptions
    /// Nobody watches: plain lines, and no ^C.
    let isBackground: Bool

    func run() async throws {
        ProcessLimits.raiseOpenFiles()
        let tools = try TestnetTools(options: options)
        try layout.makeFolders()
        let lock = try TestnetLock(layout: layout)
        let description = try options.describe(network: "local")
        let links = try await TestnetLinks(description.validators)
        var preparation = TestnetPreparation(layout: layout, tools: tools, description: description, links: links)
        CommandOutput.write("preparing \(layout.folder)\n")
        try await preparation.run()
        let host = TestnetHost(
            layout: layout, description: preparation.description, lock: lock, launcher: preparation.launcher,
            links: links)
        let server = try await ControlServer(path: layout.controlSocket)
        let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let signals = handleSignals(host: host, stop: stop)
        defer { withExtendedLifetime(signals) {} }

        let control = Task { [self] in
            await server.run { request in await answer(request, host: host, stop: stop) }
        }
        let result = await shown(host: host, stops: stops)
        CommandOutput.write("stopping\n")
        await host.stop()
        await links.stop()
        control.cancel()
        await control.value
        unlink(layout.controlSocket)
        CommandOutput.write("stopped, no process left\n")
        withExtendedLifetime(lock) {}
        try result.get()
    }

    // MARK: - Showing

    private func shown(host: TestnetHost, stops: AsyncStream<Void>) async -> Result<Void, any Error> {
        await withTaskGroup(of: Result<Void, any Error>.self) { group in
            group.addTask {
                for await _ in stops { break }
                return .success(())
            }
            group.addTask { [self] in
                do {
                    try await show(host: host)
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            let first = await group.next() ?? .success(())
            group.cancelAll()
            if case .failure(let error) = first, error is CancellationError { return .success(()) }
            return first
        }
    }

    private func show(host: TestnetHost) async throws {
        let isLive = Terminal.isInteractive && !isBackground
        let screen = Mutex(LiveDisplay())
        let begin = ContinuousClock.now
        let plain = PlainProgress()
        await host.start()
        try await host.waitUntilReady(deadline: DurationText.parse(options.wait) ?? .seconds(300)) { waiting in
            let seconds = (ContinuousClock.now - begin).components.seconds
            let line = "waiting for \(waiting) (\(seconds) s)"
            if isLive {
                let rows = await host.statuses()
                screen.withLock { $0.show(Self.table(rows) + [String(line.prefix(Terminal.columns - 1))]) }
            } else {
                plain.show(waiting: waiting, seconds: seconds)
            }
        }
        let duration = ContinuousClock.now - begin
        try await TestnetEndpoints.saveLeaf(of: host.description, layout: layout)
        let text = TestnetEndpoints.text(host.description, layout: layout, after: duration)
        guard isLive else {
            CommandOutput.write(text + "\n")
            // From here on the other commands show what happens.
            for await _ in AsyncStream<Void>(unfolding: { try? await Task.sleep(for: .seconds(3_600)) }) {
                if Task.isCancelled { return }
            }
            return
        }
        screen.withLock { $0.printAbove(text + "\n") }
        while !Task.isCancelled {
            let rows = await host.statuses()
            screen.withLock { $0.show(Self.table(rows) + ["^C stops the network"]) }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private static func table(_ rows: [ProcessStatus]) -> [String] {
        StatusTable.lines(rows, width: Terminal.columns, coloured: true)
    }

    // MARK: - Signals and the other commands

    private func handleSignals(host: TestnetHost, stop: AsyncStream<Void>.Continuation) -> ProcessSignals {
        let count = Mutex(0)
        let handler: @Sendable () -> Void = {
            let pressed = count.withLock {
                $0 += 1
                return $0
            }
            stop.yield()
            // The second time nobody wants to wait for an orderly stop.
            if pressed > 1 { host.killEverything() }
        }
        return ProcessSignals([SIGINT: handler, SIGTERM: handler, SIGHUP: handler])
    }

    private func answer(
        _ request: ControlRequest, host: TestnetHost, stop: AsyncStream<Void>.Continuation
    ) async -> ControlAnswer {
        do {
            var answer = ControlAnswer()
            switch request.command {
            case .status:
                answer.processes = await host.statuses()
                let hasComeUp = await host.hasComeUp
                answer.isReady = hasComeUp && answer.processes.allSatisfy { $0.state == "ready" }
            case .stop: stop.yield()
            case .kill: answer.pid = try await host.kill(request.target ?? "", signal: request.signal ?? SIGKILL)
            case .faults: try await host.setFaults(request.faults?.faults ?? .none, of: request.target ?? "")
            case .wipe: try await host.wipe(request.target ?? "")
            case .restart: try await host.restart(request.target ?? "")
            }
            return answer
        } catch {
            let failure = ServiceFailure(error)
            return ControlAnswer(error: failure.message, exitStatus: failure.status.rawValue)
        }
    }
}

/// Progress where nothing can be redrawn: a line when the reason changes, and one every ten seconds.
private final class PlainProgress: Sendable {
    private let last = Mutex<(text: String, seconds: Int64)>(("", 0))

    func show(waiting: String, seconds: Int64) {
        let isDue = last.withLock { last in
            guard last.text != waiting || seconds >= last.seconds + 10 else { return false }
            last = (waiting, seconds)
            return true
        }
        if isDue { CommandOutput.write("waiting for \(waiting) (\(seconds) s)\n") }
    }
}
