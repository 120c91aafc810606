import Foundation
import Logging
import Primitives
import ProcessSupervision
import ServiceKit

/// One supervised process of the network with what is shown of it.
final class TestnetMember: Sendable {
    let description: TestnetDescription.Member
    let supervisor: Supervisor
    let log: ProcessLog
    private let adminSocket: String

    init(
        _ description: TestnetDescription.Member, layout: TestnetLayout,
        launch: @escaping @Sendable () async throws -> LaunchSpecification
    ) {
        self.description = description
        let log = ProcessLog(path: layout.log(of: description.name))
        self.log = log
        let socket = layout.adminSocket(of: description.name)
        self.adminSocket = socket
        // A service gives its own stop 10 s; the supervisor waits a little longer before it kills.
        let policy = Supervisor.Policy(stopGrace: .seconds(12))
        self.supervisor = Supervisor(
            name: description.name, policy: policy, logger: Logger(label: "testnet") { _ in SwiftLogNoOpLogHandler() },
            specification: {
                var specification = try await launch()
                specification.standardOutput = .lines { log.append($0.text) }
                specification.standardError = .lines { log.append($0.text) }
                return specification
            },
            isReady: { _ in await AdminClient.readiness(socket: socket)?.isReady ?? false })
    }

    /// The member's row, and one for each process that its service runs itself, such as an engine.
    func status(tree: ProcessTree) async -> [ProcessStatus] {
        let state = await supervisor.state
        let restarts = await supervisor.restartCount
        let host = await supervisor.child?.pid
        let service = description.isEnclave ? host.flatMap { tree.children(of: $0).first } : host
        // A stopped process would be waited for in vain.
        let isPaused = Self.isPaused(service)
        let unready = isPaused ? nil : await unreadiness(state)
        let word = isPaused ? "paused" : unready == nil ? Self.word(state) : "not ready"
        var rows = [
            ProcessStatus(
                name: description.name, state: word,
                pid: service ?? host, port: description.port,
                residentBytes: Self.resident(description.isEnclave ? [host, service] : [host]), restarts: restarts,
                line: unready ?? line(state: state),
                chain: await chain(state: state, isPaused: isPaused))
        ]
        guard description.isEnclave else { return rows }
        for child in service.map(tree.children(of:)) ?? [] {
            rows.append(
                ProcessStatus(
                    name: "\(description.name)/engine", state: word, pid: child, port: nil,
                    residentBytes: Self.resident([child]), restarts: restarts, line: ""))
        }
        return rows
    }

    /// What a start-up still waits for, in words.
    func waitingFor() async -> String? {
        switch await supervisor.state {
        case .ready: return nil
        case .backingOff(_, let reason): return "\(description.name): \(reason), starting it again"
        case .stopped(let reason): return "\(description.name): \(reason)"
        case .starting:
            let reason = await AdminClient.readiness(socket: adminSocket)?.reason ?? ""
            return "\(description.name): \(reason.isEmpty ? "starting" : reason)"
        }
    }

    /// Starts that may fail before the network is up for the first time.
    private static let maximumFailedStarts = 5

    /// The failure of a start that will not succeed, by its exit status or its repetition; nil while there is hope.
    func fatalStart() async -> ServiceFailure? {
        let history = await supervisor.history
        guard case .code(let code)? = history.last?.status else { return nil }
        let status = ServiceExit(rawValue: code) ?? .software
        let isFinal = [.usage, .configuration, .cannotCreate, .unavailable].contains(status)
        guard isFinal || history.count >= Self.maximumFailedStarts else { return nil }
        let last = log.lastLine
        return ServiceFailure(
            status == .success ? .software : status,
            "\(description.name) does not start: \(last.isEmpty ? "exit status \(code)" : last) (log: \(log.path))")
    }

    /// The process a signal is for: the service below its enclave host, `engine` below that, or the `host` itself.
    func process(part: String?) async -> pid_t? {
        guard let host = await supervisor.child?.pid else { return nil }
        guard description.isEnclave else { return part == nil ? host : nil }
        let tree = ProcessTree()
        let service = tree.children(of: host).first
        switch part {
        case nil: return service ?? host
        case "host"?: return host
        case "engine"?: return service.flatMap { tree.children(of: $0).first }
        default: return nil
        }
    }

    /// Why a process that has been ready once does not answer so now; nil if it does, and for any other state. The supervisor
    /// itself asks only until the first time.
    private func unreadiness(_ state: Supervisor.State) async -> String? {
        guard case .ready = state else { return nil }
        guard let readiness = await AdminClient.readiness(socket: adminSocket) else {
            return "does not answer on its admin socket"
        }
        return readiness.isReady ? nil : readiness.reason.isEmpty ? "not ready" : readiness.reason
    }

    private func line(state: Supervisor.State) -> String {
        switch state {
        case .backingOff(let delay, let reason):
            return "\(reason); next start in \(DurationText.format(.milliseconds(Int(delay / .milliseconds(1)))))"
        case .stopped(let reason): return reason
        case .starting, .ready: return log.lastLine
        }
    }

    /// Where a validator stands, as it says itself; nil for other processes and while it does not answer.
    private func chain(state: Supervisor.State, isPaused: Bool) async -> ChainPosition? {
        guard description.role == .validator, !isPaused, ["ready", "starting"].contains(Self.word(state)) else {
            return nil
        }
        return await AdminClient.chainPosition(socket: adminSocket)
    }

    /// The kernel has stopped the process on a signal.
    private static func isPaused(_ process: pid_t?) -> Bool {
        guard let process, let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let bracket = text.lastIndex(of: ")")
        else { return false }
        return text[text.index(after: bracket)...].drop { $0 == " " || $0 == ")" }.first == "T"
    }

    private static func word(_ state: Supervisor.State) -> String {
        switch state {
        case .starting: "starting"
        case .ready: "ready"
        case .backingOff: "restarting"
        case .stopped: "stopped"
        }
    }

    private static func resident(_ processes: [pid_t?]) -> Int? {
        let sizes = processes.compactMap { $0.flatMap { ProcessUsage(of: $0)?.residentBytes } }
        return sizes.isEmpty ? nil : sizes.reduce(0, +)
    }
}
