import Primitives

/// The validators of one height in canonical order: voting power descending, then address ascending.
public struct ValidatorSet: Sendable {
    /// The most validators there can be.
    public static let maximumCount = 10_000
    /// The largest total voting power, floor((2^63-1)/8), so that priorities cannot overflow.
    public static let maximumTotalPower = Int64.max / 8
    /// Before the first height: nobody. It decides nothing.
    public static let empty = ValidatorSet(ordered: [], proposerIndex: nil, totalVotingPower: 0)

    public internal(set) var validators: [Validator]
    /// Index of the proposer that the last rotation chose; nil before the first.
    public internal(set) var proposerIndex: Int?
    public internal(set) var totalVotingPower: Int64
    /// Rotation leaves it alone.
    private let memberIndex: ValidatorIndex

    init(ordered validators: [Validator], proposerIndex: Int?, totalVotingPower: Int64) {
        self.validators = validators
        self.proposerIndex = proposerIndex
        self.totalVotingPower = totalVotingPower
        memberIndex = ValidatorIndex(validators)
    }

    /// A new set: every validator starts with the same priority, then the proposer is chosen once.
    ///
    /// - Parameter validators: in any order; their priorities do not matter.
    public init(validators: [Validator]) throws(ValidatorSetError) {
        guard !validators.isEmpty else { throw .empty }
        guard validators.count <= Self.maximumCount else { throw .tooManyValidators(limit: Self.maximumCount) }
        self = try Self.empty.changed(validators, allowsRemovals: false).incremented(by: 1)
    }

    /// A set as another node gave it: order, priorities and proposer as they are. Its hash says whether it is the right one.
    ///
    /// - Parameter proposer: must be a member; nil when it is not known.
    public init(existing validators: [Validator], proposer: ValidatorAddress? = nil) throws(ValidatorSetError) {
        guard validators.count <= Self.maximumCount else { throw .tooManyValidators(limit: Self.maximumCount) }
        var total: Int64 = 0
        for validator in validators {
            guard validator.votingPower >= 0 else { throw .negativePower(validator.address) }
            guard validator.votingPower <= Self.maximumTotalPower else { throw .powerTooLarge(validator.address) }
            total += validator.votingPower
            guard total <= Self.maximumTotalPower else { throw .totalPowerTooLarge }
        }
        self.init(ordered: validators, proposerIndex: nil, totalVotingPower: total)
        if let repeated = memberIndex.repeated { throw .duplicate(repeated) }
        if let proposer {
            guard let index = index(of: proposer) else { throw .unknownValidator(proposer) }
            proposerIndex = index
        }
    }

    public var count: Int { validators.count }

    public var isEmpty: Bool { validators.isEmpty }

    /// The place of a validator in canonical order; nil when it is not a member.
    public func index(of address: ValidatorAddress) -> Int? { memberIndex.index(of: address, in: validators) }

    public func contains(_ address: ValidatorAddress) -> Bool { index(of: address) != nil }

    public func validator(_ address: ValidatorAddress) -> Validator? { index(of: address).map { validators[$0] } }

    /// Nil outside the set.
    public func validator(at index: Int) -> Validator? { validators.indices.contains(index) ? validators[index] : nil }

    /// The proposer that the last rotation chose, or, before the first, whose turn it is. Nil only in the empty set.
    public var proposer: Validator? { (proposerIndex ?? highestPriorityIndex).map { validators[$0] } }

    /// The smallest power that is more than two thirds: floor(2T/3) + 1.
    public var quorumPower: Int64 { totalVotingPower * 2 / 3 + 1 }

    /// The Merkle root over keys and powers in order. Priorities do not matter.
    public var hash: Bytes32 { MerkleTree.root(of: validators.map(\.hashLeaf)) }
}

extension ValidatorSet: Hashable {
    public static func == (left: ValidatorSet, right: ValidatorSet) -> Bool {
        left.validators == right.validators && left.proposerIndex == right.proposerIndex
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(validators)
        hasher.combine(proposerIndex)
    }
}
