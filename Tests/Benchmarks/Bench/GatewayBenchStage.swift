import Foundation
import NIOPosix
import Primitives
import ProcessSupervision

/// Something that answers chat requests: the engine itself, the gateway in front of it, or a peer in front of it.
struct BenchTarget: Sendable {
    let name: String
    let host: String
    let port: Int
    let model: String
    /// The process whose memory and processor time are read.
    let meter: ProcessMeter?

    func request(isStreaming: Bool) -> LoadRequest {
        LoadRequest(host: host, port: port, model: model, isStreaming: isStreaming)
    }
}

/// The processes a gateway benchmark runs against, started here and ended by ``end()``.
actor BenchStage {
    private let folder: String
    private let haca: String
    private let group: MultiThreadedEventLoopGroup
    private var children: [ChildProcess] = []
    private var hasNetwork = false

    init(haca: String, group: MultiThreadedEventLoopGroup) throws {
        self.haca = haca
        self.group = group
        folder = NSTemporaryDirectory() + "haca-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Ends everything that was started and removes its files.
    func end() async {
        if hasNetwork {
            _ = try? await BenchCommand.run(
                haca, ["testnet", "down", "--folder", "\(folder)/network"], limit: .seconds(60))
        }
        for child in children { _ = await child.terminate(grace: .seconds(3)) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The engine that runs no model, so that what is measured is not the model.
    func startEngine(executable: String) async throws -> BenchTarget {
        let (lines, sink) = AsyncStream.makeStream(of: String.self)
        var specification = LaunchSpecification(executable: .path(executable), arguments: ["--tokens", "16"])
        specification.standardOutput = .lines { sink.yield($0.text) }
        let child = try await ChildProcess.launch(specification)
        children.append(child)
        for await line in lines {
            guard line.hasPrefix("listening 127.0.0.1:"),
                let port = line.split(separator: ":").last.flatMap({ Int($0) })
            else { continue }
            return BenchTarget(
                name: "engine", host: "127.0.0.1", port: port, model: "canned", meter: ProcessMeter(pid: child.pid))
        }
        throw BenchCommand.Failure(description: "\(executable) ended before it listened")
    }

    /// A whole network of gateway and worker in front of `engine`.
    func startGateway(engine: BenchTarget) async throws -> BenchTarget {
        let network = "\(folder)/network"
        hasNetwork = true
        _ = try await BenchCommand.run(
            haca,
            [
                "testnet", "up", "--detach", "--ports", "auto", "--validators", "0", "--folder", network,
                "--engine-url",
                "http://\(engine.host):\(engine.port)",
            ], limit: .seconds(120))
        let lines = try await BenchCommand.run(haca, ["testnet", "env", "--folder", network], limit: .seconds(10))
        guard let url = Self.value(of: "HACA_GATEWAY_URL", in: lines), let parts = URL(string: url),
            let host = parts.host,
            let port = parts.port
        else { throw BenchCommand.Failure(description: "haca testnet env names no HACA_GATEWAY_URL") }
        guard let (_, body) = await Fetch.get(host: host, port: port, path: "/v1/models", on: group),
            let model = try? JSON(parsing: body)["data"]?.arrayValue?.first?["id"]?.stringValue
        else { throw BenchCommand.Failure(description: "the gateway lists no model") }
        return BenchTarget(
            name: "gateway", host: host, port: port, model: model,
            meter: ProcessMeter.find(executable: "haca-gateway", argument: folder))
    }

    /// The worker behind the gateway, whose processor time is part of an answer's price.
    func worker() -> ProcessMeter? {
        ProcessMeter.find(executable: "haca-worker", argument: folder)
    }

    /// LiteLLM's proxy in front of `engine`, or nil where its environment is not installed.
    func startLiteLLM(engine: BenchTarget, environment: String, port: Int) async throws -> BenchTarget? {
        let executable = "\(environment)/bin/litellm"
        guard FileManager.default.isExecutableFile(atPath: executable) else { return nil }
        let configuration = "\(folder)/litellm.yaml"
        try """
        model_list:
          - model_name: canned
            litellm_params:
              model: openai/canned
              api_base: http://\(engine.host):\(engine.port)/v1
              api_key: none
        litellm_settings:
          telemetry: false
          num_retries: 0
        general_settings:
          dangerously_permit_weak_or_unset_master_key: true
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        var specification = LaunchSpecification(
            executable: .path(executable),
            arguments: ["--config", configuration, "--host", "127.0.0.1", "--port", String(port), "--num_workers", "1"])
        // Without this it asks the package's repository for a price list at its start.
        specification.environment["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        specification.environment["LITELLM_LOG"] = "ERROR"
        let child = try await ChildProcess.launch(specification)
        children.append(child)
        let deadline = ContinuousClock.now + .seconds(90)
        while ContinuousClock.now < deadline, child.isRunning {
            if let (status, _) = await Fetch.get(host: "127.0.0.1", port: port, path: "/health/liveliness", on: group),
                status == 200
            {
                return BenchTarget(
                    name: "litellm", host: "127.0.0.1", port: port, model: "canned", meter: ProcessMeter(pid: child.pid)
                )
            }
            try await Task.sleep(for: .milliseconds(250))
        }
        let tail = child.lastLines(5).map(\.text).joined(separator: "\n")
        throw BenchCommand.Failure(description: "LiteLLM's proxy did not become ready\n\(tail)")
    }

    /// The value of `NAME=value` or `export NAME=value`, with or without quotes.
    private static func value(of name: String, in lines: [String]) -> String? {
        for line in lines {
            let text = line.hasPrefix("export ") ? String(line.dropFirst(7)) : line
            guard text.hasPrefix(name + "=") else { continue }
            return text.dropFirst(name.count + 1).trimmingCharacters(in: CharacterSet(charactersIn: "'\""))
        }
        return nil
    }
}
