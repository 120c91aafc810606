import ConsensusTypes

/// Everything the core has to know of the chain to decide one height.
public struct HeightStart: Sendable {
    public var height: Int64
    /// The chain's first height: it has no last commit, and a proof block is due.
    public var isInitialHeight: Bool
    /// The validators of this height, rotated for round 0.
    public var validators: ValidatorSet
    /// The validators of the height before, which signed the last commit; nil at the initial height.
    public var lastValidators: ValidatorSet?
    /// The stored commit of the height before. Not used when this core decided that height itself: then its own votes, which
    /// may be more, are the last commit. Nil at the initial height.
    public var lastCommit: ExtendedCommit?
    /// When the height before was decided, for the pause before round 0. Nil: the moment this core decided it, else now.
    public var commitTime: Timestamp?
    /// Largest encoded block in bytes; -1 means the protocol's limit.
    public var maximumBlockBytes: Int64
    /// The height from which precommits carry extensions; 0 for never.
    public var voteExtensionsEnableHeight: Int64
    /// Nil for a node without a validator key.
    public var ownAddress: ValidatorAddress?
    /// A block is due even without transactions: the one before had some, so its application hash has to be put on chain.
    public var needsProofBlock: Bool
    /// The mempool holds transactions already.
    public var transactionsAreWaiting: Bool

    public init(
        height: Int64, isInitialHeight: Bool, validators: ValidatorSet, lastValidators: ValidatorSet?,
        lastCommit: ExtendedCommit?, commitTime: Timestamp? = nil, maximumBlockBytes: Int64,
        voteExtensionsEnableHeight: Int64, ownAddress: ValidatorAddress?, needsProofBlock: Bool = false,
        transactionsAreWaiting: Bool = false
    ) {
        self.height = height
        self.isInitialHeight = isInitialHeight
        self.validators = validators
        self.lastValidators = lastValidators
        self.lastCommit = lastCommit
        self.commitTime = commitTime
        self.maximumBlockBytes = maximumBlockBytes
        self.voteExtensionsEnableHeight = voteExtensionsEnableHeight
        self.ownAddress = ownAddress
        self.needsProofBlock = needsProofBlock
        self.transactionsAreWaiting = transactionsAreWaiting
    }

    /// Whether precommits of `height` must carry extensions.
    public func extensionsAreEnabled(at height: Int64) -> Bool {
        voteExtensionsEnableHeight > 0 && height >= voteExtensionsEnableHeight
    }
}
