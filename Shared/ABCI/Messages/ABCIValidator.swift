import ConsensusTypes
import Primitives

/// A validator as the application sees it in commits and misbehaviour.
public struct ABCIValidator: Sendable, Hashable {
    /// 20 bytes.
    public var address: [UInt8]
    public var power: Int64

    public init(address: [UInt8] = [], power: Int64 = 0) {
        self.address = address
        self.power = power
    }
}

extension ABCIValidator: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, address)
        writer.int64(3, power)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: address = try reader.bytes()
            case 3: power = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}
