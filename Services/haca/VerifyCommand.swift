import ArgumentParser
import Attestation
import Foundation
import Inference
import Primitives
import ServiceKit

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a receipt offline, step by step.",
        discussion: """
            RECEIPT is the document of /v1/receipts/HASH. The trusted root comes from --root, else $HACA_ENCLAVE_ROOT, else
            the local network's folder. Exit status: 0 every step holds, 1 one does not, 64 the files cannot be read.
            """)

    @Argument(help: "A receipt file, or - for standard input.", completion: .file())
    var receipt: String

    @OptionGroup var folder: FolderOption

    @Option(help: "The one root certificate to trust, PEM or DER.", completion: .file())
    var root: String?

    @Option(help: "Approved measurements to demand, as haca-enclave measure prints them.", completion: .file())
    var approved: String?

    @Option(help: "The original request, JSON: its hash is computed again.", completion: .file())
    var request: String?

    @Option(help: "The original answer (not streamed), JSON: its hash is computed again.", completion: .file())
    var response: String?

    /// Largest file that is read, bytes.
    private static let maximumBytes = 64 << 20

    func run() async throws {
        let bundle: ReceiptBundle
        do {
            bundle = try ReceiptBundle(try json(receipt))
        } catch let error as ReceiptBundleError {
            throw ServiceFailure(.usage, "\(receipt) is no receipt: \(error)")
        }
        let steps = bundle.verify(
            root: try trustedRoot(), approved: try approvedMeasurements(), request: try request.map(json),
            answer: try response.map(json), nowMilliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1_000)))
        for step in steps { print(Self.line(step)) }
        if bundle.isSimulated {
            print("note: the enclaves are simulated; whoever holds the root's key could have made them")
        }
        let failed = steps.filter(\.isFailed).count
        guard failed == 0, !steps.isEmpty else {
            print("the receipt does NOT hold: \(failed) of \(steps.count) steps failed")
            throw ExitCode(1)
        }
        print("the receipt holds")
    }

    private static func line(_ step: VerificationStep) -> String {
        let (mark, text) =
            switch step.outcome {
            case .passed(let found): ("ok    ", found)
            case .failed(let reason): ("FAILED", reason)
            case .skipped(let reason): ("-     ", "not checked: \(reason)")
            }
        return "\(mark) \(Terminal.fitted(step.name, 22)) \(Terminal.plain(text))"
    }

    private func trustedRoot() throws -> NitroRoot {
        let path = root ?? ProcessInfo.processInfo.environment["HACA_ENCLAVE_ROOT"] ?? folder.layout.enclaveRoot
        let bytes: [UInt8]
        do {
            bytes = try read(path)
        } catch {
            throw ServiceFailure(.usage, "no trusted root: give --root FILE (\(path) cannot be read)")
        }
        do {
            return try NitroRoot(bytes)
        } catch {
            throw ServiceFailure(.usage, "\(path) is no root certificate: \(error)")
        }
    }

    private func approvedMeasurements() throws -> ApprovedMeasurements? {
        guard let approved else { return nil }
        do {
            return try ApprovedMeasurements(parsing: try read(approved))
        } catch let failure as ServiceFailure {
            throw failure
        } catch {
            throw ServiceFailure(.usage, "\(approved): \(error)")
        }
    }

    private func json(_ path: String) throws -> JSON {
        do {
            return try JSON(parsing: try read(path))
        } catch let error as JSONError {
            throw ServiceFailure(.usage, "\(path) is not JSON: \(error)")
        }
    }

    private func read(_ path: String) throws -> [UInt8] {
        let handle = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let handle, let data = try? handle.read(upToCount: Self.maximumBytes + 1) else {
            throw ServiceFailure(.usage, "cannot read \(path)")
        }
        guard data.count <= Self.maximumBytes else {
            throw ServiceFailure(.usage, "\(path) is larger than \(Self.maximumBytes) bytes")
        }
        return Array(data)
    }
}
