import ConsensusTypes
import Primitives

/// Asks the application where it stands, at the start of every handshake.
public struct InfoRequest: Sendable, Hashable {
    /// Version of the node software.
    public var version: String
    /// Version of the block protocol.
    public var blockVersion: UInt64
    /// Version of the peer protocol.
    public var peerVersion: UInt64
    /// Version of this interface, `2.0.0`.
    public var abciVersion: String

    public init(version: String = "", blockVersion: UInt64 = 0, peerVersion: UInt64 = 0, abciVersion: String = "") {
        self.version = version
        self.blockVersion = blockVersion
        self.peerVersion = peerVersion
        self.abciVersion = abciVersion
    }
}

extension InfoRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, version)
        writer.uint64(2, blockVersion)
        writer.uint64(3, peerVersion)
        writer.string(4, abciVersion)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: version = try reader.string()
            case 2: blockVersion = try reader.uint64()
            case 3: peerVersion = try reader.uint64()
            case 4: abciVersion = try reader.string()
            default: try reader.skip()
            }
        }
    }
}

/// Where the application stands: the last block it has committed, and the hash of its state after it.
public struct InfoResponse: Sendable, Hashable {
    /// Any text, shown by the RPC.
    public var data: String
    /// Version of the application software.
    public var version: String
    /// Version of the application protocol; goes into block headers.
    public var applicationVersion: UInt64
    /// Zero before the first commit.
    public var lastBlockHeight: Int64
    public var lastBlockApplicationHash: [UInt8]

    public init(
        data: String = "", version: String = "", applicationVersion: UInt64 = 0, lastBlockHeight: Int64 = 0,
        lastBlockApplicationHash: [UInt8] = []
    ) {
        self.data = data
        self.version = version
        self.applicationVersion = applicationVersion
        self.lastBlockHeight = lastBlockHeight
        self.lastBlockApplicationHash = lastBlockApplicationHash
    }
}

extension InfoResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, data)
        writer.string(2, version)
        writer.uint64(3, applicationVersion)
        writer.int64(4, lastBlockHeight)
        writer.bytes(5, lastBlockApplicationHash)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: data = try reader.string()
            case 2: version = try reader.string()
            case 3: applicationVersion = try reader.uint64()
            case 4: lastBlockHeight = try reader.int64()
            case 5: lastBlockApplicationHash = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}
