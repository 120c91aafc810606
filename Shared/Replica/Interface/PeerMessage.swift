import ConsensusTypes

/// Everything that replicas say to each other, over all channels. The driver maps a message to a channel and its bytes.
public enum PeerMessage: Sendable, Hashable {
    /// Channels 0x20 to 0x23: state, data, votes and vote-set bits.
    case consensus(ConsensusMessage)
    /// Channel 0x30.
    case transactions([[UInt8]])
    /// Channel 0x38.
    case evidence([Evidence])
    /// Channel 0x40.
    case blockSync(BlockSyncMessage)
    /// Channels 0x60 and 0x61.
    case stateSync(StateSyncMessage)
}
