import ConsensusTypes

/// The votes of one type in one round, each verified before it is counted.
///
/// A validator's first vote is the one that counts. A second one for another block is a conflict; it is counted for its block only if a
/// peer has claimed two thirds for that block, or the block has them already, so that a validator that votes twice can neither hide a
/// majority nor fill memory.
public struct VoteSet: Sendable {
    /// Peers whose claims are kept; a correct peer makes one claim for each set.
    public static let maximumClaims = 256

    public let height: Int64
    public let round: Int32
    public let type: SignedMessageType
    /// In set order; a vote's index points into it.
    public let validators: ValidatorSet
    /// Whether non-nil votes must carry a signed extension (else they must not).
    public let requiresExtensions: Bool
    /// The block, or nil's zero id, that has more than two thirds of the power. Never changes once found.
    public private(set) var majority: BlockID?
    /// The power of all validators that voted at all.
    public private(set) var power: Int64 = 0

    private var votes: [Vote?]
    private var tallies: [BlockID: BlockTally] = [:]
    private var claims: [PeerID: BlockID] = [:]

    private struct BlockTally: Sendable {
        var isClaimed = false
        var votes: [Int: Vote] = [:]
        var power: Int64 = 0
    }

    public init(
        height: Int64, round: Int32, type: SignedMessageType, validators: ValidatorSet, requiresExtensions: Bool
    ) {
        self.height = height
        self.round = round
        self.type = type
        self.validators = validators
        self.requiresExtensions = requiresExtensions
        votes = Array(repeating: nil, count: validators.validators.count)
    }
}

// MARK: - Adding

/// What became of a vote.
public enum VoteAddition: Sendable, Hashable {
    case added
    case duplicate
    /// The validator voted for another block before. `counted` tells whether this vote was counted for its own block.
    case conflict(with: Vote, counted: Bool)
    case refused(VoteRefusal)
}

extension VoteSet {
    /// Verifies a vote and counts it.
    public mutating func add(_ vote: Vote, chainID: String, verifier: some ConsensusVerifier) -> VoteAddition {
        if let refusal = check(vote, chainID: chainID, verifier: verifier) { return refusal }
        return insertVerified(vote)
    }

    /// Nil when the vote may be inserted; otherwise what became of it. Changes nothing.
    func check(_ vote: Vote, chainID: String, verifier: some ConsensusVerifier) -> VoteAddition? {
        guard vote.height == height, vote.round == round, vote.type == type else { return .refused(.wrongSubject) }
        guard vote.validatorIndex >= 0, Int(vote.validatorIndex) < votes.count else {
            return .refused(.unknownValidator)
        }
        let validator = validators.validators[Int(vote.validatorIndex)]
        guard validator.address == vote.validatorAddress else { return .refused(.addressMismatch) }
        guard (try? vote.validateBasic()) != nil else { return .refused(.malformed) }
        if let known = repeated(vote) { return known }
        guard verifier.verifies(vote, chainID: chainID, publicKey: validator.publicKey) else {
            return .refused(.invalidSignature)
        }
        if requiresExtensions, type == .precommit, !vote.blockID.isZero {
            guard !vote.extensionSignature.isEmpty,
                verifier.verifiesExtension(of: vote, chainID: chainID, publicKey: validator.publicKey)
            else { return .refused(.invalidExtension) }
        } else if !vote.voteExtension.isEmpty || !vote.extensionSignature.isEmpty {
            return .refused(.invalidExtension)
        }
        return nil
    }

    /// What to answer to a vote for a block that this validator's vote is known for already.
    private func repeated(_ vote: Vote) -> VoteAddition? {
        guard let known = self.vote(at: Int(vote.validatorIndex), for: vote.blockID) else { return nil }
        return known.signature == vote.signature ? .duplicate : .refused(.differentSignature)
    }

    /// Counts a vote that `check` has let through.
    mutating func insertVerified(_ vote: Vote) -> VoteAddition {
        if let known = repeated(vote) { return known }
        let index = Int(vote.validatorIndex)
        let first = votes[index]
        if first == nil {
            votes[index] = vote
            power += validators.validators[index].votingPower
        }
        if let first {
            let isMajority = majority == vote.blockID
            guard isMajority || tallies[vote.blockID]?.isClaimed == true else {
                return .conflict(with: first, counted: false)
            }
            if isMajority { votes[index] = vote }
        }
        count(vote, at: index)
        return first.map { .conflict(with: $0, counted: true) } ?? .added
    }

    private mutating func count(_ vote: Vote, at index: Int) {
        var tally = tallies.removeValue(forKey: vote.blockID) ?? BlockTally()
        tally.votes[index] = vote
        tally.power += validators.validators[index].votingPower
        if majority == nil, tally.power > twoThirds {
            majority = vote.blockID
            // The majority's votes are the ones that make a commit.
            for position in votes.indices { votes[position] = tally.votes[position] ?? votes[position] }
        }
        tallies[vote.blockID] = tally
    }

    /// Notes that a peer has seen two thirds for a block, so that conflicting votes for it are counted.
    /// - Returns: false when the peer has claimed another block before.
    public mutating func claim(_ blockID: BlockID, by peer: PeerID) -> Bool {
        if let earlier = claims[peer] { return earlier == blockID }
        guard claims.count < Self.maximumClaims else { return true }
        claims[peer] = blockID
        tallies[blockID, default: BlockTally()].isClaimed = true
        return true
    }
}

// MARK: - Reading

extension VoteSet {
    /// floor(2T/3): what a majority exceeds.
    var twoThirds: Int64 { validators.totalVotingPower * 2 / 3 }

    /// More than two thirds have voted, for whatever.
    public var hasTwoThirdsOfAny: Bool { power > twoThirds }

    /// Every validator has voted.
    public var hasAll: Bool { power == validators.totalVotingPower }

    /// A validator's counted vote; nil for an index outside the set too.
    public func vote(at index: Int) -> Vote? { votes.indices.contains(index) ? votes[index] : nil }

    /// A validator's vote for that block, be it its counted one or a second one.
    public func vote(at index: Int, for blockID: BlockID) -> Vote? {
        if let vote = vote(at: index), vote.blockID == blockID { return vote }
        return tallies[blockID]?.votes[index]
    }

    /// How many validators there are.
    public var validatorCount: Int { votes.count }

    /// Which validators have voted, in set order.
    public var bitArray: BitArray { bits { votes[$0] != nil } }

    /// Which validators have voted for this block, in set order.
    public func bitArray(for blockID: BlockID) -> BitArray { bits { vote(at: $0, for: blockID) != nil } }

    private func bits(_ isSet: (Int) -> Bool) -> BitArray {
        var bits = BitArray(count: votes.count)
        for index in votes.indices where isSet(index) { bits[index] = true }
        return bits
    }

    /// The precommits as a commit: nil until a block (not nil) has a majority.
    ///
    /// A validator that precommitted another block counts as absent.
    public var extendedCommit: ExtendedCommit? {
        guard type == .precommit, let majority, !majority.isZero else { return nil }
        let signatures = votes.map { vote -> ExtendedCommitSignature in
            guard let vote, vote.blockID == majority || vote.blockID.isZero else {
                return ExtendedCommitSignature(signature: .absent)
            }
            return ExtendedCommitSignature(
                signature: CommitSignature(
                    flag: vote.blockID.isZero ? .nil : .commit, validatorAddress: vote.validatorAddress,
                    timestamp: vote.timestamp, signature: vote.signature),
                voteExtension: vote.voteExtension, extensionSignature: vote.extensionSignature)
        }
        return ExtendedCommit(height: height, round: round, blockID: majority, signatures: signatures)
    }
}

// MARK: - From a commit

extension VoteSet {
    /// Rebuilds the precommits that a stored commit records, verifying each.
    /// - Returns: nil when an entry does not verify or there is no majority for the commit's block.
    public init?(
        _ commit: ExtendedCommit, chainID: String, validators: ValidatorSet, requiresExtensions: Bool,
        verifier: some ConsensusVerifier
    ) {
        guard commit.signatures.count == validators.validators.count else { return nil }
        self.init(
            height: commit.height, round: commit.round, type: .precommit, validators: validators,
            requiresExtensions: requiresExtensions)
        for (index, entry) in commit.signatures.enumerated() where entry.signature.flag != .absent {
            guard let address = entry.signature.validatorAddress else { return nil }
            let vote = Vote(
                type: .precommit, height: commit.height, round: commit.round,
                blockID: entry.signature.flag == .commit ? commit.blockID : .zero,
                timestamp: entry.signature.timestamp, validatorAddress: address, validatorIndex: Int32(index),
                signature: entry.signature.signature, voteExtension: entry.voteExtension,
                extensionSignature: entry.extensionSignature)
            guard add(vote, chainID: chainID, verifier: verifier) == .added else { return nil }
        }
        guard majority == commit.blockID else { return nil }
    }
}
