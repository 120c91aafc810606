import ConsensusTypes
import Primitives
import Testing

@Suite struct PartSetTests {
    private let bytes = (0..<150_000).map { UInt8(truncatingIfNeeded: $0 / 7) }

    @Test func `parts in any order make the block again`() throws {
        let whole = PartSet(cutting: bytes)
        var collected = PartSet(header: whole.header)
        for index in [2, 0, 1] {
            let part = try #require(whole.part(at: index))
            #expect(!collected.isComplete)
            #expect(collected.assembledBytes == nil)
            #expect(try collected.add(part))
            #expect(try !collected.add(part))
        }
        #expect(collected.isComplete)
        #expect(collected.assembledBytes == bytes)
        #expect(collected.byteCount == bytes.count)
    }

    @Test func `a part with anything wrong is refused`() throws {
        let whole = PartSet(cutting: bytes)
        let part = try #require(whole.part(at: 0))
        var collected = PartSet(header: whole.header)
        var wrong = part
        wrong.index = 3
        #expect(throws: PartSetError.indexOutOfRange(3, total: 3)) { try collected.add(wrong) }
        wrong = part
        wrong.index = 1
        #expect(throws: PartSetError.wrongProofPlace) { try collected.add(wrong) }
        wrong = part
        wrong.proof.total = 4
        #expect(throws: PartSetError.wrongProofPlace) { try collected.add(wrong) }
        wrong = part
        wrong.bytes.removeLast()
        #expect(throws: PartSetError.wrongSize(65_535)) { try collected.add(wrong) }
        wrong = part
        wrong.bytes[17] ^= 1
        #expect(throws: PartSetError.invalidProof) { try collected.add(wrong) }
        var last = try #require(whole.part(at: 2))
        last.bytes = []
        #expect(throws: PartSetError.wrongSize(0)) { try collected.add(last) }
        #expect(collected.count == 0)
    }

    @Test func `a set does not grow beyond the largest block`() throws {
        let whole = PartSet(cutting: bytes)
        var collected = PartSet(header: whole.header, maximumBytes: 100_000)
        #expect(try collected.add(#require(whole.part(at: 0))))
        #expect(throws: PartSetError.blockTooLong(limit: 100_000)) {
            try collected.add(#require(whole.part(at: 1)))
        }
        var huge = PartSet(header: PartSetHeader(total: .max, hash: whole.header.hash))
        #expect(throws: PartSetError.tooManyParts(.max)) { try huge.add(#require(whole.part(at: 0))) }
        #expect(huge.bitArray.count == 1601)
        #expect(!huge.isComplete)
        #expect(!PartSet(header: .zero).isComplete)
    }
}

@Suite struct BitArrayTests {
    @Test func `bits beyond the end are neither set nor read`() {
        var bits = BitArray(count: 65)
        bits[64] = true
        bits[65] = true
        bits[-1] = true
        #expect(bits.indices == [64])
        #expect(!bits[65])
        #expect(bits.index(ofOne: 0) == 64)
        #expect(bits.index(ofOne: 1) == nil)
    }

    @Test func `a decoded array has as many words as its count needs and no bits beyond it`() throws {
        var writer = ProtobufWriter()
        writer.int64(1, 3)
        writer.packedUInt64(2, [0xFF])
        #expect(try BitArray(protobuf: writer.bytes).indices == [0, 1, 2])
        for (count, words) in [(Int64(3), [UInt64]()), (3, [1, 1]), (-1, []), (10_001, [1]), (.max, [1])] {
            var writer = ProtobufWriter()
            writer.int64(1, count)
            writer.packedUInt64(2, words)
            #expect(throws: ProtobufError.self) { try BitArray(protobuf: writer.bytes) }
        }
        #expect(BitArray(count: 0).protobufBytes.isEmpty)
    }

    @Test func `set operations keep the left array's count`() {
        var left = BitArray(count: 3)
        var right = BitArray(count: 70)
        for index in [0, 1] { left[index] = true }
        for index in [1, 2, 69] { right[index] = true }
        #expect(left.subtracting(right).indices == [0])
        #expect(left.union(right).indices == [0, 1, 2])
        #expect(left.intersection(right).indices == [1])
        #expect(right.subtracting(left).indices == [2, 69])
    }
}
