import ConsensusTypes

/// How much of the past a light client believes.
public struct LightVerificationPolicy: Sendable, Hashable {
    /// The share of a trusted set that must have signed a header it did not announce.
    public var trustLevel: TrustLevel
    /// How long after its time a header can be built upon: shorter than the time in which a validator can take its stake away.
    public var trustingPeriod: Duration
    /// How far a header's time may be ahead of ours.
    public var maximumClockDrift: Duration

    public static let defaultTrustingPeriod = Duration.seconds(168 * 3600)
    public static let defaultMaximumClockDrift = Duration.seconds(10)

    public init(
        trustLevel: TrustLevel = .oneThird, trustingPeriod: Duration = defaultTrustingPeriod,
        maximumClockDrift: Duration = defaultMaximumClockDrift
    ) {
        self.trustLevel = trustLevel
        self.trustingPeriod = trustingPeriod
        self.maximumClockDrift = maximumClockDrift
    }
}
