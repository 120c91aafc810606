import ABCI
import Primitives
import Signing

/// What a snapshot's receiver needs to check its chunks: the hash of each.
struct SnapshotMetadata: Sendable, Hashable, ProtobufMessage {
    /// Format of the chunks: pairs in key order as delimited messages {1 key, 2 value}.
    static let format: UInt32 = 1
    /// More is not accepted from a peer.
    static let maximumChunks = 1 << 16

    var chunkHashes: [Bytes32] = []

    init(chunkHashes: [Bytes32]) { self.chunkHashes = chunkHashes }

    func write(to writer: inout ProtobufWriter) {
        for hash in chunkHashes { writer.element(1, hash) }
    }

    init(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            guard field == 1 else {
                try reader.skip()
                continue
            }
            guard chunkHashes.count < Self.maximumChunks else { throw .tooMany(field: 1, limit: Self.maximumChunks) }
            guard let hash = try reader.bytes32() else { throw .invalidValue(field: 1) }
            chunkHashes.append(hash)
        }
    }

    /// The snapshot's name: nodes with the same state make the same one.
    func snapshot(height: UInt64) -> Snapshot {
        let metadata = protobufBytes
        return Snapshot(
            height: height, format: Self.format, chunks: UInt32(chunkHashes.count), hash: SHA2.sha256(metadata).bytes,
            metadata: metadata)
    }
}

/// One pair of a chunk.
struct SnapshotPair: Sendable, Hashable, ProtobufMessage {
    var key: [UInt8] = []
    var value: [UInt8] = []

    init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }

    func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, key)
        writer.bytes(2, value)
    }

    init(from reader: inout ProtobufReader) throws(ProtobufError) {
        while let field = try reader.nextField() {
            switch field {
            case 1: key = try reader.bytes()
            case 2: value = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}
