import ConsensusTypes

/// Verification of a distant header through as few others as the validators' changes allow. Without input or output: it says
/// which height it needs and is given it.
///
/// The target is tried first. While the trusted validators cannot vouch for a candidate, one nearer to the trusted height is
/// needed, at 9/16 of the way. Each success starts over from the target.
public struct SkippingVerification: Sendable {
    /// What happens next.
    public enum Progress: Sendable, Hashable {
        /// `provide` must be called with the block of this height.
        case needs(height: Int64)
        case verified
    }

    /// Headers verified on the way, at most.
    public static let maximumTrace = 100_000

    /// Verified blocks in ascending order: the trusted one first, after `verified` the target last.
    public private(set) var trace: [LightBlock]
    private let verifier: HeaderVerifier
    /// Not verified yet: the target, then ever nearer blocks.
    private var candidates: [LightBlock]
    /// The candidate to try next; one past the end when another is needed.
    private var depth = 0

    public init(trusted: LightBlock, target: LightBlock, verifier: HeaderVerifier) {
        trace = [trusted]
        candidates = [target]
        self.verifier = verifier
    }

    /// Goes on until a block is needed or the target is verified.
    ///
    /// - Throws: when a candidate is invalid; `trace` then ends with the last that was verified.
    public mutating func advance(now: Timestamp) throws(LightVerificationError) -> Progress {
        while true {
            guard let trusted = trace.last, depth < candidates.count else { return neededHeight }
            do {
                try verifier.verify(
                    candidates[depth], trusted: trusted.signedHeader, trustedValidators: trusted.validators, now: now)
            } catch .notEnoughTrust {
                depth += 1
                continue
            }
            guard trace.count < Self.maximumTrace else { throw .tooManySteps }
            trace.append(candidates[depth])
            if depth == 0 { return .verified }
            candidates.removeSubrange(depth...)
            depth = 0
        }
    }

    /// The block that `advance` asked for.
    ///
    /// - Throws: `wrongHeight` for any other block.
    public mutating func provide(_ block: LightBlock) throws(LightVerificationError) {
        guard case .needs(let height) = neededHeight, block.height == height else {
            throw .wrongHeight(block.height, trusted: trace.last?.height ?? 0)
        }
        candidates.append(block)
    }

    private var neededHeight: Progress {
        guard depth == candidates.count, let trusted = trace.last, let nearest = candidates.last else {
            return .verified
        }
        return .needs(height: Self.pivot(from: trusted.height, to: nearest.height))
    }

    /// trusted + floor((candidate - trusted)·9/16), without overflow. Between the two when they are not adjacent.
    static func pivot(from trusted: Int64, to candidate: Int64) -> Int64 {
        let (sixteenths, rest) = (candidate - trusted).quotientAndRemainder(dividingBy: 16)
        return trusted + sixteenths * 9 + rest * 9 / 16
    }
}
