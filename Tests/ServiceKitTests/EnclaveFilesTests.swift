import Foundation
import ProcessSupervision
import ServiceKit
import Testing

@Suite struct EnclaveFilesTests {
    private static let keys: [ConfigurationKey] = [
        .integer("gateway.queue_limit", default: 10, in: 1...100, help: "how many"),
        .string("gateway.root", help: "a file"),
    ]

    private func files(_ texts: [(String, String)]) -> EnclaveFiles {
        EnclaveFiles(
            configuration: texts.map { .init(path: $0.0, contents: Array($0.1.utf8)) },
            weights: [.init(path: "/weights", descriptor: 7), .init(path: "/folder/part", descriptor: nil)])
    }

    private func load(
        _ paths: [String], _ measured: EnclaveFiles, set: [String] = [], environment: [String: String] = [:]
    ) throws(ConfigurationError) -> ServiceConfiguration {
        try ServiceConfiguration(
            keys: Self.keys, files: paths, overrides: set, environment: environment, enclaveFiles: measured)
    }

    private func problem(_ body: () throws(ConfigurationError) -> ServiceConfiguration) -> ConfigurationError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `what was measured survives being handed over`() throws {
        let original = files([("/a.toml", "x"), ("/a.toml.d/1.toml", "\u{0}ü")])
        #expect(try EnclaveFiles(parsing: original.encoded()) == original)
        let sealed = try SealedFile(name: "test", contents: original.encoded())
        let environment = [EnclaveFiles.descriptorVariable: "\(sealed.descriptor)"]
        for _ in 0..<2 { #expect(try EnclaveFiles.inherited(environment: environment) == original) }
        #expect(write(sealed.descriptor, "x", 1) == -1)
        #expect(ftruncate(sealed.descriptor, 0) == -1)
        #expect(try EnclaveFiles.inherited(environment: [:]) == nil)
    }

    @Test func `a variable that names nothing readable is refused`() {
        for text in ["", "x", "0", "-1", "999", "99999999999"] {
            #expect(throws: ConfigurationError.self) {
                _ = try EnclaveFiles.inherited(environment: [EnclaveFiles.descriptorVariable: text])
            }
        }
        for text in ["", "{}", #"{"configuration":[{"path":"a"}],"weights":[]}"#, "[]"] {
            #expect(throws: ConfigurationError.self) { _ = try EnclaveFiles(parsing: Array(text.utf8)) }
        }
    }

    @Test func `the measured contents are read, and not the files that bear their names`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "haca-measured-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder + "/a.toml.d", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/a.toml"
        for (name, value) in [("a.toml", 50), ("a.toml.d/9-late.toml", 60)] {
            try Data("[gateway]\nqueue_limit = \(value)\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        }
        let measured = files([
            (path, "[gateway]\nqueue_limit = 20\nroot = \"/root.pem\"\n"),
            (path + ".d/1.toml", "gateway.queue_limit = 30\n"), ("/other.toml", "gateway.queue_limit = 40\n"),
            ("/root.pem", "certificate"),
        ])
        let configuration = try load([path], measured)
        #expect(try configuration.int("gateway.queue_limit") == 30)
        #expect(configuration.files == [path, path + ".d/1.toml"])
        #expect(try configuration.contents(ofFile: "gateway.root", limit: 64) == Array("certificate".utf8))
        #expect(throws: ConfigurationError.self) { try configuration.contents(ofFile: "gateway.root", limit: 3) }
    }

    @Test func `what the host did not measure is refused: other files, variables and flags`() throws {
        let measured = files([("/a.toml", "")])
        #expect(problem { () throws(ConfigurationError) in try load(["/a.toml"], measured) } == nil)
        let refusals = [
            problem { () throws(ConfigurationError) in try load(["/b.toml"], measured) },
            problem { () throws(ConfigurationError) in
                try load(["/a.toml"], measured, set: ["gateway.queue_limit=3"])
            },
            problem { () throws(ConfigurationError) in
                try load(["/a.toml"], measured, environment: ["HACA_GATEWAY_QUEUE_LIMIT": "3"])
            },
        ]
        for refusal in refusals { #expect(refusal?.problem.contains("not measured") == true, "\(refusal as Any)") }
    }
}
