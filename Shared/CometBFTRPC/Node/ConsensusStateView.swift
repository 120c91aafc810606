import ConsensusTypes
import Primitives

/// Where consensus stands, as `consensus_state` and `dump_consensus_state` print it.
public struct ConsensusStateView: Sendable {
    /// The votes of one round. Votes are in validator order, nil where none has arrived.
    public struct RoundVotes: Sendable {
        public var round: Int32
        public var prevotes: [Vote?]
        public var precommits: [Vote?]

        public init(round: Int32, prevotes: [Vote?], precommits: [Vote?]) {
            self.round = round
            self.prevotes = prevotes
            self.precommits = precommits
        }
    }

    /// What is known of a peer's place in consensus.
    public struct Peer: Sendable {
        public var address: String
        public var height: Int64
        public var round: Int32
        public var step: Int32

        public init(address: String, height: Int64, round: Int32, step: Int32) {
            self.address = address
            self.height = height
            self.round = round
            self.step = step
        }
    }

    public var height: Int64
    public var round: Int32
    /// 1 new height, 2 new round, 3 propose, 4 prevote, 5 prevote wait, 6 precommit, 7 precommit wait, 8 commit.
    public var step: Int32
    public var startTime: Timestamp
    public var proposalBlockHash: Bytes32?
    public var lockedRound: Int32
    public var lockedBlockHash: Bytes32?
    public var validRound: Int32
    public var validBlockHash: Bytes32?
    public var commitRound: Int32
    /// With its proposer for the current round.
    public var validators: ValidatorSet
    public var votes: [RoundVotes]
    public var peers: [Peer]

    public init(
        height: Int64, round: Int32, step: Int32, startTime: Timestamp, proposalBlockHash: Bytes32?,
        lockedRound: Int32 = -1, lockedBlockHash: Bytes32?, validRound: Int32 = -1, validBlockHash: Bytes32?,
        commitRound: Int32 = -1, validators: ValidatorSet, votes: [RoundVotes], peers: [Peer] = []
    ) {
        self.height = height
        self.round = round
        self.step = step
        self.startTime = startTime
        self.proposalBlockHash = proposalBlockHash
        self.lockedRound = lockedRound
        self.lockedBlockHash = lockedBlockHash
        self.validRound = validRound
        self.validBlockHash = validBlockHash
        self.commitRound = commitRound
        self.validators = validators
        self.votes = votes
        self.peers = peers
    }
}
