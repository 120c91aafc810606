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

    @Option(help: "How many validators of the chain, 0 to 16.")
    var validators = 4

    @Option(name: .customLong("chain-id"), help: "Name of the chain.")
    var chainID = "haca-10740"

    @Option(
        help:
            "Ports of the first validator: peers, then RPC; the others' follow ten by ten (default \(TestnetPorts.firstValidator))."
    )
    var validatorPort: Int?

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
        guard (0...16).contains(validators) else { throw ValidationError("--validators is 0 to 16") }
        guard (1...50).contains(chainID.utf8.count) else { throw ValidationError("--chain-id has 1 to 50 bytes") }
        for port in [gatewayPort, httpPort, workerPort, validatorPort].compactMap({ $0 })
        where !(1...65_535).contains(port) {
            throw ValidationError("a port is 1 to 65535")
        }
        guard DurationText.parse(wait) != nil else { throw ValidationError("--wait takes a duration such as 180s") }
        if let engineURL, URL(string: engineURL)?.host == nil {
            throw ValidationError("--engine-url takes a URL such as http://127.0.0.1:8000/v1")
        }
    }

    /// The same options as arguments, for the supervisor in the background.
    var arguments: [String] {
        var result = [
            "--ports", ports.text, "--workers", String(workers), "--validators", String(validators), "--chain-id",
            chainID,
            "--wait", wait,
        ]
        for (flag, port) in [
            ("--gateway-port", gatewayPort), ("--http-port", httpPort), ("--worker-port", workerPort),
            ("--validator-port", validatorPort),
        ] {
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
        // Two for each validator: peers, then RPC.
        var validatorPorts: [Int]
        switch ports {
        case .auto:
            let free = try TestnetPorts.free(2 + workers + 2 * validators)
            (https, http, workerPorts) = (free[0], free[1], Array(free[2..<2 + workers]))
            validatorPorts = Array(free[(2 + workers)...])
        case .standard:
            (https, http) = (TestnetPorts.gatewayHTTPS, TestnetPorts.gatewayHTTP)
            workerPorts = (0..<workers).map { TestnetPorts.firstWorker + $0 }
            validatorPorts = Self.validatorPorts(from: TestnetPorts.firstValidator, count: validators, step: 10)
        case .from(let first):
            (https, http, workerPorts) = (first, first + 1, (0..<workers).map { first + 2 + $0 })
            validatorPorts = Self.validatorPorts(from: first + 2 + workers, count: validators, step: 2)
        }
        https = gatewayPort ?? https
        http = httpPort ?? http
        if let workerPort { workerPorts = (0..<workers).map { workerPort + $0 } }
        if let validatorPort {
            validatorPorts = Self.validatorPorts(from: validatorPort, count: validators, step: 10)
        }
        guard Set([https, http] + workerPorts + validatorPorts).count == workers + 2 * validators + 2 else {
            throw ServiceFailure(.usage, "two listeners would share a port: choose other ports, or use --ports auto")
        }
        try TestnetPorts.requireFree(https, for: "gateway, HTTPS", flag: "--gateway-port")
        try TestnetPorts.requireFree(http, for: "gateway, HTTP", flag: "--http-port")
        for port in workerPorts { try TestnetPorts.requireFree(port, for: "worker, RPC", flag: "--worker-port") }
        for port in validatorPorts {
            try TestnetPorts.requireFree(port, for: "validator", flag: "--validator-port")
        }
        return TestnetDescription(
            format: TestnetDescription.currentFormat, network: network, httpsPort: https, httpPort: http,
            workers: workerPorts.enumerated().map { .init(name: "worker-\($0)", role: .worker, port: $1) },
            validators: (0..<validators).map { index in
                .init(
                    name: "validator-\(index)", role: .validator, port: validatorPorts[2 * index + 1],
                    peerPort: validatorPorts[2 * index])
            },
            chainID: chainID, engineURL: engineURL)
    }

    /// Two ports for each validator, the pairs `step` apart.
    private static func validatorPorts(from first: Int, count: Int, step: Int) -> [Int] {
        (0..<count).flatMap { [first + step * $0, first + step * $0 + 1] }
    }
}
