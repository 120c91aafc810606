import Foundation
import ServiceKit
import Testing

@Suite("Secrets")
struct SecretReferenceTests {
    private func withSecretFile(mode: Int, _ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data("hunter2\n".utf8), attributes: [.posixPermissions: mode]))
        try body(path)
    }

    private static let keys: [ConfigurationKey] = [.secret("gateway.token", help: "secret")]

    @Test func `a file that only its owner reads is taken, without its last newline`() throws {
        try withSecretFile(mode: 0o600) { path in
            let configuration = try ServiceConfiguration(
                keys: Self.keys, overrides: ["gateway.token=file:\(path)"], environment: [:])
            let secret = try configuration.secret("gateway.token")
            let exposed = secret.withExposedBytes { $0 }
            #expect(exposed == Array("hunter2".utf8))
        }
    }

    @Test(arguments: [0o640, 0o604, 0o644, 0o660])
    func `a file that others can read is refused`(mode: Int) throws {
        try withSecretFile(mode: mode) { path in
            let configuration = try ServiceConfiguration(
                keys: Self.keys, overrides: ["gateway.token=file:\(path)"], environment: [:])
            let error = #expect(throws: ConfigurationError.self) { try configuration.secret("gateway.token") }
            #expect(error?.description.contains("chmod 600") == true)
            #expect(error?.description.contains("hunter2") == false)
        }
    }

    @Test func `a credential is read from the service manager's directory`() throws {
        try withSecretFile(mode: 0o400) { path in
            let url = URL(fileURLWithPath: path)
            let configuration = try ServiceConfiguration(
                keys: Self.keys, overrides: ["gateway.token=credential:\(url.lastPathComponent)"],
                environment: ["CREDENTIALS_DIRECTORY": url.deletingLastPathComponent().path])
            let exposed = try configuration.secret("gateway.token").withExposedBytes { $0 }
            #expect(exposed == Array("hunter2".utf8))
        }
    }

    @Test(arguments: ["hunter2", "credential:", "credential:../x", "file:relative", "http://x"])
    func `a secret written in place of a reference is refused and not repeated`(text: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try ServiceConfiguration(keys: Self.keys, overrides: ["gateway.token=\(text)"], environment: [:])
        }
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func `a secret prints as stars in every way of printing`() {
        let secret = SecretBytes(Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped, String(describing: [secret])] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"))
        }
    }
}
