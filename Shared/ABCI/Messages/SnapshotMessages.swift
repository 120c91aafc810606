import ConsensusTypes
import Primitives

/// Asks for the snapshots the application can serve.
public struct ListSnapshotsRequest: Sendable, Hashable {
    public init() {}
}

extension ListSnapshotsRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {}

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while try reader.nextField() != nil { try reader.skip() }
    }
}

/// The snapshots the application can serve.
public struct ListSnapshotsResponse: Sendable, Hashable {
    public var snapshots: [Snapshot]

    public init(snapshots: [Snapshot] = []) {
        self.snapshots = snapshots
    }
}

extension ListSnapshotsResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedMessages(1, snapshots)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.append(to: &snapshots, maximum: ABCILimits.snapshots)
            default: try reader.skip()
            }
        }
    }
}

/// What the application thinks of an offered snapshot.
public enum OfferSnapshotResult: Int32, Sendable, Hashable {
    /// Not an answer: state sync stops.
    case unknown = 0
    /// Chunks may follow.
    case accept = 1
    /// Give up state sync.
    case abort = 2
    /// Not this one, try another.
    case reject = 3
    /// No snapshot of this format.
    case rejectFormat = 4
    /// No snapshot from these senders.
    case rejectSender = 5
}

/// Offers a snapshot found at peers.
public struct OfferSnapshotRequest: Sendable, Hashable {
    public var snapshot: Snapshot?
    /// Verified by the light client; the restored state must have it.
    public var applicationHash: [UInt8]

    public init(snapshot: Snapshot? = nil, applicationHash: [UInt8] = []) {
        self.snapshot = snapshot
        self.applicationHash = applicationHash
    }
}

extension OfferSnapshotRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, snapshot)
        writer.bytes(2, applicationHash)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: snapshot = try reader.message()
            case 2: applicationHash = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// The verdict on an offered snapshot.
public struct OfferSnapshotResponse: Sendable, Hashable {
    public var result: OfferSnapshotResult

    public init(result: OfferSnapshotResult = .unknown) {
        self.result = result
    }
}

extension OfferSnapshotResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, result.rawValue)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: result = OfferSnapshotResult(rawValue: try reader.int32()) ?? .unknown
            default: try reader.skip()
            }
        }
    }
}

/// Asks for a chunk to serve to a peer.
public struct LoadSnapshotChunkRequest: Sendable, Hashable {
    public var height: UInt64
    public var format: UInt32
    /// Index from zero.
    public var chunk: UInt32

    public init(height: UInt64 = 0, format: UInt32 = 0, chunk: UInt32 = 0) {
        self.height = height
        self.format = format
        self.chunk = chunk
    }
}

extension LoadSnapshotChunkRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint64(1, height)
        writer.uint32(2, format)
        writer.uint32(3, chunk)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.uint64()
            case 2: format = try reader.uint32()
            case 3: chunk = try reader.uint32()
            default: try reader.skip()
            }
        }
    }
}

/// The chunk; empty when there is none.
public struct LoadSnapshotChunkResponse: Sendable, Hashable {
    public var chunk: [UInt8]

    public init(chunk: [UInt8] = []) {
        self.chunk = chunk
    }
}

extension LoadSnapshotChunkResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, chunk)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: chunk = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// What the application made of a chunk.
public enum ApplySnapshotChunkResult: Int32, Sendable, Hashable {
    /// Not an answer: state sync stops.
    case unknown = 0
    /// The next one.
    case accept = 1
    /// Give up state sync.
    case abort = 2
    /// This chunk again, after refetching what the answer says.
    case retry = 3
    /// All chunks of this snapshot again.
    case retrySnapshot = 4
    /// Another snapshot.
    case rejectSnapshot = 5
}

/// Delivers a chunk, in order of index.
public struct ApplySnapshotChunkRequest: Sendable, Hashable {
    /// From zero.
    public var index: UInt32
    public var chunk: [UInt8]
    /// Node id of the peer it came from.
    public var sender: String

    public init(index: UInt32 = 0, chunk: [UInt8] = [], sender: String = "") {
        self.index = index
        self.chunk = chunk
        self.sender = sender
    }
}

extension ApplySnapshotChunkRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint32(1, index)
        writer.bytes(2, chunk)
        writer.string(3, sender)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: index = try reader.uint32()
            case 2: chunk = try reader.bytes()
            case 3: sender = try reader.string()
            default: try reader.skip()
            }
        }
    }
}

/// The verdict on a chunk.
public struct ApplySnapshotChunkResponse: Sendable, Hashable {
    public var result: ApplySnapshotChunkResult
    /// Indices of chunks to fetch again.
    public var refetchChunks: [UInt32]
    /// Node ids of peers to take nothing more from.
    public var rejectSenders: [String]

    public init(result: ApplySnapshotChunkResult = .unknown, refetchChunks: [UInt32] = [], rejectSenders: [String] = [])
    {
        self.result = result
        self.refetchChunks = refetchChunks
        self.rejectSenders = rejectSenders
    }
}

extension ApplySnapshotChunkResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, result.rawValue)
        writer.packedUInt32(2, refetchChunks)
        writer.repeatedStrings(3, rejectSenders)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        var refetched: [UInt64] = []
        while let field = try reader.nextField() {
            switch field {
            case 1: result = ApplySnapshotChunkResult(rawValue: try reader.int32()) ?? .unknown
            case 2: try reader.appendVarints(to: &refetched, maximum: ABCILimits.chunks)
            case 3: try reader.appendString(to: &rejectSenders, maximum: ABCILimits.senders)
            default: try reader.skip()
            }
        }
        refetchChunks = refetched.map { UInt32(truncatingIfNeeded: $0) }
    }
}
