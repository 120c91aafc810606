import ConsensusTypes
import Primitives

/// One step of a proof from a value to an application hash.
public struct ProofOperation: Sendable, Hashable {
    /// Names the verifier, for example `simple:v`.
    public var type: String
    public var key: [UInt8]
    public var data: [UInt8]

    public init(type: String = "", key: [UInt8] = [], data: [UInt8] = []) {
        self.type = type
        self.key = key
        self.data = data
    }
}

extension ProofOperation: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.string(1, type)
        writer.bytes(2, key)
        writer.bytes(3, data)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: type = try reader.string()
            case 2: key = try reader.bytes()
            case 3: data = try reader.bytes()
            default: try reader.skip()
            }
        }
    }
}

/// A proof as a chain of steps, innermost first.
public struct ProofOperations: Sendable, Hashable {
    public var operations: [ProofOperation]

    public init(operations: [ProofOperation] = []) {
        self.operations = operations
    }
}

extension ProofOperations: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedMessages(1, operations)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.append(to: &operations, maximum: ABCILimits.proofOperations)
            default: try reader.skip()
            }
        }
    }
}
