import Primitives

/// A piece of an encoded block with the proof that it belongs there.
public struct Part: Sendable, Hashable {
    /// All parts but the last have exactly this many bytes.
    public static let size = 65_536

    public var index: UInt32
    public var bytes: [UInt8]
    public var proof: MerkleProof

    public init(index: UInt32, bytes: [UInt8], proof: MerkleProof) {
        self.index = index
        self.bytes = bytes
        self.proof = proof
    }
}

extension Part: ProtobufMessage {
    /// {1 index uint32, 2 bytes, 3 proof always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.uint32(1, index)
        writer.bytes(2, bytes)
        writer.message(3, proof)
    }

    /// Refuses more than `size` bytes.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(index: 0, bytes: [], proof: MerkleProof(total: 0, index: 0, leafHash: nil, aunts: []))
        var proof: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: index = try reader.uint32()
            case 2: bytes = try reader.bytes(maximum: Self.size)
            case 3: try reader.merge(into: &proof)
            default: try reader.skip()
            }
        }
        if let proof { self.proof = try MerkleProof(protobuf: proof) }
    }
}
