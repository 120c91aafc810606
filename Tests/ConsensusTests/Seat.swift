import Consensus
import ConsensusTypes
import Testing

/// One core with a signer, an application and a timer that do what a test says. Everything it did is on record.
struct Seat {
    let committee: Committee
    let me: Int
    private(set) var machine: ConsensusMachine
    var now = Committee.genesisTime

    /// The application's and the chain's word on a block; nil keeps it waiting.
    var judge: (BlockJudgementRequest) -> BlockJudgement? = { _ in .accepted }
    /// The block to propose; nil keeps the core waiting.
    var prepare: (ProposalPreparation) -> HeldBlock? = { _ in nil }
    var extend: (VoteExtensionRequest) -> [UInt8]? = { _ in [] }
    var judgeExtension: (Vote) -> ExtensionJudgement? = { _ in .accepted }
    var signs = true

    private(set) var timer: (key: TimeoutKey, after: Duration)?
    private(set) var effects: [ConsensusEffect] = []
    private var waiting: [ConsensusInput] = []

    init(
        _ committee: Committee, me: Int, start: HeightStart? = nil,
        configuration: ConsensusConfiguration = ConsensusConfiguration(chainID: Committee.chainID, timeouts: .test)
    ) {
        self.committee = committee
        self.me = me
        let (machine, effects) = ConsensusMachine.starting(
            start ?? committee.start(me: me), configuration: configuration, verifier: DirectVerifier(),
            now: Committee.genesisTime)
        self.machine = machine
        carryOut(effects)
        drain()
    }

    // MARK: What happens to it

    mutating func feed(_ input: ConsensusInput) {
        waiting.append(input)
        drain()
    }

    private mutating func drain() {
        while !waiting.isEmpty {
            let input = waiting.removeFirst()
            carryOut(machine.step(input, now: now))
        }
    }

    private mutating func carryOut(_ new: [ConsensusEffect]) {
        effects += new
        for effect in new {
            switch effect {
            case .scheduleTimeout(let key, let after):
                if let timer, key < timer.key { continue }
                timer = (key, after)
            case .prepareProposal(let question):
                guard let block = prepare(question) else { continue }
                waiting.append(
                    .blockPrepared(height: question.height, round: question.round, block.block, block.parts))
            case .judgeBlock(let question):
                guard let judgement = judge(question) else { continue }
                waiting.append(
                    .blockJudged(height: question.height, question.block.id, scope: question.scope, judgement))
            case .extendVote(let question):
                guard let bytes = extend(question) else { continue }
                waiting.append(
                    .voteExtended(
                        height: question.height, round: question.round, question.block.id, extension: bytes))
            case .judgeVoteExtension(let vote):
                guard let judgement = judgeExtension(vote) else { continue }
                waiting.append(.voteExtensionJudged(vote, judgement))
            case .signProposal(let proposal, _):
                waiting.append(
                    signs
                        ? .proposalSigned(committee.signed(proposal, by: me))
                        : .signatureRefused(.proposal(height: proposal.height, round: proposal.round)))
            case .signVote(let vote, let signsExtension):
                waiting.append(
                    signs
                        ? .voteSigned(committee.signed(vote, by: me, signsExtension: signsExtension))
                        : .signatureRefused(.vote(vote.type, height: vote.height, round: vote.round)))
            default: break
            }
        }
    }

    /// Lets the pending timer fire.
    mutating func expire(_ step: ConsensusStep, round: Int32 = 0, height: Int64 = 1) {
        let key = TimeoutKey(height: height, round: round, step: step)
        #expect(timer?.key == key)
        timer = nil
        feed(.timeout(key))
    }

    /// A proposal of the round's proposer with all parts of its block.
    mutating func offer(_ block: HeldBlock, round: Int32 = 0, proofOfLockRound: Int32 = -1) {
        feed(
            .proposal(
                committee.proposal(block, round: round, proofOfLockRound: proofOfLockRound), from: Seat.peer(1)))
        deliver(block, round: round)
    }

    /// All parts of a block.
    mutating func deliver(_ block: HeldBlock, round: Int32 = 0) {
        for index in 0..<Int(block.parts.header.total) {
            guard let part = block.parts.part(at: index) else { continue }
            feed(.blockPart(height: machine.state.height, round: round, part, from: Seat.peer(1)))
        }
    }

    /// Votes of others for one block, or nil's zero id.
    mutating func votes(
        _ type: SignedMessageType, _ id: BlockID, round: Int32 = 0, height: Int64 = 1, from voters: some Sequence<Int>
    ) {
        for index in voters {
            feed(
                .vote(
                    committee.vote(type, by: index, height: height, round: round, id),
                    from: Seat.peer(UInt8(index + 1))))
        }
    }

    private static let peers = (0...UInt8.max).compactMap { PeerID(Array(repeating: $0, count: PeerID.count)) }

    static func peer(_ number: UInt8) -> PeerID {
        peers[Int(number)]
    }

    /// Forgets what is on record and hands it out.
    mutating func takeEffects() -> [ConsensusEffect] {
        defer { effects = [] }
        return effects
    }

    // MARK: What it did

    var others: [Int] { committee.everyone.filter { $0 != me } }

    /// Our votes of a type in order, as round and block.
    func own(_ type: SignedMessageType) -> [OwnVote] {
        ownVotes.filter { $0.type == type }.map { OwnVote(round: $0.round, id: $0.blockID) }
    }

    var ownVotes: [Vote] {
        effects.compactMap { if case .broadcastVote(let vote) = $0 { vote } else { nil } }
    }

    var ownProposals: [Proposal] {
        effects.compactMap { if case .broadcastProposal(let proposal) = $0 { proposal } else { nil } }
    }

    var decisions: [Decision] {
        effects.compactMap { if case .decided(let decision) = $0 { decision } else { nil } }
    }

    var conflicts: [ConflictingVotes] {
        effects.compactMap { if case .conflict(let votes) = $0 { votes } else { nil } }
    }

    var faults: [PeerFault] {
        effects.compactMap { if case .peerFault(_, let fault) = $0 { fault } else { nil } }
    }

    var notices: [ConsensusNotice] {
        effects.compactMap { if case .notice(let notice) = $0 { notice } else { nil } }
    }

    var preparations: [ProposalPreparation] {
        effects.compactMap { if case .prepareProposal(let question) = $0 { question } else { nil } }
    }

    var judgements: [BlockJudgementRequest] {
        effects.compactMap { if case .judgeBlock(let question) = $0 { question } else { nil } }
    }

    var failures: [ConsensusFailure] {
        effects.compactMap { if case .halt(let failure) = $0 { failure } else { nil } }
    }
}

struct OwnVote: Hashable, CustomStringConvertible {
    let round: Int32
    let id: BlockID

    var description: String { "round \(round) \(id.hash?.hex.prefix(8) ?? "nil")" }
}
