import ArgumentParser
import Foundation
import ProcessSupervision
import ServiceKit

struct PortsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ports", abstract: "List the default ports, and the flags and keys that change them.")

    func run() {
        let rows = [
            (
                "\(TestnetPorts.gatewayHTTPS)", "gateway, HTTPS; TLS ends in the enclave", "gateway.listen_https",
                "--gateway-port"
            ),
            ("\(TestnetPorts.gatewayHTTP)", "gateway, plain HTTP on loopback", "gateway.listen_http", "--http-port"),
            ("\(TestnetPorts.firstWorker)…", "workers, RPC", "worker.listen", "--worker-port"),
            ("-", "admin: /metrics /health /ready on a Unix socket", "admin.listen", ""),
        ]
        for (port, purpose, key, flag) in rows {
            let cells = [Terminal.fitted(port, 7), Terminal.fitted(purpose, 50), Terminal.fitted(key, 22), flag]
            print(String(cells.joined(separator: " ").reversed().drop { $0 == " " }.reversed()))
        }
        print("\nhaca testnet up --ports auto chooses free ones; --ports PORT counts from PORT.")
    }
}

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a process whether it lives, or whether it can do its job.")

    @Argument(help: "A process of the network (gateway, worker-0), or unix:/path of its admin socket.")
    var service: String

    @OptionGroup var folder: FolderOption

    @Flag(help: "Ask for readiness, with the reasons.")
    var ready = false

    @Option(help: "Ask again until it is so, for so long, for example 30s.")
    var wait: String?

    func run() async throws {
        let socket =
            service.hasPrefix("unix:")
            ? String(service.dropFirst("unix:".count)) : folder.layout.adminSocket(of: service)
        let limit = try wait.map { text in
            guard let duration = DurationText.parse(text) else {
                throw ServiceFailure(.usage, "--wait takes a duration such as 30s")
            }
            return duration
        }
        let begin = ContinuousClock.now
        while true {
            let answer =
                access(socket, F_OK) == 0 ? await AdminClient.get(ready ? "/ready" : "/health", socket: socket) : nil
            if let answer, answer.status == 200 {
                CommandOutput.write(answer.body)
                return
            }
            if let limit, ContinuousClock.now - begin < limit {
                try await Task.sleep(for: .milliseconds(100))
                continue
            }
            guard let answer else { throw ServiceFailure(.unavailable, "\(service) does not answer at \(socket)") }
            CommandOutput.write(answer.body)
            throw ExitCode(ServiceExit.unavailable.rawValue)
        }
    }
}

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show or check a service's configuration.",
        subcommands: [Show.self, Check.self])

    struct Service: ParsableArguments {
        @Argument(help: "worker or gateway")
        var service: String

        @Option(help: "A configuration file; may be repeated.", completion: .file(extensions: ["toml"]))
        var config: [String] = []

        @Option(help: "section.key=value; may be repeated.")
        var set: [String] = []

        /// Runs the service itself, which alone knows its keys, in the place of this process.
        func execute(_ words: [String]) throws {
            let name = service.hasPrefix("haca-") ? service : "haca-\(service)"
            guard !name.contains("/") else { throw ServiceFailure(.usage, "\(service) is no service") }
            let path = "\(TestnetTools.executableFolder)/\(name)"
            let arguments =
                [path] + words + config.flatMap { ["--config", $0] } + set.flatMap { ["--set", $0] }
            var pointers = arguments.map { strdup($0) } + [nil]
            execv(path, &pointers)
            throw ServiceFailure(.unavailable, "\(path) cannot be run: \(String(cString: strerror(errno)))")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print every value in force; secrets as ***.")
        @OptionGroup var service: Service
        @Flag(help: "Print where each value came from.") var origin = false

        func run() async throws { try service.execute(["config", "show"] + (origin ? ["--origin"] : [])) }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Check the configuration and say what is wrong.")
        @OptionGroup var service: Service

        func run() async throws { try service.execute(["config", "check"]) }
    }
}
