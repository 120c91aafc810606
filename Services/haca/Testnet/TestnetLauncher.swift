import Foundation
import ProcessSupervision
import ServiceKit

/// How each process of a network is started: a service of an enclave below an enclave host that measures it first.
struct TestnetLauncher: Sendable {
    /// What a process inherits from the shell; nothing else leaks into an enclave.
    private static let inherited = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"]

    let layout: TestnetLayout
    let tools: TestnetTools

    func specification(of member: TestnetDescription.Member) -> LaunchSpecification {
        let environment = ProcessInfo.processInfo.environment.filter { Self.inherited.contains($0.key) }
        guard member.isEnclave else {
            return LaunchSpecification(
                executable: .path(executable(of: member)),
                arguments: ["start", "--config", layout.configuration(of: member.name)],
                programName: member.executable, environment: environment, grouping: .ownProcessGroup,
                diesWithParent: true)
        }
        return LaunchSpecification(
            executable: .path(tools.enclave),
            arguments: ["run", "--folder", layout.enclaveFolder] + measuredArguments(of: member)
                + ["--", executable(of: member), "--config", layout.configuration(of: member.name)],
            programName: "haca-enclave", environment: environment, grouping: .ownProcessGroup, diesWithParent: true)
    }

    /// What is hashed into the measurements: the executable (PCR0), the engine's files (PCR1), the configuration with its
    /// drop-ins and the trusted root (PCR2) and the weights (PCR8). The list of approved measurements cannot be among them,
    /// because it holds them.
    func measuredArguments(of member: TestnetDescription.Member) -> [String] {
        var arguments = [
            "--configuration", layout.configuration(of: member.name), "--configuration", layout.enclaveRoot,
        ]
        if member.role == .worker, let engine = tools.engine {
            arguments += engine.files.flatMap { ["--engine", $0] } + ["--weights", engine.weights]
        }
        return arguments
    }

    func executable(of member: TestnetDescription.Member) -> String {
        switch member.role {
        case .worker: tools.worker
        case .gateway: tools.gateway
        case .validator: tools.validator
        }
    }
}

/// Runs a companion program to its end.
enum ToolRun {
    /// What it wrote to standard output.
    ///
    /// - Throws: its last line of standard error and its status when it fails.
    static func output(of executable: String, _ arguments: [String]) async throws(ServiceFailure) -> String {
        let child: ChildProcess
        do {
            child = try await ChildProcess.launch(
                LaunchSpecification(
                    executable: .path(executable), arguments: arguments,
                    outputLimits: OutputLimits(lineBytes: 64 * 1024, lineCount: 1_000)))
        } catch {
            throw ServiceFailure(.unavailable, "\(error)")
        }
        let status = await child.wait()
        let lines = child.lastLines(1_000)
        guard status.isSuccess else {
            let reason = lines.last { $0.stream == .standardError }?.text ?? "\(status)"
            throw ServiceFailure(ServiceExit(rawValue: status.shellCode) ?? .software, reason)
        }
        return lines.filter { $0.stream == .standardOutput }.map { $0.text + "\n" }.joined()
    }
}
