import Primitives

/// Which block a state belongs to.
struct StateSummary: Sendable, Hashable {
    /// Zero before the first commit.
    var height: Int64 = 0
    /// Number of pairs.
    var size: Int64 = 0
    /// With power above zero.
    var activeValidators: Int64 = 0
    var applicationHash = Bytes32.zero
}

extension StateSummary: ProtobufMessage {
    func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int64(2, size)
        writer.bytes(3, applicationHash)
        writer.int64(4, activeValidators)
    }

    init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: size = try reader.int64()
            case 3: applicationHash = try reader.bytes32() ?? .zero
            case 4: activeValidators = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}
