import Signing
import Testing

@Suite("Ed25519 batches")
struct Ed25519BatchTests {
    private typealias Entry = (publicKey: [UInt8], message: [UInt8], signature: [UInt8])

    private func entries(_ count: Int, random: inout SplitMix64) -> [Entry] {
        (0..<count).map { _ in
            let crafted = CraftedSignature.any(random: &random)
            return (crafted.publicKey, crafted.message, crafted.signature)
        }
    }

    private func singlyInvalid(_ entries: [Entry]) -> [Int] {
        entries.indices.filter { index in
            let entry = entries[index]
            return !Ed25519ZIP215.verify(
                signature: entry.signature, message: entry.message, publicKey: entry.publicKey)
        }
    }

    @Test func `an empty batch is valid`() {
        #expect(Ed25519Batch().isValid)
        #expect(Ed25519Batch().invalidEntries.isEmpty)
        #expect(Ed25519ZIP215.verifyBatch([]))
    }

    @Test func `a batch finds exactly the entries that are invalid alone`() {
        var random = SplitMix64(seed: 21)
        for count in [1, 2, 3, 5, 17, 64] {
            for _ in 0..<6 {
                let entries = entries(count, random: &random)
                let invalid = singlyInvalid(entries)
                #expect(Ed25519ZIP215.verifyBatch(entries) == invalid.isEmpty)
                #expect(Ed25519ZIP215.invalidEntries(of: entries) == invalid)
                let valid = entries.indices.filter { !invalid.contains($0) }.map { entries[$0] }
                #expect(Ed25519ZIP215.verifyBatch(valid))
            }
        }
    }

    @Test func `prepared and bare keys mix in one batch`() {
        var random = SplitMix64(seed: 22)
        for _ in 0..<20 {
            let entries = entries(12, random: &random)
            var batch = Ed25519Batch()
            for entry in entries {
                if random.below(2) == 0, let key = Ed25519PreparedKey(entry.publicKey) {
                    batch.add(publicKey: key, message: entry.message, signature: entry.signature)
                } else {
                    batch.add(publicKey: entry.publicKey, message: entry.message, signature: entry.signature)
                }
            }
            #expect(batch.invalidEntries == singlyInvalid(entries))
            #expect(batch.isValid == singlyInvalid(entries).isEmpty)
        }
    }

    @Test func `few keys with many messages share their multiples over several equations`() throws {
        let keys = try (0..<4).map { try Ed25519SigningKey(seed: [UInt8](repeating: UInt8($0), count: 32)) }
        let cache = Ed25519KeyCache()
        var entries: [Entry] = []
        var batch = Ed25519Batch(expectedCount: 600)
        for position in 0..<600 {
            let message = [UInt8(position & 0xFF), UInt8(position >> 8)]
            let key = keys[position % 4]
            let signature = try key.sign(message)
            entries.append((key.publicKey, message, signature))
            let prepared = try #require(cache.key(key.publicKey))
            batch.add(publicKey: prepared, message: message, signature: signature)
        }
        #expect(batch.isValid)
        #expect(batch.count == 600)
        #expect(Ed25519ZIP215.verifyBatch(entries))
        for damaged in [0, 255, 256, 599] {
            var wrong = entries
            wrong[damaged].message[0] ^= 1
            #expect(Ed25519ZIP215.invalidEntries(of: wrong) == [damaged])
        }
    }

    @Test func `errors that cancel in a plain sum are found by the coefficients`() throws {
        let key = try Ed25519SigningKey(seed: [UInt8](repeating: 9, count: 32))
        var first = try key.sign([1])
        var second = try key.sign([2])
        // One more in one response and one less in the other: the sum of both equations still holds.
        try #require(first[32] < 0xFF && second[32] > 0)
        first[32] += 1
        second[32] -= 1
        let entries: [Entry] = [(key.publicKey, [1], first), (key.publicKey, [2], second)]
        for _ in 0..<50 { #expect(!Ed25519ZIP215.verifyBatch(entries)) }
        #expect(Ed25519ZIP215.invalidEntries(of: entries) == [0, 1])
    }

    @Test func `entries of wrong length are reported beside the others`() throws {
        let key = try Ed25519SigningKey(seed: [UInt8](repeating: 3, count: 32))
        let signature = try key.sign([])
        let entries: [Entry] = [
            (key.publicKey, [], signature), (key.publicKey, [], []), (key.publicKey, [1], signature),
            ([], [], signature), (key.publicKey, [], signature),
        ]
        #expect(Ed25519ZIP215.invalidEntries(of: entries) == [1, 2, 3])
    }

    @Test func `a cache keeps no more than its capacity and answers the same when it forgets`() throws {
        let cache = Ed25519KeyCache(capacity: 4)
        let keys = try (0..<20).map { try Ed25519SigningKey(seed: [UInt8](repeating: UInt8($0), count: 32)) }
        for _ in 0..<3 {
            for key in keys {
                let signature = try key.sign([5])
                #expect(cache.verify(signature: signature, message: [5], publicKey: key.publicKey))
                #expect(!cache.verify(signature: signature, message: [6], publicKey: key.publicKey))
                #expect(cache.count <= 4)
            }
        }
        let kept = try #require(cache.key(keys[19].publicKey))
        #expect(cache.key(keys[19].publicKey) === kept)
        #expect(cache.key([UInt8](repeating: 2, count: 32)) == nil)
        #expect(cache.key([]) == nil)
    }
}
