import ArgumentParser
import Attestation
import Foundation
import ServiceKit

/// `haca-enclave init`: makes the root of a local network.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a root key and certificate for a local network's simulated enclaves.")

    /// Holds the private key and the certificate; mode 0600.
    static let keyFileName = "root-key.pem"
    /// Holds the certificate alone: what verifiers are given.
    static let certificateFileName = "root.pem"

    @Option(
        name: [.customLong("out"), .customLong("folder")],
        help: "The folder for \(keyFileName) and \(certificateFileName).")
    var folder: String

    mutating func run() throws {
        let authority = try SimulatedAuthority()
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot make the folder \(folder)")
        }
        try Self.write(authority.keyFile, to: "\(folder)/\(Self.keyFileName)", mode: 0o600)
        try Self.write(authority.root.pem, to: "\(folder)/\(Self.certificateFileName)", mode: 0o644)
        print("simulated root \(authority.root.fingerprint)")
    }

    /// Never replaces a key: documents and sealed data of a running network depend on it.
    private static func write(_ text: String, to path: String, mode: mode_t) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw ServiceFailure(.cannotCreate, "cannot make \(path): \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot write \(path): is the disk full?")
        }
    }
}
