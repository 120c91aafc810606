import Foundation
import ProcessSupervision
import RPC
import Synchronization

/// Programs that tests run, one result each.
enum TestProgram {
    struct Run: Sendable {
        let status: Int32
        let output: String
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program to its end; output and errors together.
    static func run(_ words: [String], in folder: String? = nil) async throws -> Run {
        let lines = Mutex<[String]>([])
        let collect = LaunchSpecification.Output.lines { line in lines.withLock { $0.append(line.text + "\n") } }
        let process = try await ChildProcess.launch(
            LaunchSpecification(
                executable: .path("env"), arguments: words, workingDirectory: folder, standardOutput: collect,
                standardError: collect))
        let status = await process.wait()
        return Run(status: status.shellCode, output: lines.withLock { $0.joined() })
    }

    static func exists(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }
}

/// The example program of `Clients/c`, built once for all tests.
enum CClientProgram {
    static var canBeBuilt: Bool {
        ["make", "cc", "protoc-c", "pkg-config"].allSatisfy(TestProgram.exists)
            && FileManager.default.fileExists(atPath: "/usr/include/protobuf-c/protobuf-c.h")
            && FileManager.default.fileExists(atPath: "/usr/include/openssl/ssl.h")
    }

    /// Runs the program with these words.
    static func run(_ words: [String]) async throws -> TestProgram.Run {
        let folder = try await built.value
        return try await TestProgram.run([folder.path + "/haca-rpc-c"] + words)
    }

    private static let built = Task {
        let folder = try TemporaryFolder()
        let sources = URL(fileURLWithPath: #filePath).appending(path: "../../../Clients/c").standardized.path
        let run = try await TestProgram.run(
            ["make", "-s", "BUILD=" + folder.path, "SANITIZE=address,undefined"], in: sources)
        guard run.status == 0 else { throw TestProgram.Failure(description: run.output) }
        return folder
    }
}

/// A folder of a test's own, deleted with the value.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "haca-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Makes an authority and one leaf for `localhost`; the C client's options that name them.
    func makeCertificates() async throws -> [String] {
        let curve = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        let extensions =
            "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
        try extensions.write(toFile: path + "/extensions", atomically: true, encoding: .utf8)
        try await openssl(
            ["req", "-x509", "-newkey"] + curve
                + ["-keyout", "authority-key.pem", "-out", "authority.pem", "-days", "2", "-subj", "/CN=tests"])
        try await openssl(
            ["req", "-newkey"] + curve + ["-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=localhost"])
        try await openssl([
            "x509", "-req", "-in", "request.pem", "-CA", "authority.pem", "-CAkey", "authority-key.pem",
            "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", "certificate.pem",
        ])
        return [
            "--authority", path + "/authority.pem", "--certificate", path + "/certificate.pem", "--key",
            path + "/key.pem",
        ]
    }

    /// The server's side of the same certificates.
    func security() throws -> TransportSecurity {
        func read(_ name: String) throws -> [UInt8] {
            [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
        }
        return .authority(
            certificateChain: try read("certificate.pem"), privateKey: try read("key.pem"),
            trustRoots: try read("authority.pem"))
    }

    private func openssl(_ arguments: [String]) async throws {
        let run = try await TestProgram.run(["openssl"] + arguments, in: path)
        guard run.status == 0 else { throw TestProgram.Failure(description: run.output) }
    }
}
