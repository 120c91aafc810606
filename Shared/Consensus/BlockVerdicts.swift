import ConsensusTypes

/// What is known of the blocks that were put forward in a height, so that nobody is asked twice.
struct BlockVerdicts: Sendable {
    /// Blocks remembered; the oldest is forgotten first. Each needs a round of its own, so a height with more is a long one.
    static let maximumBlocks = 64

    enum ChainVerdict: Sendable, Hashable { case unknown, asked, valid, invalid }
    enum ApplicationVerdict: Sendable, Hashable { case unknown, asked, accepted, refused }

    struct Verdict: Sendable, Hashable {
        var chain = ChainVerdict.unknown
        var application = ApplicationVerdict.unknown
    }

    private var verdicts: [BlockID: Verdict] = [:]
    private var order: [BlockID] = []

    subscript(id: BlockID) -> Verdict { verdicts[id] ?? Verdict() }

    /// Whether the question has to be put; notes that it is.
    mutating func ask(_ id: BlockID, _ scope: BlockJudgementScope) -> Bool {
        var verdict = self[id]
        guard verdict.chain != .invalid else { return false }
        switch scope {
        case .chain:
            guard verdict.chain == .unknown else { return false }
        case .chainAndApplication:
            guard verdict.application == .unknown else { return false }
            verdict.application = .asked
        }
        if verdict.chain == .unknown { verdict.chain = .asked }
        remember(verdict, id)
        return true
    }

    /// Notes an answer.
    mutating func learn(_ id: BlockID, _ scope: BlockJudgementScope, _ judgement: BlockJudgement) {
        var verdict = self[id]
        switch judgement {
        case .accepted:
            verdict.chain = .valid
            if scope == .chainAndApplication { verdict.application = .accepted }
        case .refusedByApplication:
            verdict.chain = .valid
            verdict.application = .refused
        case .invalid:
            verdict.chain = .invalid
        case .undefined:
            return
        }
        remember(verdict, id)
    }

    private mutating func remember(_ verdict: Verdict, _ id: BlockID) {
        if verdicts.updateValue(verdict, forKey: id) == nil { order.append(id) }
        if order.count > Self.maximumBlocks { verdicts[order.removeFirst()] = nil }
    }
}
