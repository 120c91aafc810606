import ServiceKit
import Testing

@Suite("Service processes")
struct ServiceProcessTests {
    @Test func `the command line names files, values and what to do`() throws {
        let line = try ServiceCommandLine(parsing: [
            "--config", "a", "--set", "b.c=d", "--config=e", "config", "show", "--origin",
        ])
        #expect(line.files == ["a", "e"])
        #expect(line.overrides == ["b.c=d"])
        #expect(line.action == .showConfiguration(origin: true))
    }

    @Test(arguments: [["--confg", "a"], ["--config"], ["serve"], ["config", "shw"]])
    func `a wrong command line is a usage failure`(arguments: [String]) {
        let failure = #expect(throws: ServiceFailure.self) { try ServiceCommandLine(parsing: arguments) }
        #expect(failure?.status == .usage)
    }

    @Test func `an unknown flag names the nearest one`() {
        let failure = #expect(throws: ServiceFailure.self) { try ServiceCommandLine(parsing: ["--confg", "a"]) }
        #expect(failure?.message.contains("--config") == true)
    }

    @Test func `errors map to the statuses of sysexits`() {
        #expect(ServiceFailure(ConfigurationError(key: "a.b", source: nil, problem: "x")).status == .configuration)
        #expect(ServiceFailure(ServiceFailure(.unavailable, "x")).status == .unavailable)
        #expect(ServiceFailure(CancellationError()).status == .software)
        #expect(ServiceExit.unavailable.rawValue == 69 && ServiceExit.configuration.rawValue == 78)
    }

    @Test func `readiness needs a finished start and every dependency`() {
        let health = HealthState()
        #expect(!health.isReady)
        health.setStarted()
        #expect(health.isReady)
        health.set("engine", ready: false, reason: "loading weights")
        #expect(!health.isReady)
        health.set("engine", ready: true)
        #expect(health.isReady)
        health.setStopping()
        #expect(!health.isReady)
    }

    @Test func `watchers of health see the newest state`() async {
        let health = HealthState()
        var changes = health.changes().makeAsyncIterator()
        await changes.next()
        health.set("engine", ready: false)
        health.setStarted()
        await changes.next()
        #expect(!health.isReady)
        #expect(health.dependencies.map(\.name) == ["engine"])
    }

    @Test func `edit distance finds slips and leaves strangers alone`() {
        #expect(NearestName.to("gatway", among: ["gateway", "worker"]) == "gateway")
        #expect(NearestName.to("gaetway", among: ["gateway", "worker"]) == "gateway")
        #expect(NearestName.to("blockchain", among: ["gateway", "worker"]) == nil)
        #expect(NearestName.to("", among: [String]()) == nil)
    }
}
