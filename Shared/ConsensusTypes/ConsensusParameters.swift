import Primitives
import Signing

/// What all validators of a chain must agree on beside the validators themselves; the application may change it.
public struct ConsensusParameters: Sendable, Hashable {
    public struct BlockParameters: Sendable, Hashable {
        /// Of the encoded block; -1 is the largest block.
        public var maximumBytes: Int64
        /// -1 is no limit.
        public var maximumGas: Int64

        public init(
            maximumBytes: Int64 = ProtocolRules.standard.defaultMaximumBlockBytes, maximumGas: Int64 = -1
        ) {
            self.maximumBytes = maximumBytes
            self.maximumGas = maximumGas
        }
    }

    public struct EvidenceParameters: Sendable, Hashable {
        public var maximumAgeBlocks: Int64
        /// Nanoseconds.
        public var maximumAgeDuration: Int64
        /// Of all evidence in a block.
        public var maximumBytes: Int64

        public init(
            maximumAgeBlocks: Int64 = 100_000, maximumAgeDuration: Int64 = 172_800_000_000_000,
            maximumBytes: Int64 = 1_048_576
        ) {
            self.maximumAgeBlocks = maximumAgeBlocks
            self.maximumAgeDuration = maximumAgeDuration
            self.maximumBytes = maximumBytes
        }
    }

    public struct ValidatorParameters: Sendable, Hashable {
        public var publicKeyTypes: [String]

        public init(publicKeyTypes: [String] = ["ed25519"]) { self.publicKeyTypes = publicKeyTypes }
    }

    public struct VersionParameters: Sendable, Hashable {
        /// The application's protocol version; stands in every header.
        public var application: UInt64

        public init(application: UInt64 = 0) { self.application = application }
    }

    public struct ABCIParameters: Sendable, Hashable {
        /// From this height on precommits carry extensions; 0 is never.
        public var voteExtensionsEnableHeight: Int64

        public init(voteExtensionsEnableHeight: Int64 = 0) {
            self.voteExtensionsEnableHeight = voteExtensionsEnableHeight
        }
    }

    public var block: BlockParameters
    public var evidence: EvidenceParameters
    public var validator: ValidatorParameters
    public var version: VersionParameters
    public var abci: ABCIParameters
    /// Who may change parameters (0.39 and later); empty when nobody is named.
    public var authority: String

    public init(
        block: BlockParameters = BlockParameters(), evidence: EvidenceParameters = EvidenceParameters(),
        validator: ValidatorParameters = ValidatorParameters(), version: VersionParameters = VersionParameters(),
        abci: ABCIParameters = ABCIParameters(), authority: String = ""
    ) {
        self.block = block
        self.evidence = evidence
        self.validator = validator
        self.version = version
        self.abci = abci
        self.authority = authority
    }

    /// The header's consensus hash: SHA-256 of {1 block_max_bytes int64, 2 block_max_gas int64} and nothing else.
    public var hash: Bytes32 { SHA2.sha256(hashedBytes) }

    /// What the consensus hash covers.
    public var hashedBytes: [UInt8] {
        var writer = ProtobufWriter(capacity: 24)
        writer.int64(1, block.maximumBytes)
        writer.int64(2, block.maximumGas)
        return writer.bytes
    }

    /// Whether precommits at the height carry extensions.
    public func areVoteExtensionsEnabled(at height: Int64) -> Bool {
        abci.voteExtensionsEnableHeight > 0 && height >= abci.voteExtensionsEnableHeight
    }
}

/// Why parameters, or a change of them, are impossible.
public enum ConsensusParametersError: Error, Hashable, Sendable {
    case invalidMaximumBlockBytes(Int64)
    case invalidMaximumGas(Int64)
    case invalidEvidence
    /// No key types, or one that does not exist.
    case invalidKeyTypes
    case invalidVoteExtensionsHeight(Int64)
}

extension ConsensusParameters {
    static let knownKeyTypes: Set = ["ed25519", "secp256k1", "bls12_381", "ml-dsa-65", "secp256k1eth"]

    /// The limits that parameters must keep.
    public func validate() throws(ConsensusParametersError) {
        guard block.maximumBytes == -1 || (1...Int64(BlockLimits.maximumBytes)).contains(block.maximumBytes) else {
            throw .invalidMaximumBlockBytes(block.maximumBytes)
        }
        guard block.maximumGas >= -1 else { throw .invalidMaximumGas(block.maximumGas) }
        let blockBytes = block.maximumBytes == -1 ? Int64(BlockLimits.maximumBytes) : block.maximumBytes
        guard evidence.maximumAgeBlocks > 0, evidence.maximumAgeDuration > 0,
            (0...blockBytes).contains(evidence.maximumBytes)
        else { throw .invalidEvidence }
        guard !validator.publicKeyTypes.isEmpty, validator.publicKeyTypes.allSatisfy(Self.knownKeyTypes.contains)
        else { throw .invalidKeyTypes }
        guard abci.voteExtensionsEnableHeight >= 0 else {
            throw .invalidVoteExtensionsHeight(abci.voteExtensionsEnableHeight)
        }
    }

    /// The parameters with a change of the application's.
    ///
    /// - Parameter height: of the block whose execution asked for the change. Extensions may be moved while in the future and
    ///   set to a later height only, and never undone once reached.
    public func updated(
        with update: ConsensusParametersUpdate, height: Int64
    ) throws(ConsensusParametersError) -> ConsensusParameters {
        var result = self
        if let block = update.block { result.block = block }
        if let evidence = update.evidence { result.evidence = evidence }
        if let validator = update.validator { result.validator = validator }
        if let version = update.version { result.version = version }
        if let abci = update.abci { result.abci = abci }
        if let authority = update.authority { result.authority = authority }
        let (old, new) = (abci.voteExtensionsEnableHeight, result.abci.voteExtensionsEnableHeight)
        if new != old {
            let isReached = old > 0 && old <= height
            guard !isReached, new == 0 || new > height else { throw .invalidVoteExtensionsHeight(new) }
        }
        try result.validate()
        return result
    }
}
