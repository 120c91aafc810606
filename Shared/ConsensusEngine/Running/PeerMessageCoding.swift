import ConsensusTypes
import Primitives
import Replica

/// Between the replica's messages and the channels' bytes.
enum PeerMessageCoding {
    static func channel(of message: PeerMessage) -> PeerChannel {
        switch message {
        case .consensus(let message):
            switch message {
            case .newRoundStep, .newValidBlock, .hasVote, .majorityClaim: .state
            case .proposal, .proposalProofOfLock, .blockPart: .data
            case .vote: .vote
            case .voteSetBits: .voteSetBits
            }
        case .transactions: .transactions
        case .evidence: .evidence
        case .blockSync: .blocks
        case .stateSync(let message):
            switch message {
            case .snapshotsRequest, .snapshotsResponse: .snapshots
            case .chunkRequest, .chunkResponse: .chunks
            }
        }
    }

    static func encode(_ message: PeerMessage) -> [UInt8] {
        switch message {
        case .consensus(let message): message.protobufBytes
        case .transactions(let transactions): MempoolMessage(transactions: transactions).protobufBytes
        case .evidence(let evidence): EvidenceMessage(evidence: evidence).protobufBytes
        case .blockSync(let message): message.protobufBytes
        case .stateSync(let message): message.protobufBytes
        }
    }

    /// - Throws: `badMessage` for bytes that are no message of the channel, or one that belongs to another channel.
    static func decode(_ bytes: [UInt8], on channel: PeerChannel) throws(PeerError) -> PeerMessage {
        let message: PeerMessage
        do {
            message =
                switch channel {
                case .state, .data, .vote, .voteSetBits: .consensus(try ConsensusMessage(protobuf: bytes))
                case .transactions: .transactions(try MempoolMessage(protobuf: bytes).transactions)
                case .evidence: .evidence(try EvidenceMessage(protobuf: bytes).evidence)
                case .blocks: .blockSync(try BlockSyncMessage(protobuf: bytes))
                case .snapshots, .chunks: .stateSync(try StateSyncMessage(protobuf: bytes))
                }
        } catch {
            throw .badMessage("on the channel \(channel): \(error)")
        }
        guard self.channel(of: message) == channel else {
            throw .badMessage("a message of another channel on the channel \(channel)")
        }
        return message
    }
}
