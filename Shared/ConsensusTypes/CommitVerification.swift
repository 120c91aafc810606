import Primitives
import Signing

/// Why a commit does not prove that a validator set decided a block.
public enum CommitVerificationError: Error, Hashable, Sendable {
    /// Another number of entries than validators.
    case wrongSize(entries: Int, validators: Int)
    case wrongHeight(Int64, expected: Int64)
    case wrongBlockID
    /// An entry does not belong to the validator at its place.
    case wrongAddress(index: Int)
    /// One validator signed twice.
    case repeatedValidator(ValidatorAddress)
    /// More than `needed` is required.
    case notEnoughPower(Int64, needed: Int64)
    case invalidSignature(index: Int)
    case unsupportedKeyType(String)
    /// The trust level must be at least a third and at most one.
    case invalidTrustLevel
}

/// The part of a trusted validator set that must have signed: more than `numerator` / `denominator` of its power.
public struct TrustLevel: Sendable, Hashable {
    public let numerator: Int64
    public let denominator: Int64

    public static let oneThird = TrustLevel(unchecked: 1, 3)
    public static let twoThirds = TrustLevel(unchecked: 2, 3)

    /// Nil outside 1/3 to 1.
    public init?(numerator: Int64, denominator: Int64) {
        guard numerator > 0, denominator > 0, numerator <= denominator,
            Int128(numerator) * 3 >= Int128(denominator)
        else { return nil }
        self.init(unchecked: numerator, denominator)
    }

    private init(unchecked numerator: Int64, _ denominator: Int64) {
        self.numerator = numerator
        self.denominator = denominator
    }

    /// floor(power · numerator / denominator).
    func share(of power: Int64) -> Int64 { Int64(Int128(power) * Int128(numerator) / Int128(denominator)) }
}

/// The power is tallied before any signature is checked, so that a commit without enough of it costs nothing. `keys` holds
/// prepared keys of validators that return at every height; it changes no verdict.
extension ValidatorSet {
    /// Checks every signature, those for nil included, and that more than two thirds signed the block.
    public func verify(
        commit: Commit, chainID: String, blockID: BlockID, height: Int64, keys: Ed25519KeyCache? = nil
    ) throws(CommitVerificationError) {
        try checkShape(of: commit, blockID: blockID, height: height)
        var tally = CommitTally(commit: commit, chainID: chainID, needed: totalVotingPower * 2 / 3)
        for (index, entry) in commit.signatures.enumerated() where !entry.isAbsent {
            try tally.add(entry, at: index, of: try member(at: index, signing: entry), counts: entry.flag == .commit)
        }
        try tally.finish(keys)
    }

    /// Checks that more than two thirds signed the block, and no signatures that are not needed for that.
    ///
    /// - Parameter checksAll: whether all signatures for the block are checked, as evidence requires.
    public func verifyLight(
        commit: Commit, chainID: String, blockID: BlockID, height: Int64, checksAll: Bool = false,
        keys: Ed25519KeyCache? = nil
    ) throws(CommitVerificationError) {
        try checkShape(of: commit, blockID: blockID, height: height)
        var tally = CommitTally(commit: commit, chainID: chainID, needed: totalVotingPower * 2 / 3)
        for (index, entry) in commit.signatures.enumerated() where entry.flag == .commit {
            try tally.add(entry, at: index, of: try member(at: index, signing: entry), counts: true)
            if tally.isEnough, !checksAll { break }
        }
        try tally.finish(keys)
    }

    /// Checks that more than the trust level of this set's power signed a commit of another set.
    ///
    /// - Parameter checksAll: whether all signatures of members are checked, as evidence requires.
    /// - Throws: `notEnoughPower` when the commit may well be valid but this set cannot tell.
    public func verifyLightTrusting(
        commit: Commit, chainID: String, trustLevel: TrustLevel = .oneThird, checksAll: Bool = false,
        keys: Ed25519KeyCache? = nil
    ) throws(CommitVerificationError) {
        var tally = CommitTally(commit: commit, chainID: chainID, needed: trustLevel.share(of: totalVotingPower))
        var seen = [Bool](repeating: false, count: count)
        for (index, entry) in commit.signatures.enumerated() where entry.flag == .commit {
            guard let address = entry.validatorAddress, let place = self.index(of: address) else { continue }
            guard !seen[place] else { throw .repeatedValidator(address) }
            seen[place] = true
            try tally.add(entry, at: index, of: validators[place], counts: true)
            if tally.isEnough, !checksAll { break }
        }
        try tally.finish(keys)
    }

    /// Checks the extension signatures of a commit whose signatures have been verified.
    public func verifyExtensions(
        of commit: ExtendedCommit, chainID: String, keys: Ed25519KeyCache? = nil
    ) throws(CommitVerificationError) {
        guard commit.signatures.count == count else {
            throw .wrongSize(entries: commit.signatures.count, validators: count)
        }
        var items: [SignatureCheck.Item] = []
        var indices: [Int] = []
        for (index, entry) in commit.signatures.enumerated() where entry.signature.flag == .commit {
            let message = Vote.extensionSignBytes(
                entry.voteExtension, height: commit.height, round: commit.round, chainID: chainID)
            let key = try CommitTally.key(of: try member(at: index, signing: entry.signature))
            items.append(SignatureCheck.Item(signature: entry.extensionSignature, message: message, key: key))
            indices.append(index)
        }
        if let invalid = SignatureCheck.firstInvalid(items, keys: keys) {
            throw .invalidSignature(index: indices[invalid])
        }
    }

    private func checkShape(
        of commit: Commit, blockID: BlockID, height: Int64
    ) throws(CommitVerificationError) {
        guard commit.signatures.count == count else {
            throw .wrongSize(entries: commit.signatures.count, validators: count)
        }
        guard commit.height == height else { throw .wrongHeight(commit.height, expected: height) }
        guard commit.blockID == blockID else { throw .wrongBlockID }
    }

    private func member(
        at index: Int, signing entry: CommitSignature
    ) throws(CommitVerificationError) -> Validator {
        let validator = validators[index]
        guard validator.address == entry.validatorAddress else { throw .wrongAddress(index: index) }
        return validator
    }
}

/// Sums the power of a commit's entries and collects the signatures to check.
private struct CommitTally {
    private let needed: Int64
    private var power: Int64 = 0
    private let forBlock: VoteSignBytes
    private let forNil: VoteSignBytes
    private var items: [SignatureCheck.Item] = []
    private var indices: [Int] = []

    init(commit: Commit, chainID: String, needed: Int64) {
        self.needed = needed
        forBlock = VoteSignBytes(
            type: .precommit, height: commit.height, round: commit.round, blockID: commit.blockID, chainID: chainID)
        forNil = VoteSignBytes(
            type: .precommit, height: commit.height, round: commit.round, blockID: .zero, chainID: chainID)
        items.reserveCapacity(commit.signatures.count)
        indices.reserveCapacity(commit.signatures.count)
    }

    var isEnough: Bool { power > needed }

    mutating func add(
        _ entry: CommitSignature, at index: Int, of validator: Validator, counts: Bool
    ) throws(CommitVerificationError) {
        let signBytes = entry.flag == .commit ? forBlock : forNil
        items.append(
            SignatureCheck.Item(
                signature: entry.signature, message: signBytes.bytes(timestamp: entry.timestamp),
                key: try Self.key(of: validator)))
        indices.append(index)
        if counts { power += validator.votingPower }
    }

    func finish(_ keys: Ed25519KeyCache?) throws(CommitVerificationError) {
        guard isEnough else { throw .notEnoughPower(power, needed: needed) }
        if let invalid = SignatureCheck.firstInvalid(items, keys: keys) {
            throw .invalidSignature(index: indices[invalid])
        }
    }

    static func key(of validator: Validator) throws(CommitVerificationError) -> [UInt8] {
        guard case .ed25519(let key) = validator.publicKey else {
            throw .unsupportedKeyType(validator.publicKey.typeName)
        }
        return key
    }
}
