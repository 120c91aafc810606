import CEd25519

/// Signatures verified together: one equation in random coefficients for up to 256 of them.
///
/// The verdict is that of `Ed25519ZIP215.verify` for each entry: the cofactored equation makes both agree, and a batch that fails is
/// gone through one by one. An invalid signature passes with a probability below 2^-120, over coefficients drawn after it is fixed.
public struct Ed25519Batch: Sendable {
    /// Signatures in one equation; more of them gain nothing and their tables would leave the processor's cache.
    static let maximumEquationCount = 256

    /// How many were added.
    public private(set) var count = 0
    private var equations: [Equation] = []
    /// Positions of entries that no equation can hold: wrong lengths.
    private var malformed: [Int] = []

    /// - Parameter expectedCount: only to reserve memory.
    public init(expectedCount: Int = 0) {
        equations.reserveCapacity(max(0, expectedCount) / Self.maximumEquationCount + 1)
    }

    /// Adds a signature under a key that is not worth preparing.
    public mutating func add(publicKey: [UInt8], message: [UInt8], signature: [UInt8]) {
        guard publicKey.count == Ed25519ZIP215.publicKeyCount else {
            malformed.append(count)
            count += 1
            return
        }
        add(publicKey, prepared: nil, message: message, signature: signature)
    }

    public mutating func add(publicKey: Ed25519PreparedKey, message: [UInt8], signature: [UInt8]) {
        add(publicKey.bytes, prepared: publicKey, message: message, signature: signature)
    }

    private mutating func add(
        _ publicKey: [UInt8], prepared: Ed25519PreparedKey?, message: [UInt8], signature: [UInt8]
    ) {
        defer { count += 1 }
        guard signature.count == Ed25519ZIP215.signatureCount else {
            malformed.append(count)
            return
        }
        if equations.last.map({ $0.count == Self.maximumEquationCount }) ?? true { equations.append(Equation()) }
        equations[equations.count - 1].add(
            publicKey, prepared: prepared, challenge: Ed25519ZIP215.challenge(signature, publicKey, message),
            signature: signature, position: count)
    }

    /// Whether every signature is valid; true for an empty batch.
    public var isValid: Bool { malformed.isEmpty && equations.allSatisfy(\.isValid) }

    /// The positions of invalid signatures in the order of `add`, ascending.
    public var invalidEntries: [Int] {
        let invalid = equations.flatMap { $0.isValid ? [] : $0.invalidPositions }
        return malformed.isEmpty ? invalid : (malformed + invalid).sorted()
    }
}

extension Ed25519Batch {
    /// What the kernel reads: everything of one kind in one run of bytes.
    private struct Equation: Sendable {
        private var signatures: [UInt8] = []
        private var challenges: [UInt8] = []
        private var keyIndices: [UInt32] = []
        private var publicKeys: [UInt8] = []
        private var preparedKeys: [Ed25519PreparedKey?] = []
        private var indexOfKey: [[UInt8]: UInt32] = [:]
        private var positions: [Int] = []

        var count: Int { positions.count }

        mutating func add(
            _ publicKey: [UInt8], prepared: Ed25519PreparedKey?, challenge: [UInt8], signature: [UInt8], position: Int
        ) {
            let index: UInt32
            if let known = indexOfKey[publicKey] {
                index = known
                if let prepared { preparedKeys[Int(known)] = prepared }
            } else {
                index = UInt32(preparedKeys.count)
                indexOfKey[publicKey] = index
                publicKeys += publicKey
                preparedKeys.append(prepared)
            }
            keyIndices.append(index)
            signatures += signature
            challenges += challenge
            positions.append(position)
        }

        var isValid: Bool {
            // One signature under a bare key is cheaper without coefficients.
            if count == 1 { return invalidPositions.isEmpty }
            var random = SystemRandomNumberGenerator()
            let coefficients = (0..<2 * count).map { _ in random.next() }
            let tables = preparedKeys.map { $0.map { $0.table } }
            let scratchBytes = haca_ed25519_batch_scratch(count, preparedKeys.count)
            return withExtendedLifetime(preparedKeys) {
                withUnsafeTemporaryAllocation(byteCount: scratchBytes, alignment: 16) { scratch in
                    coefficients.withUnsafeBytes { coefficients in
                        tables.withUnsafeBufferPointer { tables in
                            var batch = haca_ed25519_batch()
                            batch.count = count
                            batch.keyCount = preparedKeys.count
                            batch.coefficients = coefficients.bindMemory(to: UInt8.self).baseAddress
                            batch.preparedKeys = tables.baseAddress
                            return verify(&batch, scratch: scratch)
                        }
                    }
                }
            }
        }

        private func verify(_ batch: inout haca_ed25519_batch, scratch: UnsafeMutableRawBufferPointer) -> Bool {
            signatures.withUnsafeBufferPointer { signatures in
                challenges.withUnsafeBufferPointer { challenges in
                    keyIndices.withUnsafeBufferPointer { keyIndices in
                        publicKeys.withUnsafeBufferPointer { publicKeys in
                            batch.signatures = signatures.baseAddress
                            batch.hashes = challenges.baseAddress
                            batch.keyIndices = keyIndices.baseAddress
                            batch.publicKeys = publicKeys.baseAddress
                            return haca_ed25519_verify_batch(&batch, scratch.baseAddress)
                        }
                    }
                }
            }
        }

        /// By verifying each on its own.
        var invalidPositions: [Int] {
            (0..<count).filter { !isValidAlone($0) }.map { positions[$0] }
        }

        private func isValidAlone(_ entry: Int) -> Bool {
            let signature = Array(signatures[64 * entry..<64 * (entry + 1)])
            let challenge = Array(challenges[64 * entry..<64 * (entry + 1)])
            let key = Int(keyIndices[entry])
            if let prepared = preparedKeys[key] { return haca_ed25519_verify(prepared.table, signature, challenge) }
            return haca_ed25519_verify_once(Array(publicKeys[32 * key..<32 * (key + 1)]), signature, challenge)
        }
    }
}
