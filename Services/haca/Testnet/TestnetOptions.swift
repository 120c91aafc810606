import ArgumentParser
import Foundation
import ServiceKit

/// Which network a command means.
struct FolderOption: ParsableArguments {
    @Option(name: .long, help: "Folder of the network.", completion: .directory)
    var folder = "network"

    var layout: TestnetLayout { TestnetLayout(folder: folder) }
}

/// What `testnet up` can be told.
struct TestnetOptions: ParsableArguments {
    enum Ports: ExpressibleByArgument, Hashable {
        /// The documented ports.
        case standard
        /// Free ones, chosen at each start.
        case auto
        /// This one for HTTPS, the next for HTTP, and the workers' after these.
        case from(Int)

        init?(argument: String) {
            switch argument {
            case "standard": self = .standard
            case "auto": self = .auto
            default:
                guard let port = Int(argument), (1...65_500).contains(port) else { return nil }
                self = .from(port)
            }
        }

        var text: String {
            switch self {
            case .standard: "standard"
            case .auto: "auto"
            case .from(let port): String(port)
            }
        }

        var defaultValueDescription: String { text }
    }

    @Option(help: "standard: the ports below; auto: free ones; a number: ports from there on.")
    var ports = Ports.standard

    @Option(help: "HTTPS port of the gateway (default \(TestnetPorts.gatewayHTTPS)).")
    var gatewayPort: Int?

    @Option(help: "Plain HTTP port of the gateway on loopback (default \(TestnetPorts.gatewayHTTP)).")
    var httpPort: Int?

    @Option(help: "RPC port of the first worker; the others follow (default \(TestnetPorts.firstWorker)).")
    var workerPort: Int?

    @Option(help: "How many workers, 1 to 16.")
    var workers = 1

    @Option(name: .customLong("engine-url"), help: "Use an OpenAI-compatible engine instead of the bundled one.")
    var engineURL: String?

    @Option(help: "Python with the engine's packages (default .venv/bin/python3).", completion: .file())
    var python: String?

    @Option(help: "The engine's script (default Services/haca-worker/Engine/serve.py).", completion: .file())
    var engineScript: String?

    @Option(help: "GGUF weights (default: the bundled model).", completion: .file(extensions: ["gguf"]))
    var weights: String?

    @Option(help: "How long the start may take, for example 180s.")
    var wait = "300s"

    func validate() throws {
        guard (1...16).contains(workers) else { throw ValidationError("--workers is 1 to 16") }
        for port in [gatewayPort, httpPort, workerPort].compactMap({ $0 }) where !(1...65_535).contains(port) {
            throw ValidationError("a port is 1 to 65535")
        }
        guard DurationText.parse(wait) != nil else { throw ValidationError("--wait takes a duration such as 180s") }
        if let engineURL, URL(string: engineURL)?.host == nil {
            throw ValidationError("--engine-url takes a URL such as http://127.0.0.1:8000/v1")
        }
    }

    /// The same options as arguments, for the supervisor in the background.
    var arguments: [String] {
        var result = ["--ports", ports.text, "--workers", String(workers), "--wait", wait]
        for (flag, port) in [("--gateway-port", gatewayPort), ("--http-port", httpPort), ("--worker-port", workerPort)]
        {
            if let port { result += [flag, String(port)] }
        }
        for (flag, text) in [
            ("--engine-url", engineURL), ("--python", python), ("--engine-script", engineScript),
            ("--weights", weights),
        ] {
            if let text { result += [flag, text] }
        }
        return result
    }

    /// Chooses the ports and checks that they are free.
    func describe(network: String) throws(ServiceFailure) -> TestnetDescription {
        var https: Int
        var http: Int
        var workerPorts: [Int]
        switch ports {
        case .auto:
            let free = try TestnetPorts.free(2 + workers)
            (https, http, workerPorts) = (free[0], free[1], Array(free[2...]))
        case .standard:
            (https, http) = (TestnetPorts.gatewayHTTPS, TestnetPorts.gatewayHTTP)
            workerPorts = (0..<workers).map { TestnetPorts.firstWorker + $0 }
        case .from(let first):
            (https, http, workerPorts) = (first, first + 1, (0..<workers).map { first + 2 + $0 })
        }
        https = gatewayPort ?? https
        http = httpPort ?? http
        if let workerPort { workerPorts = (0..<workers).map { workerPort + $0 } }
        guard Set([https, http] + workerPorts).count == workers + 2 else {
            throw ServiceFailure(.usage, "two listeners would share a port: choose other ports, or use --ports auto")
        }
        try TestnetPorts.requireFree(https, for: "gateway, HTTPS", flag: "--gateway-port")
        try TestnetPorts.requireFree(http, for: "gateway, HTTP", flag: "--http-port")
        for port in workerPorts { try TestnetPorts.requireFree(port, for: "worker, RPC", flag: "--worker-port") }
        return TestnetDescription(
            format: TestnetDescription.currentFormat, network: network, httpsPort: https, httpPort: http,
            workers: workerPorts.enumerated().map { .init(name: "worker-\($0)", role: .worker, port: $1) },
            engineURL: engineURL)
    }
}
