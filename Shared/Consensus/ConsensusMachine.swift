import ConsensusTypes

/// Tendermint consensus as a pure state machine: one input in, effects out. It reads no clock, no socket and no disk, and has no source
/// of randomness, so the same inputs with the same times give the same effects.
///
/// After each input the rules of a round are tried in a fixed order until none applies (`advance`); each rule is a guard on the state,
/// so the order in which messages arrive does not matter. Questions to the application and the signer are effects whose answers come
/// back as inputs, at any later time: an answer that the round has left behind changes nothing but what is known of a block.
public struct ConsensusMachine: Sendable {
    /// Rules that may apply one after another to one input; a round takes a handful.
    static let maximumTransitions = 100_000

    public let configuration: ConsensusConfiguration
    public internal(set) var state: RoundState
    /// Why the core has stopped, if it has.
    public internal(set) var failure: ConsensusFailure?

    let verifier: any ConsensusVerifier
    var progress = RoundProgress()
    var verdicts = BlockVerdicts()
    var conflicts = ConflictLog()
    var extensions = PendingExtensions()
    /// `decided` has been handed out for this height.
    var decisionIsOut = false
    var now: Timestamp
    var effects: [ConsensusEffect] = []

    private init(
        configuration: ConsensusConfiguration, verifier: any ConsensusVerifier, state: RoundState, now: Timestamp
    ) {
        self.configuration = configuration
        self.verifier = verifier
        self.state = state
        self.now = now
    }

    /// A core that takes part in a first height, and what it wants done.
    ///
    /// - Parameters:
    ///   - start: the height after the last one that was applied.
    ///   - now: the clock's time.
    public static func starting(
        _ start: HeightStart, configuration: ConsensusConfiguration, verifier: any ConsensusVerifier, now: Timestamp
    ) -> (ConsensusMachine, [ConsensusEffect]) {
        let state = RoundState(start: start, startTime: now, lastCommit: nil)
        var machine = ConsensusMachine(configuration: configuration, verifier: verifier, state: state, now: now)
        machine.begin(start, lastCommit: machine.storedLastCommit(of: start), commitTime: start.commitTime ?? now)
        machine.advance()
        let effects = machine.takeEffects()
        return (machine, effects)
    }

    /// Applies one input.
    ///
    /// - Parameters:
    ///   - input: already in the WAL, where the WAL is to hold it.
    ///   - now: the clock's time, at replay the time that the WAL recorded.
    /// - Returns: what is to be done, in order.
    public mutating func step(_ input: ConsensusInput, now: Timestamp) -> [ConsensusEffect] {
        guard failure == nil else { return [] }
        self.now = now
        receive(input)
        advance()
        return takeEffects()
    }

    private mutating func takeEffects() -> [ConsensusEffect] {
        defer { effects = [] }
        return effects
    }

    private mutating func receive(_ input: ConsensusInput) {
        switch input {
        case .beginHeight(let start): beginNext(start)
        case .proposal(let proposal, let peer): receive(proposal, from: peer)
        case .blockPart(let height, let round, let part, let peer):
            receive(part, height: height, round: round, from: peer)
        case .vote(let vote, let peer): receive(vote, from: peer)
        case .majorityClaim(let height, let round, let type, let blockID, let peer):
            receiveClaim(blockID, height: height, round: round, type: type, from: peer)
        case .timeout(let key): receive(key)
        case .transactionsAvailable(let height):
            if height == state.height { state.transactionsAreWaiting = true }
        case .blockPrepared(let height, let round, let block, let parts):
            receivePrepared(block, parts, height: height, round: round)
        case .blockJudged(let height, let id, let scope, let judgement):
            receive(judgement, of: id, scope: scope, height: height)
        case .proposalSigned(let proposal): receiveSigned(proposal)
        case .voteExtended(let height, let round, let id, let voteExtension):
            receive(voteExtension: voteExtension, for: id, height: height, round: round)
        case .voteExtensionJudged(let vote, let judgement): receive(judgement, of: vote)
        case .voteSigned(let vote): receiveSigned(vote)
        case .signatureRefused(let refused): effects.append(.notice(.signatureRefused(refused)))
        }
    }

    mutating func halt(_ failure: ConsensusFailure) {
        self.failure = failure
        effects.append(.halt(failure))
    }
}
