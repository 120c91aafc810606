import Foundation
import Primitives
import ServiceKit

/// Where everything of one local network lies: one folder that can be deleted as a whole.
struct TestnetLayout: Sendable {
    /// Longest path a Unix socket address holds.
    private static let maximumSocketPath = 107
    /// Longest name of a socket in the run folder.
    private static let maximumSocketName = 24

    /// Absolute, without a trailing slash.
    let folder: String

    init(folder: String) {
        self.folder = URL(fileURLWithPath: folder).standardizedFileURL.path
    }

    var description: String { folder + "/network.json" }
    var authorityFolder: String { folder + "/authority" }
    var authorityCertificate: String { authorityFolder + "/ca.pem" }
    var authorityKey: String { authorityFolder + "/ca.key" }
    var enclaveFolder: String { folder + "/enclave" }
    var enclaveRoot: String { enclaveFolder + "/root.pem" }
    var approved: String { folder + "/approved.jsonl" }
    var gatewayCertificate: String { folder + "/gateway-leaf.pem" }
    var configurationFolder: String { folder + "/configuration" }
    var logFolder: String { folder + "/logs" }
    var dataFolder: String { folder + "/data" }
    var supervisorLog: String { logFolder + "/supervisor.log" }

    func identityKey(of process: String) -> String { "\(authorityFolder)/\(process).key" }
    func identityCertificate(of process: String) -> String { "\(authorityFolder)/\(process).pem" }
    func configuration(of process: String) -> String { "\(configurationFolder)/\(process).toml" }
    func log(of process: String) -> String { "\(logFolder)/\(process).log" }
    func data(of process: String) -> String { "\(dataFolder)/\(process)" }

    /// Sockets live in the folder where their paths fit into a socket address, else in one of the user's own under /tmp.
    var runFolder: String {
        let inside = folder + "/run"
        if inside.utf8.count + 1 + Self.maximumSocketName <= Self.maximumSocketPath { return inside }
        return "/tmp/haca-\(getuid())-\(Self.shortHash(folder))"
    }

    var controlSocket: String { runFolder + "/control.sock" }
    var lockFile: String { folder + "/lock" }
    func adminSocket(of process: String) -> String { "\(runFolder)/\(process).admin.sock" }
    func rpcSocket(of process: String) -> String { "\(runFolder)/\(process).rpc.sock" }

    /// FNV-1a, 64 bits: tells folders apart, protects nothing.
    private static func shortHash(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return String(hash, radix: 36)
    }

    /// Makes every folder; keys and sockets are the user's alone.
    func makeFolders() throws(ServiceFailure) {
        for path in [
            folder, authorityFolder, enclaveFolder, configurationFolder, logFolder, dataFolder, runFolder,
        ] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw ServiceFailure(.cannotCreate, "cannot make the folder \(path): choose another with --folder")
            }
        }
        // A folder under /tmp that somebody else made would hand our sockets to them.
        var status = stat()
        guard lstat(runFolder, &status) == 0, status.st_uid == getuid(), status.st_mode & 0o077 == 0 else {
            throw ServiceFailure(.cannotCreate, "\(runFolder) belongs to another user or is open to others: remove it")
        }
    }

    /// Writes a file as a whole or not at all.
    func write(_ text: String, to path: String, secret: Bool = false) throws(ServiceFailure) {
        let temporary = "\(path).new"
        do {
            unlink(temporary)
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret ? 0o600 : 0o644)
            guard descriptor >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
            let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
            guard rename(temporary, path) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        } catch {
            unlink(temporary)
            throw Self.failure(writing: path, error)
        }
    }

    private static func failure(writing path: String, _ error: any Error) -> ServiceFailure {
        let code =
            (error as? POSIXError)?.code ?? ((error as NSError).userInfo[NSUnderlyingErrorKey] as? POSIXError)?.code
        if code == .ENOSPC || (error as? CocoaError)?.code == .fileWriteOutOfSpace {
            return ServiceFailure(
                .cannotCreate, "the disk that holds \(path) is full: free space, or choose another folder with --folder"
            )
        }
        return ServiceFailure(.cannotCreate, "cannot write \(path): \(code.map { "\($0)" } ?? "\(error)")")
    }
}
