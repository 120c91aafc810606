import Dispatch
import Foundation
import Logging
import RPC
import Synchronization

/// Runs a service process from its first line to its exit status.
///
/// ```swift
/// @main struct Worker {
///     static func main() async {
///         await ServiceRunner.main(name: "haca-worker", summary: "runs models", keys: WorkerKeys.all) { service in
///             let server = RPCServer(…)
///             let bound = try await server.start()
///             service.onStop("rpc") { await server.shutdown(gracePeriod: .seconds(10)) }
///             service.started()
///             await service.untilStopped()
///         }
///     }
/// }
/// ```
public enum ServiceRunner {
    /// Reads the command line, runs `body` until it returns or a stop is asked for, and ends the process.
    ///
    /// SIGTERM and SIGINT begin the graceful stop: `untilStopped()` returns, then the stop actions run, bounded by
    /// `stop.deadline`. A second signal ends the process at once. SIGHUP reloads what is reloadable.
    public static func main(
        name: String, summary: String, keys: [ConfigurationKey],
        arguments: [String] = Array(CommandLine.arguments.dropFirst()),
        environment: [String: String] = ProcessInfo.processInfo.environment,
        body: @escaping @Sendable (ServiceContext) async throws -> Void
    ) async -> Never {
        do {
            let line = try ServiceCommandLine(parsing: arguments)
            switch line.action {
            case .help:
                print(ServiceCommandLine.helpText(name: name, summary: summary, keys: StandardKeys.all + keys))
            case .version:
                print("\(name) \(BuildVersion.number)")
            case .showConfiguration(let origin):
                print(try configuration(of: line, keys: keys, environment: environment).rendered(origin: origin))
            case .checkConfiguration:
                _ = try configuration(of: line, keys: keys, environment: environment)
                print("\(name): the configuration is valid")
            case .run:
                let load: @Sendable () throws(ConfigurationError) -> ServiceConfiguration = {
                    () throws(ConfigurationError) -> ServiceConfiguration in
                    try configuration(of: line, keys: keys, environment: environment)
                }
                try await run(name: name, load: load, body: body)
            }
            exit(ServiceExit.success.rawValue)
        } catch {
            end(name: name, ServiceFailure(error))
        }
    }

    private static func run(
        name: String, load: @escaping @Sendable () throws(ConfigurationError) -> ServiceConfiguration,
        body: @escaping @Sendable (ServiceContext) async throws -> Void
    ) async throws {
        let configuration = try load()
        ProcessLimits.forbidCoreFiles()
        ProcessLimits.raiseOpenFiles()
        let sink = LogSink(descriptor: STDOUT_FILENO)
        let log = try LogOutput(service: name, configuration: configuration, sink: sink)
        LoggingSystem.bootstrap { ServiceLogHandler(label: $0, output: log) }
        let metrics = MetricsRegistry()
        let health = HealthState()
        metrics.addProcessMetrics(health: health, log: log, sink: sink)
        let service = ServiceContext(
            name: name, instance: try configuration.string("service.instance"), configuration: configuration, log: log,
            metrics: metrics, health: health)
        let deadline = try configuration.duration("stop.deadline")
        let signals = handleSignals(service: service, load: load, deadline: deadline)
        defer { withExtendedLifetime(signals) {} }

        let admin = AdminServer(service: name, instance: service.instance, metrics: metrics, health: health)
        try await admin.start(listen: configuration.strings("admin.listen"), configuration: configuration)
        let operations = try await startOperations(service)
        do {
            try await body(service)
        } catch {
            let failure = ServiceFailure(error)
            service.logger.error("\(failure.message)", metadata: ["event": "service.failed"])
            armDeadline(deadline, status: failure.status, service: service)
            await service.runStopActions()
            await operations?.shutdown(gracePeriod: .zero)
            await admin.stop()
            log.flush()
            throw failure
        }
        service.stop()
        armDeadline(deadline, status: .success, service: service)
        await service.runStopActions()
        await operations?.shutdown(gracePeriod: .zero)
        await admin.stop()
        service.logger.info("\(name) stopped", metadata: ["event": "service.stopped"])
        log.flush()
    }

    /// Health, reflection and echo over RPC on a Unix socket that only this user reaches.
    private static func startOperations(_ service: ServiceContext) async throws -> RPCServer? {
        guard let text = try service.configuration.optionalString("admin.rpc") else { return nil }
        guard case .unix(let path)? = try? RPCEndpoint(parsing: text) else {
            throw service.configuration.invalid("admin.rpc", "write unix:/path")
        }
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .unix(path: path), network: try service.configuration.string("network.id"),
                security: .plaintext, logger: service.log.logger(label: "admin.rpc")),
            services: OperationsServices.all(health: service.health) { service.publishedMethods })
        do {
            _ = try await server.start()
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot listen on \(text): \(error); set admin.rpc to another path")
        }
        chmod(path, 0o600)
        return server
    }

    private static func handleSignals(
        service: ServiceContext, load: @escaping @Sendable () throws(ConfigurationError) -> ServiceConfiguration,
        deadline: Duration
    ) -> ProcessSignals {
        let stop: @Sendable () -> Void = {
            if service.isStopping {
                service.log.flush()
                exit(ServiceExit.success.rawValue)
            }
            service.logger.info("stopping", metadata: ["event": "service.stopping"])
            armDeadline(deadline, status: .success, service: service)
            service.stop()
        }
        return ProcessSignals([
            SIGTERM: stop,
            SIGINT: stop,
            SIGHUP: {
                Task {
                    do {
                        let fresh = try load()
                        if let level = Logger.Level(rawValue: try fresh.string("log.level")) {
                            service.log.level = level
                        }
                        await service.reload()
                        service.logger.notice("reloaded", metadata: ["event": "config.reloaded"])
                    } catch {
                        service.logger.error("not reloaded: \(error)", metadata: ["event": "config.refused"])
                    }
                }
            },
        ])
    }

    /// Crash-only: what has not stopped in time does not need to.
    private static func armDeadline(_ deadline: Duration, status: ServiceExit, service: ServiceContext) {
        let milliseconds = Int(deadline / .milliseconds(1))
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) {
            service.logger.warning("stop.deadline reached, leaving now", metadata: ["event": "service.stop_deadline"])
            service.log.flush()
            exit(status.rawValue)
        }
    }

    /// What the layers say now.
    private static func configuration(
        of line: ServiceCommandLine, keys: [ConfigurationKey], environment: [String: String]
    ) throws(ConfigurationError) -> ServiceConfiguration {
        try ServiceConfiguration(
            keys: keys, files: line.files, overrides: line.overrides, environment: environment,
            enclaveFiles: EnclaveFiles.inherited(environment: environment))
    }

    /// One clear line on standard error, and the status.
    private static func end(name: String, _ failure: ServiceFailure) -> Never {
        // On a full disk the line is lost and the status remains.
        try? FileHandle.standardError.write(contentsOf: Data("\(name): \(failure.message)\n".utf8))
        exit(failure.status.rawValue)
    }
}

extension LogOutput {
    /// Level and format as configured; `auto` is coloured lines on a terminal, JSON elsewhere.
    convenience init(service: String, configuration: ServiceConfiguration, sink: LogSink) throws(ConfigurationError) {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let format: LogFormat =
            switch try configuration.string("log.format") {
            case "json": .json
            case "console": .console(coloured: isTerminal)
            default: isTerminal ? .console(coloured: true) : .json
            }
        self.init(
            service: service, instance: try configuration.string("service.instance"), format: format, sink: sink,
            level: Logger.Level(rawValue: try configuration.string("log.level")) ?? .info)
    }
}
