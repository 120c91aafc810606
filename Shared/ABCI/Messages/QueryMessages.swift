import ConsensusTypes
import Primitives

/// A read of committed state.
public struct QueryRequest: Sendable, Hashable {
    /// Usually the key.
    public var data: [UInt8]
    /// What kind of thing to read; the application defines paths.
    public var path: String
    /// Zero means the latest.
    public var height: Int64
    /// Whether a proof is wanted.
    public var prove: Bool

    public init(data: [UInt8] = [], path: String = "", height: Int64 = 0, prove: Bool = false) {
        self.data = data
        self.path = path
        self.height = height
        self.prove = prove
    }
}

extension QueryRequest: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, data)
        writer.string(2, path)
        writer.int64(3, height)
        writer.bool(4, prove)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: data = try reader.bytes()
            case 2: path = try reader.string()
            case 3: height = try reader.int64()
            case 4: prove = try reader.bool()
            default: try reader.skip()
            }
        }
    }
}

/// What a read found.
public struct QueryResponse: Sendable, Hashable {
    /// Zero means success.
    public var code: UInt32
    /// For people; not deterministic.
    public var log: String
    public var info: String
    /// Position of the key in the tree.
    public var index: Int64
    public var key: [UInt8]
    public var value: [UInt8]
    /// Leads from the value to an application hash.
    public var proof: ProofOperations?
    /// Height of the state that was read; the header of the next height carries its hash.
    public var height: Int64
    /// Namespace of `code`.
    public var codespace: String

    public init(
        code: UInt32 = 0, log: String = "", info: String = "", index: Int64 = 0, key: [UInt8] = [], value: [UInt8] = [],
        proof: ProofOperations? = nil, height: Int64 = 0, codespace: String = ""
    ) {
        self.code = code
        self.log = log
        self.info = info
        self.index = index
        self.key = key
        self.value = value
        self.proof = proof
        self.height = height
        self.codespace = codespace
    }
}

extension QueryResponse: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.uint32(1, code)
        writer.string(3, log)
        writer.string(4, info)
        writer.int64(5, index)
        writer.bytes(6, key)
        writer.bytes(7, value)
        writer.message(8, proof)
        writer.int64(9, height)
        writer.string(10, codespace)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: code = try reader.uint32()
            case 3: log = try reader.string()
            case 4: info = try reader.string()
            case 5: index = try reader.int64()
            case 6: key = try reader.bytes()
            case 7: value = try reader.bytes()
            case 8: proof = try reader.message()
            case 9: height = try reader.int64()
            case 10: codespace = try reader.string()
            default: try reader.skip()
            }
        }
    }
}
