import ConsensusTypes
import Primitives

/// What a validator key signed last: it keeps the key from ever signing two different things for one height, round and
/// step, across any crash (spec 12.3). It is stored before a signature leaves the process.
public struct LastSignState: Sendable, Hashable {
    public var height: Int64
    public var round: Int32
    public var step: SignStep
    /// 64 bytes; empty before the first signature.
    public var signature: [UInt8]
    /// The length-delimited canonical message that was signed.
    public var signBytes: [UInt8]

    /// A key that never signed.
    public static let initial = LastSignState(height: 0, round: 0, step: .none, signature: [], signBytes: [])

    public init(height: Int64, round: Int32, step: SignStep, signature: [UInt8], signBytes: [UInt8]) {
        self.height = height
        self.round = round
        self.step = step
        self.signature = signature
        self.signBytes = signBytes
    }

    /// What may be done with a request to sign.
    public enum Decision: Sendable, Hashable {
        /// Sign it, and store the new state before the signature is used.
        case sign
        /// The very same bytes were signed: use that signature.
        case reuse(signature: [UInt8])
        /// The same but for its timestamp was signed: use that signature and that timestamp.
        case reuseWithTimestamp(signature: [UInt8], Timestamp)
        case refuse(SignerRefusal)
    }

    /// Judges a request to sign.
    ///
    /// - Parameter signBytes: the length-delimited canonical vote or proposal.
    public func decide(height: Int64, round: Int32, step: SignStep, signBytes: [UInt8]) -> Decision {
        let requested = (height, round, step)
        let last = (self.height, self.round, self.step)
        if requested < last { return .refuse(.regression) }
        if requested > last { return .sign }
        guard !self.signBytes.isEmpty, !signature.isEmpty else { return .refuse(.incompleteState) }
        if signBytes == self.signBytes { return .reuse(signature: signature) }
        guard let stored = UntimedSignBytes(self.signBytes), let new = UntimedSignBytes(signBytes) else {
            return .refuse(.malformedSignBytes)
        }
        guard stored.rest == new.rest else { return .refuse(.conflict) }
        return .reuseWithTimestamp(signature: signature, stored.timestamp)
    }

    /// The state after signing.
    public static func signed(
        height: Int64, round: Int32, step: SignStep, signature: [UInt8], signBytes: [UInt8]
    ) -> LastSignState {
        LastSignState(height: height, round: round, step: step, signature: signature, signBytes: signBytes)
    }

    /// Whether this state is of a later height, round or step.
    public func isLater(than other: LastSignState) -> Bool {
        (height, round, step) > (other.height, other.round, other.step)
    }
}

/// Canonical sign bytes taken apart into their timestamp and everything else.
struct UntimedSignBytes {
    var timestamp: Timestamp
    /// Every other field, as (number, bytes of the value) in the order written.
    var rest: [Field]

    struct Field: Hashable {
        var number: Int
        var bytes: [UInt8]
    }

    /// CanonicalVote carries its timestamp in field 5, CanonicalProposal in field 6; field 1 tells which one it is.
    init?(_ signBytes: [UInt8]) {
        do {
            var stream = ProtobufReader(signBytes)
            var reader = try stream.lengthDelimited()
            guard stream.isAtEnd else { return nil }
            let body = signBytes.suffix(reader.remaining)
            var type = SignedMessageType.unknown
            var timestamp: Timestamp?
            var rest: [Field] = []
            while let number = try reader.nextField() {
                switch (number, type) {
                case (1, _):
                    let value = try reader.int32()
                    guard let known = SignedMessageType(rawValue: value) else { return nil }
                    type = known
                    rest.append(Field(number: 1, bytes: [UInt8(truncatingIfNeeded: value)]))
                case (5, .prevote), (5, .precommit), (6, .proposal):
                    timestamp = try reader.message(Timestamp.self)
                default:
                    let start = body.endIndex - reader.remaining
                    try reader.skip()
                    rest.append(Field(number: number, bytes: Array(body[start..<body.endIndex - reader.remaining])))
                }
            }
            guard let timestamp, type != .unknown else { return nil }
            self.timestamp = timestamp
            self.rest = rest
        } catch {
            return nil
        }
    }
}
