import Attestation
import Foundation
import Primitives
import Testing

/// A local network's root with one measured process, at a time of the test's choosing.
struct SimulatedWorld {
    static let time: UInt64 = 1_790_000_000_500

    let authority: SimulatedAuthority
    let module: SimulatedSecurityModule
    let measurements: EnclaveMeasurements

    init(executable: UInt8 = 1, authority: SimulatedAuthority? = nil, time: UInt64 = Self.time) throws {
        let date = Date(timeIntervalSince1970: Double(time) / 1_000)
        let authority = try authority ?? SimulatedAuthority(now: date)
        self.authority = authority
        measurements = EnclaveMeasurements(executable: [UInt8](repeating: executable, count: 48))
        module = SimulatedSecurityModule(authority: authority, measurements: measurements, clock: { time })
    }
}

@Suite struct `Attestation document` {
    @Test func `a simulated document verifies and says that it is simulated`() throws {
        let world = try SimulatedWorld()
        let bytes = try world.module.makeDocument(nonce: [1, 2], userData: [3], publicKey: [4, 5, 6])
        let verified = try NitroDocument.verify(bytes, root: world.authority.root, atMilliseconds: SimulatedWorld.time)
        #expect(verified.isSimulated)
        #expect(verified.document.moduleID.hasPrefix("haca-simulated-"))
        #expect(verified.document.nonce == [1, 2])
        #expect(verified.document.userData == [3])
        #expect(verified.document.publicKey == [4, 5, 6])
        #expect(verified.document.registers.count == 16)
        #expect(verified.document.registers[0] == world.measurements.executable)
        #expect(!world.authority.root.isVendorRoot)
    }

    @Test func `the vendor's root is the published one`() throws {
        let root = try NitroRoot.vendor()
        #expect(root.isVendorRoot)
        #expect(root.certificate.subject.description.contains("aws.nitro-enclaves"))
        #expect(try NitroRoot(Array(root.pem.utf8)) == root)
        #expect(throws: AttestationError.root) { try NitroRoot(Array("no certificate".utf8)) }
    }

    @Test func `refusals are typed`() throws {
        let world = try SimulatedWorld()
        let root = world.authority.root
        let bytes = try world.module.makeDocument(nonce: nil, userData: nil, publicKey: nil)
        let seconds = SimulatedWorld.time / 1_000
        func verdict(at time: UInt64, _ root: NitroRoot, binding: DocumentBinding? = nil) -> AttestationError? {
            do {
                _ = try NitroDocument.verify(bytes, root: root, atMilliseconds: time, binding: binding)
                return nil
            } catch {
                return error
            }
        }
        #expect(verdict(at: (seconds + 300) * 1_000 + 999, root) == nil)
        #expect(verdict(at: (seconds + 301) * 1_000, root) == .stale(ageSeconds: 301))
        #expect(verdict(at: (seconds - 60) * 1_000, root) == nil)
        #expect(verdict(at: (seconds - 61) * 1_000 + 999, root) == .fromFuture(aheadSeconds: 61))
        #expect(verdict(at: SimulatedWorld.time, try .vendor()) == .untrustedChain)
        #expect(verdict(at: SimulatedWorld.time, try SimulatedWorld().authority.root) == .untrustedChain)
        let binding = DocumentBinding(tlsCertificate: [1], signingKey: nil)
        #expect(verdict(at: SimulatedWorld.time, root, binding: binding) == .userDataLayout)
        #expect(throws: AttestationError.documentSize(0)) { try NitroDocument(parsing: []) }
        #expect(throws: AttestationError.documentSize(16_385)) {
            try NitroDocument(parsing: [UInt8](repeating: 0, count: 16_385))
        }
        #expect(throws: AttestationError.beforeEarliest) {
            let old = try SimulatedWorld(time: 1_738_281_599_999)
            let document = try old.module.makeDocument(nonce: nil, userData: nil, publicKey: nil)
            _ = try NitroDocument.verify(document, root: old.authority.root, atMilliseconds: 1_738_281_599_999)
        }
    }

    @Test func `the leaf is made anew before it expires`() throws {
        let now = SimulatedWorld.time
        let authority = try SimulatedAuthority(now: Date(timeIntervalSince1970: Double(now) / 1_000))
        let clock = Clock(now)
        let module = SimulatedSecurityModule(
            authority: authority, measurements: .init(executable: .init(repeating: 1, count: 48)), clock: { clock.now })
        for _ in 0..<48 {
            let bytes = try module.makeDocument(nonce: nil, userData: nil, publicKey: nil)
            _ = try NitroDocument.verify(bytes, root: authority.root, atMilliseconds: clock.now)
            clock.advance(by: 3_600_000)
        }
    }

    @Test func `documents of other libraries get the verdict they carry`() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Conformance/vectors/nitro/documents.json")
        let json = try JSON(parsing: [UInt8](Data(contentsOf: file)))
        let vectors = try #require(json["vectors"]?.arrayValue)
        #expect(vectors.count > 80)
        for vector in vectors {
            let name = vector["name"]?.stringValue ?? ""
            let document = try Base64.decode(try #require(vector["document"]?.stringValue))
            let text = vector["root"]?.stringValue ?? ""
            let der = text.contains("BEGIN") ? Array(text.utf8) : try Base64.decode(text)
            let root = text.isEmpty ? try NitroRoot.vendor() : try NitroRoot(der)
            let binding = try vector["tls_certificate"]?.stringValue.map {
                DocumentBinding(
                    tlsCertificate: try Base64.decode($0),
                    signingKey: try vector["signing_key"]?.stringValue.map { try Base64.decode($0) })
            }
            let time = UInt64(vector["time"]?.intValue ?? 0) * 1_000
            let verified = try? NitroDocument.verify(document, root: root, atMilliseconds: time, binding: binding)
            #expect((verified != nil) == vector["valid"]?.boolValue, "\(name)")
            if let verified { #expect(verified.pcrHash.hex == vector["pcr_hash"]?.stringValue, "\(name)") }
        }
    }
}

@Suite struct `Sealed data` {
    @Test func `opens for the same measurements, host and label only`() throws {
        let one = try SimulatedWorld(executable: 1)
        let box = SealedBox(authority: one.authority, measurements: one.measurements)
        let sealed = try box.seal([1, 2, 3], label: [9])
        #expect(
            try SealedBox(authority: one.authority, measurements: one.measurements).open(sealed, label: [9]) == [
                1, 2, 3,
            ])
        let changed = try SimulatedWorld(executable: 2, authority: one.authority)
        let elsewhere = try SimulatedWorld(executable: 1)
        for other in [changed, elsewhere] {
            let otherBox = SealedBox(authority: other.authority, measurements: other.measurements)
            #expect(throws: SealedBox.Failure.cannotOpen) { try otherBox.open(sealed, label: [9]) }
        }
        #expect(throws: SealedBox.Failure.cannotOpen) { try box.open(sealed, label: [8]) }
        #expect(throws: SealedBox.Failure.cannotOpen) { try box.open([UInt8](sealed.dropLast()), label: [9]) }
        #expect(throws: SealedBox.Failure.tooLong) { try box.seal(.init(repeating: 0, count: 1 << 21), label: []) }
    }
}
