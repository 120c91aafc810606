import ConsensusTypes

/// Verified precommits that wait for the application's word on their extension.
struct PendingExtensions: Sendable {
    /// A correct validator has one precommit in a round; a second one is kept for the tally of a claimed majority.
    static let maximumVotesPerValidatorAndRound = 2

    private struct Key: Sendable, Hashable {
        var height: Int64
        var round: Int32
        var index: Int32

        init(_ vote: Vote) {
            height = vote.height
            round = vote.round
            index = vote.validatorIndex
        }
    }

    struct Entry: Sendable {
        var vote: Vote
        var peer: PeerID?
    }

    private var entries: [Key: [Entry]] = [:]

    /// Whether the application has to be asked about the vote.
    mutating func add(_ vote: Vote, from peer: PeerID?) -> Bool {
        let known = entries[Key(vote)] ?? []
        guard known.count < Self.maximumVotesPerValidatorAndRound, !known.contains(where: { $0.vote == vote })
        else { return false }
        entries[Key(vote)] = known + [Entry(vote: vote, peer: peer)]
        return true
    }

    /// Takes a vote out; nil when it was never asked about.
    mutating func remove(_ vote: Vote) -> Entry? {
        let key = Key(vote)
        guard let position = entries[key]?.firstIndex(where: { $0.vote == vote }) else { return nil }
        let entry = entries[key]?.remove(at: position)
        if entries[key]?.isEmpty == true { entries[key] = nil }
        return entry
    }
}
