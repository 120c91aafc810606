import ArgumentParser
import Attestation
import Foundation
import Primitives
import ServiceKit

/// `haca-enclave show`: prints a document for people.
struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Verify an attestation document and print what it says.")

    @Option(help: "The root certificate, PEM or DER. The vendor's root if absent.")
    var root: String?

    @Option(help: "The time of the check in milliseconds since 1970. The document's own time if absent.")
    var time: UInt64?

    @Argument(help: "The document: raw, or as base64 text.")
    var document: String

    mutating func run() throws {
        let bytes = try Self.read(document)
        let root = try self.root.map { try NitroRoot(try Self.read($0, isText: true)) } ?? NitroRoot.vendor()
        do throws(AttestationError) {
            let document = try NitroDocument(parsing: bytes)
            let isSimulated = document.moduleID.hasPrefix(SimulatedSecurityModule.moduleIDPrefix)
            print("document   \(isSimulated ? "SIMULATED: proves nothing about hardware" : "AWS Nitro")")
            print("module     \(document.moduleID)")
            print("timestamp  \(document.timestampMilliseconds) ms")
            for index in document.registers.keys.sorted() {
                guard let value = document.registers[index], value.contains(where: { $0 != 0 }) else { continue }
                print("PCR\(index)".padding(toLength: 11, withPad: " ", startingAt: 0) + Hex.encode(value))
            }
            print("user_data  \(document.userData.map { Hex.encode($0) } ?? "-")")
            print("nonce      \(document.nonce.map { Hex.encode($0) } ?? "-")")
            let freshness = time == nil ? NitroFreshness(earliestMilliseconds: 0) : NitroFreshness()
            let verified = try document.verified(
                root: root, atMilliseconds: time ?? document.timestampMilliseconds, freshness: freshness)
            print("pcr hash   \(verified.pcrHash.hex)")
            print("verdict    valid under root \(root.fingerprint)\(root.isVendorRoot ? " (AWS)" : " (simulated)")")
        } catch {
            throw ServiceFailure(.software, "refused: \(error)")
        }
    }

    private static func read(_ path: String, isText: Bool = false) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ServiceFailure(.configuration, "cannot read \(path)")
        }
        if isText { return [UInt8](data) }
        let text = String(decoding: data, as: UTF8.self).filter { !$0.isWhitespace }
        return (try? Base64.decode(text)) ?? [UInt8](data)
    }
}
