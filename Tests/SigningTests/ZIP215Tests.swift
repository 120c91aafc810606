import Crypto
import Foundation
import Primitives
import Signing
import Testing

@Suite("Ed25519 under ZIP-215")
struct ZIP215Tests {
    /// The answer of every way to verify one signature; they must all agree.
    private func verdict(_ publicKey: [UInt8], _ message: [UInt8], _ signature: [UInt8]) throws -> Bool {
        let single = Ed25519ZIP215.verify(signature: signature, message: message, publicKey: publicKey)
        let prepared = Ed25519PreparedKey(publicKey).map {
            Ed25519ZIP215.verify(signature: signature, message: message, publicKey: $0)
        }
        #expect(prepared ?? false == single)
        let cache = Ed25519KeyCache()
        #expect(cache.verify(signature: signature, message: message, publicKey: publicKey) == single)
        // Beside a valid one, so that the batch really is one equation.
        let key = try Ed25519SigningKey(seed: [UInt8](repeating: 7, count: 32))
        let companion = try (publicKey: key.publicKey, message: [UInt8](), signature: key.sign([]))
        #expect(Ed25519ZIP215.verifyBatch([(publicKey, message, signature), companion]) == single)
        if let preparedKey = Ed25519PreparedKey(publicKey), let companionKey = Ed25519PreparedKey(key.publicKey) {
            var batch = Ed25519Batch()
            batch.add(publicKey: preparedKey, message: message, signature: signature)
            batch.add(publicKey: companionKey, message: [], signature: companion.signature)
            #expect(batch.isValid == single)
        }
        return single
    }

    /// A folder of further vectors that some machines have.
    private static let vectorFile = ProcessInfo.processInfo.environment["HACA_VECTORS"].map {
        URL(fileURLWithPath: $0).appending(path: "consensus-vectors/generated/ed25519_zip215.json")
    }

    @Test(.enabled(if: vectorFile != nil, "HACA_VECTORS is not set"))
    func `every published vector has the published verdict`() throws {
        let file = try #require(Self.vectorFile)
        let cases = try #require(JSON(parsing: Array(Data(contentsOf: file)))["cases"]?.arrayValue)
        #expect(cases.count > 200)
        for vector in cases {
            func bytes(_ name: String) throws -> [UInt8] { try Hex.decode(#require(vector[name]?.stringValue)) }
            let found = try verdict(bytes("pub_key"), bytes("message"), bytes("signature"))
            #expect(found == vector["valid"]?.boolValue, "\(vector["note"]?.stringValue ?? "")")
        }
    }

    @Test func `all 196 pairs of small-order keys and commitments verify with s = 0`() throws {
        #expect(Set(SmallOrder.encodings).count == 14)
        var entries: [(publicKey: [UInt8], message: [UInt8], signature: [UInt8])] = []
        for key in SmallOrder.encodings {
            for commitment in SmallOrder.encodings {
                let signature = commitment + [UInt8](repeating: 0, count: 32)
                #expect(try verdict(key, Array("Zcash".utf8), signature))
                entries.append((key, Array("Zcash".utf8), signature))
            }
        }
        #expect(Ed25519ZIP215.verifyBatch(entries))
    }

    @Test func `a response of s + L is refused although it names the same scalar`() throws {
        let order = try Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        let key = try Ed25519SigningKey(seed: [UInt8](repeating: 1, count: 32))
        for position in 0..<20 {
            let message = [UInt8(position)]
            let signature = try key.sign(message)
            #expect(try verdict(key.publicKey, message, signature))
            var raised = signature
            var carry = 0
            for index in 0..<32 {
                carry += Int(raised[32 + index]) + Int(order[index])
                raised[32 + index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            try #require(carry == 0)
            #expect(try !verdict(key.publicKey, message, raised))
        }
        // s = L itself, and the largest s of all, under a key for which s = 0 is valid.
        let identity = SmallOrder.encodings[4]
        #expect(try verdict(identity, [], identity + [UInt8](repeating: 0, count: 32)))
        #expect(try !verdict(identity, [], identity + order))
        #expect(try !verdict(identity, [], identity + [UInt8](repeating: 0xFF, count: 32)))
    }

    @Test func `signatures and keys of any other length are refused`() throws {
        let key = try Ed25519SigningKey(seed: [UInt8](repeating: 2, count: 32))
        let signature = try key.sign([1])
        for wrong in [[], Array(signature.dropLast()), signature + [0], Array(signature.prefix(32))] {
            #expect(try !verdict(key.publicKey, [1], wrong))
        }
        for wrong in [[], Array(key.publicKey.dropLast()), key.publicKey + [0]] {
            #expect(try !verdict(wrong, [1], signature))
            #expect(Ed25519PreparedKey(wrong) == nil)
        }
    }

    @Test func `a key that is no point verifies nothing`() throws {
        var random = SplitMix64(seed: 5)
        var refused = 0
        for _ in 0..<40 {
            let bytes = random.bytes(32)
            guard Ed25519PreparedKey(bytes) == nil else { continue }
            refused += 1
            #expect(try !verdict(bytes, [], SmallOrder.encodings[4] + [UInt8](repeating: 0, count: 32)))
        }
        #expect(refused > 5)
    }

    @Test func `honest signatures verify exactly as another library says`() throws {
        var random = SplitMix64(seed: 11)
        for _ in 0..<300 {
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: random.bytes(32))
            let publicKey = Array(key.publicKey.rawRepresentation)
            let message = random.bytes(random.below(300))
            var signature = try Array(key.signature(for: message))
            #expect(try verdict(publicKey, message, signature))
            signature[random.below(64)] ^= 1 << UInt8(random.below(8))
            #expect(
                try verdict(publicKey, message, signature) == key.publicKey.isValidSignature(signature, for: message))
        }
    }

    @Test func `whatever a strict library accepts of crafted signatures is accepted`() throws {
        var random = SplitMix64(seed: 12)
        var (valid, strict) = (0, 0)
        for _ in 0..<400 {
            let crafted = CraftedSignature.any(random: &random)
            let ours = try verdict(crafted.publicKey, crafted.message, crafted.signature)
            let theirs =
                (try? Curve25519.Signing.PublicKey(rawRepresentation: crafted.publicKey))?
                .isValidSignature(crafted.signature, for: crafted.message) ?? false
            #expect(ours || !theirs)
            if ours { valid += 1 }
            if theirs { strict += 1 }
        }
        #expect(valid > strict && strict > 50)
    }

    @Test(.enabled(if: PythonProgram.path != nil, "python3 is not installed"))
    func `crafted signatures have the verdict of the equation over integers`() throws {
        let program =
            PythonProgram.curve + """
                for line in sys.stdin:
                    key, message, signature = (bytes.fromhex(word[1:]) for word in line.split())
                    A, R, s = point(key), point(signature[:32]), number(signature[32:])
                    if A is None or R is None or s >= L:
                        print("false")
                        continue
                    k = number(hashlib.sha512(signature[:32] + key + message).digest()) % L
                    print("true" if times(8, times(s, B)) == times(8, plus(R, times(k, A))) else "false")
                """
        var random = SplitMix64(seed: 13)
        let crafted = (0..<80).map { _ in CraftedSignature.any(random: &random) }
        let lines = crafted.map {
            "x\(Hex.encode($0.publicKey)) x\(Hex.encode($0.message)) x\(Hex.encode($0.signature))"
        }
        let answers = try PythonProgram.answers(to: lines, program: program)
        try #require(answers.count == crafted.count)
        #expect(Set(answers).count == 2)
        for (signature, answer) in zip(crafted, answers) {
            #expect(try verdict(signature.publicKey, signature.message, signature.signature) == (answer == "true"))
        }
    }
}
