import Primitives

extension ValidatorSet: ProtobufMessage {
    /// {1 repeated validators, 2 proposer, 3 total_voting_power}. The total is left out, because the reference does so where
    /// these bytes are hashed.
    public func write(to writer: inout ProtobufWriter) {
        writer.repeatedMessages(1, validators)
        writer.message(2, proposer)
    }

    /// Computes the total itself. Refuses more than `maximumCount` validators, repeated ones, a total power above the largest,
    /// and a proposer who is no member.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var validators: [Validator] = []
        var proposer: ArraySlice<UInt8>?
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.append(to: &validators, maximum: Self.maximumCount)
            case 2: try reader.merge(into: &proposer)
            default: try reader.skip()
            }
        }
        var address: ValidatorAddress?
        if let proposer { address = try Validator(protobuf: proposer).address }
        do {
            try self.init(existing: validators, proposer: address)
            // A set always has a proposer on the wire; one that lacks it gets whose turn it is.
            proposerIndex = proposerIndex ?? highestPriorityIndex
        } catch .unknownValidator {
            throw .invalidValue(field: 2)
        } catch {
            throw .invalidValue(field: 1)
        }
    }
}
