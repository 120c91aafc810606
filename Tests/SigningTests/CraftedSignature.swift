import CEd25519
import Crypto
import Primitives

/// The points of order 1, 2, 4 and 8.
enum SmallOrder {
    /// All 14 encodings that ZIP-215 reads as a point of small order; six are not canonical.
    static let encodings: [[UInt8]] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ].compactMap { try? Hex.decode($0) }
}

/// A signature made with chosen parts: key and commitment may carry a component of small order, which ZIP-215 forgives.
struct CraftedSignature {
    var publicKey: [UInt8]
    var message: [UInt8]
    var signature: [UInt8]

    private static let base: [UInt8] = [0x58] + [UInt8](repeating: 0x66, count: 31)

    /// Valid under ZIP-215: A = aB + T, R = rB + T', s = r + ka.
    init(random: inout SplitMix64, keyComponent: [UInt8], commitmentComponent: [UInt8]) {
        let secret = Self.reduced(random.bytes(64))
        let nonce = Self.reduced(random.bytes(64))
        publicKey = Self.sum(Self.multiple(secret), keyComponent)
        message = random.bytes(random.below(150))
        let commitment = Self.sum(Self.multiple(nonce), commitmentComponent)
        let challenge = Self.reduced(Array(SHA512.hash(data: commitment + publicKey + message)))
        var response = [UInt8](repeating: 0, count: 32)
        haca_ed25519_scalar_product(challenge, secret, nonce, &response)
        signature = commitment + response
    }

    /// Of any mixture: honest, mixed order, or damaged in one place (and then almost surely invalid).
    static func any(random: inout SplitMix64) -> CraftedSignature {
        func component(_ random: inout SplitMix64) -> [UInt8] {
            SmallOrder.encodings[random.below(2) == 0 ? 4 : random.below(SmallOrder.encodings.count)]
        }
        let (key, commitment) = (component(&random), component(&random))
        var crafted = CraftedSignature(random: &random, keyComponent: key, commitmentComponent: commitment)
        switch random.below(12) {
        case 0: crafted.signature[random.below(64)] ^= 1 << UInt8(random.below(8))
        case 1: crafted.publicKey[random.below(32)] ^= 1 << UInt8(random.below(8))
        case 2: crafted.message.append(0)
        case 3: crafted.publicKey = SmallOrder.encodings[random.below(SmallOrder.encodings.count)]
        default: break
        }
        return crafted
    }

    private static func reduced(_ wide: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        haca_ed25519_scalar_reduce(wide, &output)
        return output
    }

    private static func multiple(_ scalar: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        _ = haca_ed25519_point_multiply(base, scalar, &output)
        return output
    }

    private static func sum(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        _ = haca_ed25519_point_sum(left, right, &output)
        return output
    }
}
