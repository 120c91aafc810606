import RPC

/// CometBFT's peer channels, and how each travels here.
public enum PeerChannel: UInt32, Sendable, Hashable, CaseIterable {
    /// Round steps, valid blocks, votes held, majorities.
    case state = 0x20
    /// Proposals and block parts. One channel, so that a proposal arrives before its parts.
    case data = 0x21
    case vote = 0x22
    case voteSetBits = 0x23
    case transactions = 0x30
    case evidence = 0x38
    case blocks = 0x40
    case snapshots = 0x60
    case chunks = 0x61

    /// The stream of the connection that carries it.
    public var priority: CallPriority {
        switch self {
        case .state, .vote, .voteSetBits: .critical
        case .data: .high
        case .transactions, .evidence: .normal
        case .blocks, .snapshots, .chunks: .bulk
        }
    }

    /// Longest message, bytes, as CometBFT bounds each.
    public var maximumMessageBytes: Int {
        switch self {
        case .state, .data, .vote, .voteSetBits: 1 << 20
        case .transactions: 4 << 20 + 64
        case .evidence: 1 << 20 + 64
        // A block of the largest size with the message's own fields and an extended commit.
        case .blocks: 104_857_600 + 16 << 20
        case .snapshots: 4_000_000
        case .chunks: 16_000_000
        }
    }
}
