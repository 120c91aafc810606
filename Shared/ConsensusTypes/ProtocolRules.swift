/// What differs between the release lines of the reference.
public enum ProtocolRules: String, Sendable, Hashable, CaseIterable {
    case v0_38
    case v0_39
    case v0_40

    /// What this network runs.
    public static let standard = ProtocolRules.v0_39

    /// Whether precommits for nil count in the median time of a block. A consensus rule.
    public var medianCountsNil: Bool { self != .v0_40 }

    /// The largest commit entry that a proposer leaves room for, in bytes. Local: receivers check the block's size only.
    public var commitSignatureReserve: Int {
        switch self {
        case .v0_38: 109
        case .v0_39: 141
        case .v0_40: 3355
        }
    }

    /// Whether the application may keep the mempool (InsertTx and ReapTxs).
    public var hasApplicationMempool: Bool { self != .v0_38 }

    /// The default of the consensus parameter, in bytes; 0.40 adds room for a commit of 10000 validators.
    public var defaultMaximumBlockBytes: Int64 {
        switch self {
        case .v0_38, .v0_39: 22_020_096
        case .v0_40: 22_020_096 + Int64(Self.commitBytes(validators: 10_000, reserve: 3355))
        }
    }

    /// Fields of a block around header, transactions, evidence and commit.
    static let blockOverheadBytes = 11
    /// The largest header.
    static let maximumHeaderBytes = 626

    /// The most bytes that a commit takes.
    public func maximumCommitBytes(validators: Int) -> Int {
        Self.commitBytes(validators: validators, reserve: commitSignatureReserve)
    }

    private static func commitBytes(validators: Int, reserve: Int) -> Int { 94 + (reserve + 3) * validators }

    /// How many bytes of transactions a proposer may put into a block; negative when the parameters leave no room at all.
    ///
    /// - Parameter maximumBlockBytes: the consensus parameter; -1 is the largest block.
    public func maximumDataBytes(maximumBlockBytes: Int64, evidenceBytes: Int, validators: Int) -> Int64 {
        let block = maximumBlockBytes == -1 ? Int64(BlockLimits.maximumBytes) : maximumBlockBytes
        return block - Int64(Self.blockOverheadBytes + Self.maximumHeaderBytes)
            - Int64(maximumCommitBytes(validators: validators)) - Int64(evidenceBytes)
    }

    /// How many bytes transactions take in a block: each with its tag and length.
    public static func dataBytes(of transactions: [[UInt8]]) -> Int {
        transactions.reduce(0) { sum, transaction in
            let bits = Int.bitWidth - transaction.count.leadingZeroBitCount
            return sum + 1 + max(1, (bits + 6) / 7) + transaction.count
        }
    }
}
