/// How long a validator waits before it goes on without the others. Local settings, not part of the protocol.
public struct ConsensusTimeouts: Sendable, Hashable {
    public var propose: Duration
    /// Added to `propose` for each round after the first.
    public var proposeIncrease: Duration
    public var prevote: Duration
    public var prevoteIncrease: Duration
    public var precommit: Duration
    public var precommitIncrease: Duration
    /// Pause between a decision and the next height's round 0, to gather late precommits.
    public var commit: Duration

    public init(
        propose: Duration, proposeIncrease: Duration, prevote: Duration, prevoteIncrease: Duration,
        precommit: Duration, precommitIncrease: Duration, commit: Duration
    ) {
        self.propose = propose
        self.proposeIncrease = proposeIncrease
        self.prevote = prevote
        self.prevoteIncrease = prevoteIncrease
        self.precommit = precommit
        self.precommitIncrease = precommitIncrease
        self.commit = commit
    }

    /// CometBFT's defaults.
    public static let standard = ConsensusTimeouts(
        propose: .milliseconds(3000), proposeIncrease: .milliseconds(500), prevote: .milliseconds(1000),
        prevoteIncrease: .milliseconds(500), precommit: .milliseconds(1000), precommitIncrease: .milliseconds(500),
        commit: .milliseconds(1000))

    /// CometBFT's test profile.
    public static let test = ConsensusTimeouts(
        propose: .milliseconds(40), proposeIncrease: .milliseconds(1), prevote: .milliseconds(10),
        prevoteIncrease: .milliseconds(1), precommit: .milliseconds(10), precommitIncrease: .milliseconds(1),
        commit: .milliseconds(10))

    public func propose(round: Int32) -> Duration { propose + proposeIncrease * round }
    public func prevote(round: Int32) -> Duration { prevote + prevoteIncrease * round }
    public func precommit(round: Int32) -> Duration { precommit + precommitIncrease * round }
}
