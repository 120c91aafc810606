import Primitives

/// An application's snapshot as a peer offers it.
public struct SnapshotOffer: Sendable, Hashable {
    public var height: UInt64
    public var format: UInt32
    public var chunks: UInt32
    public var hash: [UInt8]
    public var metadata: [UInt8]

    public init(height: UInt64, format: UInt32, chunks: UInt32, hash: [UInt8], metadata: [UInt8]) {
        self.height = height
        self.format = format
        self.chunks = chunks
        self.hash = hash
        self.metadata = metadata
    }
}

/// A piece of a snapshot, or the news that the peer does not have it.
public struct SnapshotChunk: Sendable, Hashable {
    public var height: UInt64
    public var format: UInt32
    public var index: UInt32
    public var bytes: [UInt8]
    public var isMissing: Bool

    public init(height: UInt64, format: UInt32, index: UInt32, bytes: [UInt8], isMissing: Bool) {
        self.height = height
        self.format = format
        self.index = index
        self.bytes = bytes
        self.isMissing = isMissing
    }
}

/// What peers say about snapshots, on the channels 0x60 and 0x61.
public enum StateSyncMessage: Sendable, Hashable {
    case snapshotsRequest
    case snapshotsResponse(SnapshotOffer)
    case chunkRequest(height: UInt64, format: UInt32, index: UInt32)
    case chunkResponse(SnapshotChunk)

    /// The longest encoded message on channel 0x60.
    public static let maximumSnapshotBytes = 4_000_000
    /// The longest encoded message on channel 0x61.
    public static let maximumChunkBytes = 16_000_000
}

extension StateSyncMessage: ProtobufMessage {
    /// oneof {1 snapshots_request {}, 2 snapshots_response {1 height, 2 format, 3 chunks, 4 hash, 5 metadata},
    /// 3 chunk_request {1 height, 2 format, 3 index}, 4 chunk_response {1 height, 2 format, 3 index, 4 chunk, 5 missing}}.
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .snapshotsRequest: writer.nested(1) { _ in }
        case .snapshotsResponse(let offer): writer.message(2, offer)
        case .chunkRequest(let height, let format, let index):
            writer.nested(3) {
                $0.uint64(1, height)
                $0.uint32(2, format)
                $0.uint32(3, index)
            }
        case .chunkResponse(let chunk): writer.message(4, chunk)
        }
    }

    /// Refuses a message of no known kind.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var message: StateSyncMessage?
        while let field = try reader.nextField() {
            switch field {
            case 1:
                var content = try reader.submessage()
                while try content.nextField() != nil { try content.skip() }
                message = .snapshotsRequest
            case 2: message = .snapshotsResponse(try reader.message())
            case 3:
                let chunk: SnapshotChunk = try reader.message()
                message = .chunkRequest(height: chunk.height, format: chunk.format, index: chunk.index)
            case 4: message = .chunkResponse(try reader.message())
            default: try reader.skip()
            }
        }
        guard let message else { throw .missingField(1) }
        self = message
    }
}

extension SnapshotOffer: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint64(1, height)
        writer.uint32(2, format)
        writer.uint32(3, chunks)
        writer.bytes(4, hash)
        writer.bytes(5, metadata)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, format: 0, chunks: 0, hash: [], metadata: [])
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.uint64()
            case 2: format = try reader.uint32()
            case 3: chunks = try reader.uint32()
            case 4: hash = try reader.bytes()
            case 5: metadata = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

extension SnapshotChunk: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint64(1, height)
        writer.uint32(2, format)
        writer.uint32(3, index)
        writer.bytes(4, bytes)
        writer.bool(5, isMissing)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, format: 0, index: 0, bytes: [], isMissing: false)
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.uint64()
            case 2: format = try reader.uint32()
            case 3: index = try reader.uint32()
            case 4: bytes = try reader.bytes()
            case 5: isMissing = try reader.bool()
            default: try reader.skip()
            }
        }
    }
}
