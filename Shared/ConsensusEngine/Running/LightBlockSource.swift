import ConsensusTypes

/// Where state sync gets light blocks that were verified by a light client.
public protocol LightBlockSource: Sendable {
    /// Nil when no source has the height now, or none can be trusted.
    func lightBlock(at height: Int64) async -> LightBlock?
    /// The parameters in force at a height, not verified.
    func parameters(at height: Int64) async -> ConsensusParameters?
}
