import Foundation
import ProcessSupervision
import ServiceKit
import Synchronization

/// `testnet up --detach`: starts the supervisor in a session of its own and waits until the network is ready.
enum TestnetBackground {
    static func start(folder: FolderOption, options: TestnetOptions) async throws {
        let layout = folder.layout
        _ = try TestnetTools(options: options)
        try layout.makeFolders()
        try TestnetLock.requireFree(layout: layout)
        // The supervisor could not even write its reason then.
        try TestnetPreparation.requireSpace(layout)
        unlink(layout.supervisorLog)
        let arguments = ["testnet", "up", "--background", "--folder", layout.folder] + options.arguments
        let child: ChildProcess
        do {
            child = try await ChildProcess.launch(
                LaunchSpecification(
                    executable: .path("/proc/self/exe"), arguments: arguments, programName: "haca",
                    grouping: .ownSession, diesWithParent: false, standardOutput: .file(layout.supervisorLog),
                    standardError: .file(layout.supervisorLog)))
        } catch {
            throw ServiceFailure(.software, "the supervisor cannot be started: \(error)")
        }
        let signals = ProcessSignals([SIGINT: { child.signal(SIGTERM) }, SIGTERM: { child.signal(SIGTERM) }])
        defer { withExtendedLifetime(signals) {} }
        try await wait(for: child, layout: layout)
    }

    /// Shows what the supervisor writes until it says that the network is ready, or ends.
    private static func wait(for child: ChildProcess, layout: TestnetLayout) async throws {
        var shown = 0
        while true {
            let exit = child.exitStatus
            let text = (try? String(contentsOfFile: layout.supervisorLog, encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            if let exit {
                let reason = lines.last { $0.hasPrefix("haca: ") }?.dropFirst("haca: ".count)
                let status = ServiceExit(rawValue: exit.shellCode) ?? .software
                throw ServiceFailure(
                    status == .success ? .temporary : status, reason.map(String.init) ?? "the supervisor ended: \(exit)"
                )
            }
            // The last piece is not a whole line yet.
            for line in lines.dropLast().dropFirst(shown) where !line.hasPrefix("haca: ") { print(line) }
            shown = max(shown, lines.count - 1)
            if let answer = try? await ControlClient.answer(to: ControlRequest(command: .status), layout: layout),
                answer.isReady, text.hasSuffix("haca chat --folder \(layout.folder)\n")
            {
                print(
                    "\nrunning in the background (process \(child.pid)); stop it with "
                        + "haca testnet down --folder \(layout.folder)")
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
