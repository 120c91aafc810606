import Primitives

/// Why a part does not belong to a set.
public enum PartSetError: Error, Hashable, Sendable {
    /// The header announces more parts than the largest block has.
    case tooManyParts(UInt32)
    case indexOutOfRange(UInt32, total: UInt32)
    /// The proof is for another place or another number of parts.
    case wrongProofPlace
    /// Not the last part, and not exactly 65536 bytes; or empty.
    case wrongSize(Int)
    case invalidProof
    /// The parts together would be longer than a block may be.
    case blockTooLong(limit: Int)
}

/// An encoded block cut into parts of 64 KiB, complete on the proposer's side, filling up on everyone else's.
public struct PartSet: Sendable, Hashable {
    /// The largest block: 100 MiB.
    public static let maximumBlockBytes = 104_857_600
    /// As many as the largest block has.
    public static let maximumParts: UInt32 = 1601

    public let header: PartSetHeader
    /// Bytes in the parts so far.
    public private(set) var byteCount = 0
    /// Which parts are there.
    public private(set) var bitArray: BitArray
    private let maximumBytes: Int
    private var parts: [Part?]

    /// An empty set that waits for its parts. A header that announces more than `maximumParts` gets no part.
    ///
    /// - Parameter maximumBytes: the most that the parts may have together.
    public init(header: PartSetHeader, maximumBytes: Int = maximumBlockBytes) {
        self.header = header
        self.maximumBytes = maximumBytes
        let count = Int(min(header.total, Self.maximumParts))
        bitArray = BitArray(count: count)
        parts = [Part?](repeating: nil, count: count)
    }

    /// Cuts an encoded block. No bytes at all are one empty part less: none.
    ///
    /// - Precondition: at most 1601 parts.
    public init(cutting bytes: [UInt8]) {
        let chunks = stride(from: 0, to: bytes.count, by: Part.size).map { start in
            Array(bytes[start..<min(start + Part.size, bytes.count)])
        }
        precondition(chunks.count <= Int(Self.maximumParts), "a block is longer than the largest block")
        let (root, proofs) = MerkleTree.proofs(of: chunks)
        header = PartSetHeader(total: UInt32(chunks.count), hash: root)
        maximumBytes = Self.maximumBlockBytes
        bitArray = BitArray(count: chunks.count)
        parts = []
        parts.reserveCapacity(chunks.count)
        for (index, chunk) in chunks.enumerated() {
            parts.append(Part(index: UInt32(index), bytes: chunk, proof: proofs[index]))
            bitArray[index] = true
        }
        byteCount = bytes.count
    }

    public var total: UInt32 { header.total }

    /// How many parts are there.
    public var count: Int { bitArray.populationCount }

    public var isComplete: Bool { header.total <= Self.maximumParts && bitArray.isFull && header.total > 0 }

    /// Nil when it has not arrived, and beyond the end.
    public func part(at index: Int) -> Part? { parts.indices.contains(index) ? parts[index] : nil }

    /// Adds a part from anywhere.
    ///
    /// - Returns: false when it was there already.
    public mutating func add(_ part: Part) throws(PartSetError) -> Bool {
        guard header.total <= Self.maximumParts else { throw .tooManyParts(header.total) }
        guard part.index < header.total else { throw .indexOutOfRange(part.index, total: header.total) }
        let index = Int(part.index)
        if parts[index] != nil { return false }
        guard part.proof.index == Int64(part.index), part.proof.total == Int64(header.total) else {
            throw .wrongProofPlace
        }
        let isLast = part.index == header.total - 1
        guard isLast ? (1...Part.size).contains(part.bytes.count) : part.bytes.count == Part.size else {
            throw .wrongSize(part.bytes.count)
        }
        guard byteCount + part.bytes.count <= maximumBytes else { throw .blockTooLong(limit: maximumBytes) }
        guard let hash = header.hash, part.proof.verify(root: hash, leaf: part.bytes) else { throw .invalidProof }
        parts[index] = part
        bitArray[index] = true
        byteCount += part.bytes.count
        return true
    }

    /// The encoded block; nil until the set is complete.
    public var assembledBytes: [UInt8]? {
        guard isComplete else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for part in parts { bytes += part?.bytes ?? [] }
        return bytes
    }
}
