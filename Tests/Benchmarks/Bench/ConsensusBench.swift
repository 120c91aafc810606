import ArgumentParser
import ConsensusTypes
import Crypto
import Foundation
import LightClient
import Primitives
import Signing

/// What consensus costs in processor time: signatures alone and in batches, beside swift-crypto's (BoringSSL) in the same run, and
/// a light client that follows a chain.
struct ConsensusBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consensus", abstract: "Measure signature verification and the light client on one core.")

    @Option(help: "Milliseconds of processor time for each row.")
    var milliseconds = 400
    @Option(help: "Heights that the light client follows.")
    var heights = 3000

    /// Each row is measured so often; the fastest counts, because whatever else ran only slows it down.
    private static let repetitions = 3

    func run() throws {
        print("verification on one core, processor time, best of \(Self.repetitions)\n")
        try signatures()
        print()
        try lightClient()
    }

    // MARK: Signatures

    private struct Signed {
        let key: Curve25519.Signing.PublicKey
        let publicKey: [UInt8]
        let prepared: Ed25519PreparedKey
        let message: [UInt8]
        let signature: [UInt8]
    }

    private func signatures() throws {
        // The size of a precommit's sign bytes.
        let signed = try (0..<175).map { number in
            let key = Curve25519.Signing.PrivateKey()
            let message = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 120)
            let publicKey = Array(key.publicKey.rawRepresentation)
            guard let prepared = Ed25519PreparedKey(publicKey) else { throw ValidationError("a key is no point") }
            return Signed(
                key: key.publicKey, publicKey: publicKey, prepared: prepared, message: message,
                signature: Array(try key.signature(for: message)))
        }
        let peer = microseconds { index in
            let entry = signed[index % signed.count]
            return entry.key.isValidSignature(entry.signature, for: entry.message)
        }
        row("one signature, swift-crypto", peer, peer: peer)
        row(
            "one signature, ZIP-215",
            microseconds { index in
                let entry = signed[index % signed.count]
                return Ed25519ZIP215.verify(
                    signature: entry.signature, message: entry.message, publicKey: entry.publicKey)
            }, peer: peer)
        row(
            "one signature, prepared key",
            microseconds { index in
                let entry = signed[index % signed.count]
                return Ed25519ZIP215.verify(
                    signature: entry.signature, message: entry.message, publicKey: entry.prepared)
            }, peer: peer)
        for (count, goal) in [(4, 0.25), (175, 7.0)] {
            for isPrepared in [false, true] {
                let cost = microseconds { _ in
                    var batch = Ed25519Batch(expectedCount: count)
                    for entry in signed.prefix(count) {
                        if isPrepared {
                            batch.add(publicKey: entry.prepared, message: entry.message, signature: entry.signature)
                        } else {
                            batch.add(publicKey: entry.publicKey, message: entry.message, signature: entry.signature)
                        }
                    }
                    return batch.isValid
                }
                row(
                    "batch of \(count)\(isPrepared ? ", prepared keys" : "") (goal \(goal) ms)", cost,
                    peer: peer * Double(count))
            }
        }
    }

    private func row(_ name: String, _ cost: Double, peer: Double) {
        let columns = [
            name.padding(toLength: 42, withPad: " ", startingAt: 0), String(format: "%10.1f µs", cost),
            String(format: "%6.2f × as fast as swift-crypto", peer / cost),
        ]
        print(columns.joined(separator: "  "))
    }

    // MARK: Light client

    private func lightClient() throws {
        for (validators, heights, goal) in [(4, max(2, heights), "goal 3000"), (100, max(2, heights / 20), "")] {
            let chain = try BenchChain(heights: heights, validators: validators)
            let verifier = HeaderVerifier(policy: LightVerificationPolicy())
            var best = Double.infinity
            for _ in 0..<Self.repetitions {
                let began = threadNanoseconds()
                for (trusted, next) in zip(chain.blocks, chain.blocks.dropFirst()) {
                    try verifier.verify(
                        next, trusted: trusted.signedHeader, trustedValidators: trusted.validators, now: chain.now)
                }
                best = min(best, Double(threadNanoseconds() - began) / Double(heights - 1))
            }
            let name = "light client, every height, \(validators) validators"
            print(
                name.padding(toLength: 42, withPad: " ", startingAt: 0),
                String(format: "%10.0f heights/s", 1e9 / best), goal)
        }
    }

    /// Processor microseconds of one call.
    private func microseconds(_ body: (Int) -> Bool) -> Double {
        var best = Double.infinity
        for _ in 0..<Self.repetitions {
            let budget = UInt64(milliseconds) * 1_000_000 / UInt64(Self.repetitions)
            let began = threadNanoseconds()
            var calls = 0
            var valid = 0
            repeat {
                if body(calls) { valid += 1 }
                calls += 1
            } while threadNanoseconds() - began < budget
            precondition(valid == calls, "what is measured is wrong")
            best = min(best, Double(threadNanoseconds() - began) / Double(calls) / 1000)
        }
        return best
    }

    private func threadNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}
