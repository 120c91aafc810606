import Foundation
import ServiceKit
import Testing

@Suite("Configuration layers")
struct ConfigurationLayerTests {
    private static let keys: [ConfigurationKey] = [
        .string("gateway.listen_http", default: "127.0.0.1:8081", help: "where"),
        .integer("gateway.queue_limit", default: 10, in: 1...100, help: "how many"),
        .boolean("gateway.open", default: false, help: "mode"),
        .duration("gateway.timeout", default: .seconds(20), help: "how long"),
        .strings("gateway.workers", default: [], help: "which"),
        .table("gateway.model_map", help: "names"),
        .secret("gateway.token", help: "secret"),
        .tables(
            "worker.models",
            of: [
                .string("id", required: true, help: "name"), .choice("backend", of: ["local", "openai"], help: "what"),
                .integer("slots", default: 4, in: 1...64, help: "parallel"),
            ], help: "models"),
    ]

    private func load(
        _ text: String? = nil, environment: [String: String] = [:], set: [String] = [], dropIns: [String: String] = [:]
    ) throws -> ServiceConfiguration {
        var files: [String] = []
        if let text {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("a.toml.d"), withIntermediateDirectories: true)
            let path = folder.appendingPathComponent("a.toml").path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            for (name, content) in dropIns {
                try content.write(toFile: "\(path).d/\(name)", atomically: true, encoding: .utf8)
            }
            files = [path]
            defer { try? FileManager.default.removeItem(at: folder) }
            return try ServiceConfiguration(
                keys: Self.keys, files: files, overrides: set, environment: environment)
        }
        return try ServiceConfiguration(keys: Self.keys, files: files, overrides: set, environment: environment)
    }

    private func problem(_ body: () throws -> ServiceConfiguration) -> ConfigurationError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? ConfigurationError
        }
    }

    @Test func `each layer wins over the ones before it`() throws {
        let file = "[gateway]\nqueue_limit = 20\n"
        let dropIn = [
            "10-a.toml": "gateway.queue_limit = 30\n", "20-b.toml": "gateway.queue_limit = 31\n", "x.txt": "no",
        ]
        #expect(try load().int("gateway.queue_limit") == 10)
        #expect(try load(file).int("gateway.queue_limit") == 20)
        #expect(try load(file, dropIns: dropIn).int("gateway.queue_limit") == 31)
        let environment = ["HACA_GATEWAY_QUEUE_LIMIT": "40"]
        #expect(try load(file, environment: environment, dropIns: dropIn).int("gateway.queue_limit") == 40)
        let flag = try load(file, environment: environment, set: ["gateway.queue_limit=50"], dropIns: dropIn)
        #expect(try flag.int("gateway.queue_limit") == 50)
        #expect(flag.source(of: "gateway.queue_limit") == .flag("--set gateway.queue_limit"))
    }

    @Test func `an error names the key, the file and the line`() throws {
        let error = try #require(problem { try load("# head\n[gateway]\nopen = true\nqueue_limit = \"many\"\n") })
        #expect(error.key == "gateway.queue_limit")
        #expect(error.description.contains("a.toml:4"))
        #expect(error.description.contains("whole number"))
    }

    @Test func `an error names the environment variable or the flag`() throws {
        let variable = try #require(problem { try load(environment: ["HACA_GATEWAY_OPEN": "maybe"]) })
        #expect(variable.source == .environment("HACA_GATEWAY_OPEN"))
        let flag = try #require(problem { try load(set: ["gateway.queue_limit=0"]) })
        #expect(flag.description.contains("--set gateway.queue_limit"))
        #expect(flag.description.contains("1 to 100"))
    }

    @Test func `an unknown key names the nearest known one`() throws {
        let file = try #require(problem { try load("[gateway]\nqueue_limt = 3\n") })
        #expect(file.description.contains("did you mean gateway.queue_limit?"))
        let variable = try #require(problem { try load(environment: ["HACA_GATEWAY_QEUE_LIMIT": "3"]) })
        #expect(variable.description.contains("did you mean HACA_GATEWAY_QUEUE_LIMIT?"))
        let flag = try #require(problem { try load(set: ["gatway.open=true"]) })
        #expect(flag.description.contains("did you mean gateway.open?"))
    }

    @Test func `variables of tools and of other sections are left alone`() throws {
        let environment = ["HACA_GATEWAY_URL": "http://127.0.0.1:1", "HACA_ENCLAVE_FD": "3", "HACA_FUZZ_SECONDS": "1"]
        #expect(try load(environment: environment).int("gateway.queue_limit") == 10)
    }

    @Test func `broken TOML is reported with its line`() throws {
        let error = try #require(problem { try load("[gateway]\nopen = \n") })
        #expect(error.description.contains("a.toml:2"))
    }

    @Test func `a missing file is one clear sentence`() throws {
        let error = try #require(
            problem { try ServiceConfiguration(keys: [], files: ["/nowhere/a.toml"], environment: [:]) })
        #expect(error.description == "the configuration file does not exist (/nowhere/a.toml)")
    }

    @Test func `durations need a unit`() throws {
        #expect(try load("[gateway]\ntimeout = \"1m30s\"\n").duration("gateway.timeout") == .seconds(90))
        let error = try #require(problem { try load("[gateway]\ntimeout = 20\n") })
        #expect(error.description.contains("\"20s\""))
    }

    @Test(arguments: ["250ms", "20s", "1m30s", "2h", "30d", "1d2h3m4s5ms", "7us"])
    func `durations are written as they are read`(text: String) throws {
        let duration = try #require(DurationText.parse(text))
        #expect(DurationText.format(duration) == text)
    }

    @Test(arguments: ["", "s", "20", "20 s", "-1s", "1.5s", "99999999999999999999s", "3y", "s20"])
    func `other texts are no durations`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func `lists and tables come from every layer`() throws {
        let file = """
            [gateway]
            workers = ["a:1", "b:2"]
            [gateway.model_map]
            "gpt-4.1" = "small"
            """
        #expect(try load(file).strings("gateway.workers") == ["a:1", "b:2"])
        #expect(try load(file).table("gateway.model_map") == ["gpt-4.1": "small"])
        #expect(
            try load(environment: ["HACA_GATEWAY_WORKERS": "a:1, b:2"]).strings("gateway.workers") == ["a:1", "b:2"])
        #expect(try load(set: ["gateway.workers=[\"c,d\"]"]).strings("gateway.workers") == ["c,d"])
        #expect(try load(set: ["gateway.model_map=x=y,z=w"]).table("gateway.model_map") == ["x": "y", "z": "w"])
    }

    @Test func `members of an array of tables are declared, defaulted and checked`() throws {
        let models = try load("[[worker.models]]\nid = \"a\"\nbackend = \"local\"\n").tables("worker.models")
        #expect(models.first?.string("id") == "a")
        #expect(models.first?.int("slots") == 4)
        let missing = try #require(problem { try load("[[worker.models]]\nbackend = \"local\"\n") })
        #expect(missing.key == "worker.models[0].id")
        let unknown = try #require(problem { try load("[[worker.models]]\nid = \"a\"\nslotz = 4\n") })
        #expect(unknown.description.contains("did you mean slots?"))
        let word = try #require(problem { try load("[[worker.models]]\nid = \"a\"\nbackend = \"lokal\"\n") })
        #expect(word.description.contains("local, openai"))
    }

    @Test func `a required key that nobody sets says where it can be set`() throws {
        let keys: [ConfigurationKey] = [.string("worker.listen", required: true, help: "where")]
        let error = try #require(problem { try ServiceConfiguration(keys: keys, environment: [:]) })
        #expect(error.description.contains("HACA_WORKER_LISTEN"))
        #expect(error.description.contains("--set"))
    }

    @Test func `values are shown with their origin and secrets never`() throws {
        let configuration = try load("[gateway]\nopen = true\ntoken = \"file:/run/secrets/token\"\n")
        let text = configuration.rendered(origin: true)
        #expect(text.contains("gateway.open = true  # "))
        #expect(text.contains("a.toml:2"))
        #expect(text.contains("gateway.queue_limit = 10  # default"))
        #expect(text.contains("gateway.token = ***"))
        #expect(!text.contains("/run/secrets"))
    }
}
