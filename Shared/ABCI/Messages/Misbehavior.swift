import ConsensusTypes
import Primitives

/// How a validator misbehaved.
public enum MisbehaviorType: Int32, Sendable, Hashable {
    case unknown = 0
    /// It signed two different votes in one round.
    case duplicateVote = 1
    /// It signed a block that could fool a light client.
    case lightClientAttack = 2
}

/// Proven misbehaviour of one validator, as the application is told of it.
public struct Misbehavior: Sendable, Hashable {
    public var type: MisbehaviorType
    /// With its power at `height`.
    public var validator: ABCIValidator
    /// Where it happened.
    public var height: Int64
    /// Time of the block at `height`.
    public var time: Timestamp
    /// Of the validator set at `height`.
    public var totalVotingPower: Int64

    public init(
        type: MisbehaviorType = .unknown, validator: ABCIValidator = ABCIValidator(), height: Int64 = 0,
        time: Timestamp = .zero, totalVotingPower: Int64 = 0
    ) {
        self.type = type
        self.validator = validator
        self.height = height
        self.time = time
        self.totalVotingPower = totalVotingPower
    }
}

extension Misbehavior: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, type.rawValue)
        writer.message(2, validator)
        writer.int64(3, height)
        writer.message(4, time)
        writer.int64(5, totalVotingPower)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: type = MisbehaviorType(rawValue: try reader.int32()) ?? .unknown
            case 2: validator = try reader.message()
            case 3: height = try reader.int64()
            case 4: time = try reader.message()
            case 5: totalVotingPower = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}
