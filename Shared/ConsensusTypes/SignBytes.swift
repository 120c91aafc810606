import Primitives

/// What validators sign: length-delimited canonical messages that leave out who signs.
extension Vote {
    /// CanonicalVote {1 type, 2 height sfixed64, 3 round sfixed64, 4 block id unless zero, 5 timestamp always, 6 chain id}.
    /// Extensions are not covered.
    public func signBytes(chainID: String) -> [UInt8] {
        VoteSignBytes(type: type, height: height, round: round, blockID: blockID, chainID: chainID)
            .bytes(timestamp: timestamp)
    }

    /// CanonicalVoteExtension {1 extension, 2 height sfixed64, 3 round sfixed64, 4 chain id}.
    public func extensionSignBytes(chainID: String) -> [UInt8] {
        Vote.extensionSignBytes(voteExtension, height: height, round: round, chainID: chainID)
    }

    /// CanonicalVoteExtension of an extension that stands in a commit.
    public static func extensionSignBytes(
        _ voteExtension: [UInt8], height: Int64, round: Int32, chainID: String
    ) -> [UInt8] {
        var writer = ProtobufWriter(capacity: voteExtension.count + chainID.utf8.count + 32)
        writer.bytes(1, voteExtension)
        writer.sfixed64(2, height)
        writer.sfixed64(3, Int64(round))
        writer.string(4, chainID)
        return writer.delimitedBytes
    }
}

extension Proposal {
    /// CanonicalProposal {1 type, 2 height sfixed64, 3 round sfixed64, 4 pol_round int64, 5 block id unless zero,
    /// 6 timestamp always, 7 chain id}.
    public func signBytes(chainID: String) -> [UInt8] {
        var writer = ProtobufWriter(capacity: 192)
        writer.int32(1, SignedMessageType.proposal.rawValue)
        writer.sfixed64(2, height)
        writer.sfixed64(3, Int64(round))
        writer.int64(4, Int64(proofOfLockRound))
        if !blockID.isZero { writer.message(5, blockID) }
        writer.message(6, timestamp)
        writer.string(7, chainID)
        return writer.delimitedBytes
    }
}

/// The sign bytes of votes that differ only in their time, as those of a commit do.
struct VoteSignBytes {
    /// Fields 1 to 4 and field 6.
    private let prefix: [UInt8]
    private let suffix: [UInt8]

    init(type: SignedMessageType, height: Int64, round: Int32, blockID: BlockID, chainID: String) {
        var writer = ProtobufWriter(capacity: 128)
        writer.int32(1, type.rawValue)
        writer.sfixed64(2, height)
        writer.sfixed64(3, Int64(round))
        if !blockID.isZero { writer.message(4, blockID) }
        prefix = writer.bytes
        writer = ProtobufWriter(capacity: 64)
        writer.string(6, chainID)
        suffix = writer.bytes
    }

    func bytes(timestamp: Timestamp) -> [UInt8] {
        var time = ProtobufWriter(capacity: 32)
        time.message(5, timestamp)
        let count = prefix.count + time.bytes.count + suffix.count
        var writer = ProtobufWriter(capacity: count + 4)
        writer.varint(UInt64(count))
        writer.raw(prefix)
        writer.raw(time.bytes)
        writer.raw(suffix)
        return writer.bytes
    }
}

extension ProtobufWriter {
    /// What has been written, behind its length.
    fileprivate var delimitedBytes: [UInt8] {
        var writer = ProtobufWriter(capacity: bytes.count + 4)
        writer.varint(UInt64(bytes.count))
        writer.raw(bytes)
        return writer.bytes
    }
}
