import ConsensusTypes
import Primitives

/// Consensus parameters as they travel to and from an application: a group that is nil is left as it is.
public struct ConsensusParameterUpdates: Sendable, Hashable {
    public struct Block: Sendable, Hashable {
        public var maximumBytes: Int64
        /// -1 means no limit.
        public var maximumGas: Int64

        public init(maximumBytes: Int64 = 0, maximumGas: Int64 = 0) {
            self.maximumBytes = maximumBytes
            self.maximumGas = maximumGas
        }
    }

    public struct Evidence: Sendable, Hashable {
        /// In blocks.
        public var maximumAgeBlocks: Int64
        /// In nanoseconds.
        public var maximumAgeDuration: Int64
        public var maximumBytes: Int64

        public init(maximumAgeBlocks: Int64 = 0, maximumAgeDuration: Int64 = 0, maximumBytes: Int64 = 0) {
            self.maximumAgeBlocks = maximumAgeBlocks
            self.maximumAgeDuration = maximumAgeDuration
            self.maximumBytes = maximumBytes
        }
    }

    public var block: Block?
    public var evidence: Evidence?
    /// Allowed key types, for example `ed25519`.
    public var publicKeyTypes: [String]?
    public var applicationVersion: UInt64?
    public var voteExtensionsEnableHeight: Int64?
    public var authority: String?

    public init(
        block: Block? = nil, evidence: Evidence? = nil, publicKeyTypes: [String]? = nil,
        applicationVersion: UInt64? = nil, voteExtensionsEnableHeight: Int64? = nil, authority: String? = nil
    ) {
        self.block = block
        self.evidence = evidence
        self.publicKeyTypes = publicKeyTypes
        self.applicationVersion = applicationVersion
        self.voteExtensionsEnableHeight = voteExtensionsEnableHeight
        self.authority = authority
    }
}
