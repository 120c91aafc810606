import Primitives

/// A member of a validator set.
public struct Validator: Sendable, Hashable {
    public var address: ValidatorAddress
    public var publicKey: ValidatorPublicKey
    public var votingPower: Int64
    /// Moves the proposer's turn around; not hashed.
    public var proposerPriority: Int64

    public init(
        address: ValidatorAddress, publicKey: ValidatorPublicKey, votingPower: Int64, proposerPriority: Int64 = 0
    ) {
        self.address = address
        self.publicKey = publicKey
        self.votingPower = votingPower
        self.proposerPriority = proposerPriority
    }

    /// With the address that belongs to the key; nil when the key's type has none here.
    public init?(publicKey: ValidatorPublicKey, votingPower: Int64) {
        guard let address = publicKey.address else { return nil }
        self.init(address: address, publicKey: publicKey, votingPower: votingPower)
    }

    /// The leaf of the validators' hash: SimpleValidator {1 pub_key present, 2 voting_power}.
    public var hashLeaf: [UInt8] {
        var writer = ProtobufWriter(capacity: 48)
        writer.message(1, publicKey)
        writer.int64(2, votingPower)
        return writer.bytes
    }

    /// Voting power descending, then address ascending: the order of a validator set.
    static func isOrderedBefore(_ left: Validator, _ right: Validator) -> Bool {
        left.votingPower == right.votingPower
            ? left.address < right.address : left.votingPower > right.votingPower
    }
}

extension Validator: ProtobufMessage {
    /// {1 address, 2 pub_key always, 3 voting_power, 4 proposer_priority}.
    public func write(to writer: inout ProtobufWriter) {
        writer.bytes(1, address.bytes)
        writer.message(2, publicKey)
        writer.int64(3, votingPower)
        writer.int64(4, proposerPriority)
    }

    /// Refuses a negative power.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var address: ValidatorAddress?
        var publicKey: ArraySlice<UInt8>?
        var votingPower: Int64 = 0
        var proposerPriority: Int64 = 0
        while let field = try reader.nextField() {
            switch field {
            case 1: address = try reader.validatorAddress()
            case 2: try reader.merge(into: &publicKey)
            case 3: votingPower = try reader.int64()
            case 4: proposerPriority = try reader.int64()
            default: try reader.skip()
            }
        }
        guard let address else { throw .missingField(1) }
        guard let publicKey else { throw .missingField(2) }
        guard votingPower >= 0 else { throw .invalidValue(field: 3) }
        self.init(
            address: address, publicKey: try ValidatorPublicKey(protobuf: publicKey), votingPower: votingPower,
            proposerPriority: proposerPriority)
    }
}

/// A change that the application makes to the validators: a power of 0 removes.
public struct ValidatorUpdate: Sendable, Hashable {
    public var publicKey: ValidatorPublicKey
    public var power: Int64

    public init(publicKey: ValidatorPublicKey, power: Int64) {
        self.publicKey = publicKey
        self.power = power
    }
}

extension ValidatorUpdate: ProtobufMessage {
    /// {1 pub_key always, 2 power}.
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, publicKey)
        writer.int64(2, power)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var publicKey: ArraySlice<UInt8>?
        var power: Int64 = 0
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.merge(into: &publicKey)
            case 2: power = try reader.int64()
            default: try reader.skip()
            }
        }
        guard let publicKey else { throw .missingField(1) }
        self.init(publicKey: try ValidatorPublicKey(protobuf: publicKey), power: power)
    }
}

extension ProtobufReader {
    /// 20 bytes, or nil for none.
    mutating func validatorAddress() throws(ProtobufError) -> ValidatorAddress? {
        let value = try slice()
        if value.isEmpty { return nil }
        guard let address = ValidatorAddress(value) else { throw invalidValue }
        return address
    }

    /// A time that is `zero` when the field is absent, and the last one where it occurs more than once.
    mutating func timestamp() throws(ProtobufError) -> Timestamp { try message() }
}
