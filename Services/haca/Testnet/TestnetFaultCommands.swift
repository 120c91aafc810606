import ArgumentParser
import Foundation
import ServiceKit

/// Stops a process without ending it, as an overloaded machine does.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Freeze a process until resume.")
    @OptionGroup var folder: FolderOption
    @Argument(help: "validator-0, worker-0, …") var name: String

    func run() async throws {
        _ = try await ControlClient.ask(
            ControlRequest(command: .kill, target: name, signal: SIGSTOP), layout: folder.layout)
        print("paused \(name)")
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let a paused process go on.")
    @OptionGroup var folder: FolderOption
    @Argument(help: "validator-0, worker-0, …") var name: String

    func run() async throws {
        _ = try await ControlClient.ask(
            ControlRequest(command: .kill, target: name, signal: SIGCONT), layout: folder.layout)
        print("resumed \(name)")
    }
}

/// Cuts a validator's links to all others.
struct PartitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partition", abstract: "Cut a validator off from the others, both ways or one way, until heal.")

    enum Direction: String, ExpressibleByArgument, CaseIterable { case both, sent, received }

    @OptionGroup var folder: FolderOption
    @Argument(help: "validator-0, …") var name: String
    @Option(help: "both, or only what the validator has sent, or only what it would have received.")
    var direction = Direction.both

    func run() async throws {
        var faults = RequestedFaults()
        faults.cutsSent = direction != .received
        faults.cutsReceived = direction != .sent
        _ = try await ControlClient.ask(
            ControlRequest(command: .faults, target: name, faults: faults), layout: folder.layout)
        print("cut \(name) off")
    }
}

/// Makes a validator's links slow.
struct SlowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow", abstract: "Make a validator's links slow and narrow, until heal.")
    @OptionGroup var folder: FolderOption
    @Argument(help: "validator-0, …; nothing for all links") var name: String?
    @Option(help: "How much later everything arrives, each way, for example 80ms.") var latency = "0ms"
    @Option(help: "Bytes a second that pass each way.") var rate: Int?

    func validate() throws {
        guard DurationText.parse(latency) != nil else {
            throw ValidationError("--latency takes a duration such as 80ms")
        }
        if let rate, rate < 1 { throw ValidationError("--rate is 1 or more") }
    }

    func run() async throws {
        var faults = RequestedFaults()
        faults.latency = Int((DurationText.parse(latency) ?? .zero) / .milliseconds(1))
        faults.rate = rate
        _ = try await ControlClient.ask(
            ControlRequest(command: .faults, target: name, faults: faults), layout: folder.layout)
        print("slowed \(name ?? "all links")")
    }
}

struct HealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heal", abstract: "Make a validator's links whole again, or all links.")
    @OptionGroup var folder: FolderOption
    @Argument(help: "validator-0, …; nothing for all links") var name: String?

    func run() async throws {
        _ = try await ControlClient.ask(
            ControlRequest(command: .faults, target: name, faults: RequestedFaults()), layout: folder.layout)
        print("healed \(name ?? "all links")")
    }
}

struct WipeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wipe", abstract: "Remove a validator's chain and start it again; its keys stay.")
    @OptionGroup var folder: FolderOption
    @Argument(help: "validator-0, …") var name: String

    func run() async throws {
        _ = try await ControlClient.ask(ControlRequest(command: .wipe, target: name), layout: folder.layout)
        print("wiped \(name)")
    }
}
