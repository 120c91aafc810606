import ArgumentParser
import Foundation
import ServiceKit

struct TestnetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testnet", abstract: "Run a complete local network in one folder.",
        subcommands: [
            Up.self, Down.self, Status.self, Logs.self, Kill.self, Restart.self, PauseCommand.self, ResumeCommand.self,
            PartitionCommand.self, SlowCommand.self, HealCommand.self, WipeCommand.self, Env.self,
        ])

    struct Up: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the network if it is new, start it, and keep it running until ^C.")

        @OptionGroup var folder: FolderOption
        @OptionGroup var options: TestnetOptions

        @Flag(help: "Return when the network is ready; it keeps running in the background.")
        var detach = false

        /// Set by `--detach` for the supervisor it starts.
        @Flag(help: .hidden)
        var background = false

        func run() async throws {
            if detach {
                try await TestnetBackground.start(folder: folder, options: options)
            } else {
                try await TestnetForeground(layout: folder.layout, options: options, isBackground: background).run()
            }
        }
    }

    struct Down: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop the network; the folder stays.")
        @OptionGroup var folder: FolderOption

        func run() async throws {
            let layout = folder.layout
            guard let supervisor = TestnetLock.holder(layout: layout) else {
                print("no testnet runs in \(layout.folder)")
                return
            }
            if try await ControlClient.answer(to: ControlRequest(command: .stop), layout: layout) == nil {
                // It is starting, or its socket is gone: a signal does the same.
                kill(supervisor, SIGTERM)
            }
            // 150 × 200 ms: more than the longest orderly stop.
            for _ in 0..<150 where TestnetLock.holder(layout: layout) != nil {
                try await Task.sleep(for: .milliseconds(200))
            }
            guard TestnetLock.holder(layout: layout) == nil else {
                throw ServiceFailure(
                    .temporary,
                    "the supervisor (process \(supervisor)) does not stop: end it with kill -9 \(supervisor), "
                        + "its processes die with it")
            }
            print("stopped \(layout.folder)")
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show every process.")
        @OptionGroup var folder: FolderOption
        @Flag(help: "As JSON.") var json = false

        func run() async throws {
            let answer = try await ControlClient.ask(ControlRequest(command: .status), layout: folder.layout)
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                print(String(decoding: try encoder.encode(answer), as: UTF8.self))
            } else {
                let isTerminal = Terminal.isInteractive
                let width = isTerminal ? Terminal.columns : 200
                for line in StatusTable.lines(answer.processes, width: width, coloured: isTerminal) { print(line) }
            }
            if !answer.isReady { throw ExitCode(ServiceExit.unavailable.rawValue) }
        }
    }

    struct Logs: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the logs of all processes, or of one.")
        @OptionGroup var folder: FolderOption
        @Argument(help: "worker-0, gateway, …") var name: String?
        @Flag(name: .shortAndLong, help: "Go on with new lines until ^C.") var follow = false
        @Option(name: [.customShort("n"), .long], help: "How many lines of each at first.") var lines = 100

        func run() async throws {
            let layout = folder.layout
            let description = try TestnetDescription.load(from: layout)
            let names = description.members.map(\.name)
            if let name, !names.contains(name), name != "supervisor" {
                let nearest = NearestName.to(name, among: names).map { "; did you mean \($0)?" } ?? ""
                throw ServiceFailure(.usage, "no process \(name); there are \(names.joined(separator: ", "))\(nearest)")
            }
            try await LogReader(
                logs: (name.map { [$0] } ?? names).map { ($0, layout.log(of: $0)) }, labelled: name == nil
            ).run(lines: max(0, lines), follow: follow)
        }
    }

    struct Kill: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a signal to a process, to see it come back.")
        @OptionGroup var folder: FolderOption
        @Argument(help: "NAME, NAME/engine (the worker's child) or NAME/host (its enclave host)") var name: String
        @Option(name: .shortAndLong, help: "Number of the signal.") var signal: Int32 = SIGKILL

        func run() async throws {
            let answer = try await ControlClient.ask(
                ControlRequest(command: .kill, target: name, signal: signal), layout: folder.layout)
            print("sent signal \(signal) to \(name)" + (answer.pid.map { " (process \($0))" } ?? ""))
        }
    }

    struct Restart: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Stop a process in order and start it again.")
        @OptionGroup var folder: FolderOption
        @Argument(help: "worker-0, gateway, …") var name: String

        func run() async throws {
            _ = try await ControlClient.ask(ControlRequest(command: .restart, target: name), layout: folder.layout)
            print("restarted \(name)")
        }
    }

    struct Env: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the variables that clients need; use it as eval \"$(haca testnet env)\".")
        @OptionGroup var folder: FolderOption

        func run() async throws {
            let layout = folder.layout
            let description = try TestnetDescription.load(from: layout)
            guard TestnetLock.holder(layout: layout) != nil else {
                throw ServiceFailure(
                    .unavailable,
                    "no testnet runs in \(layout.folder): start one with haca testnet up, or name its --folder")
            }
            for (name, value) in description.environment(layout: layout) {
                print("export \(name)='\(value.replacing("'", with: "'\\''"))'")
            }
        }
    }
}
