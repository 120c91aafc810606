import Primitives
import Signing

/// A validator's public key: one case for each key type of the reference protocol. Only Ed25519 keys can sign here.
public enum ValidatorPublicKey: Sendable, Hashable {
    /// 32 bytes.
    case ed25519([UInt8])
    /// 33 bytes, compressed.
    case secp256k1([UInt8])
    case bls12381([UInt8])
    case mlDSA65([UInt8])
    case secp256k1Ethereum([UInt8])

    /// The largest key of any type; ML-DSA-65 keys have 1952 bytes.
    static let maximumBytes = 4096

    /// The key as its algorithm writes it.
    public var rawBytes: [UInt8] {
        switch self {
        case .ed25519(let key), .secp256k1(let key), .bls12381(let key), .mlDSA65(let key), .secp256k1Ethereum(let key):
            key
        }
    }

    /// The first 20 bytes of the key's SHA-256. Nil for the secp256k1 types, whose addresses are made otherwise and which
    /// cannot sign here.
    public var address: ValidatorAddress? {
        switch self {
        case .ed25519(let key), .bls12381(let key), .mlDSA65(let key): ValidatorAddress(hashing: key)
        case .secp256k1, .secp256k1Ethereum: nil
        }
    }

    /// The name of the type in the consensus parameters.
    public var typeName: String {
        switch self {
        case .ed25519: "ed25519"
        case .secp256k1: "secp256k1"
        case .bls12381: "bls12_381"
        case .mlDSA65: "ml-dsa-65"
        case .secp256k1Ethereum: "secp256k1eth"
        }
    }
}

extension ValidatorAddress {
    /// The address of a raw public key: the first 20 bytes of its SHA-256.
    public init(hashing publicKey: [UInt8]) {
        self.init(prefixOf: SHA2.sha256(publicKey))
    }
}

extension ValidatorPublicKey: ProtobufMessage {
    /// oneof {1 ed25519, 2 secp256k1, 3 bls12381, 4 ml-dsa-65, 5 secp256k1eth}.
    public func write(to writer: inout ProtobufWriter) {
        let field =
            switch self {
            case .ed25519: 1
            case .secp256k1: 2
            case .bls12381: 3
            case .mlDSA65: 4
            case .secp256k1Ethereum: 5
            }
        writer.element(field, rawBytes)
    }

    /// Refuses Ed25519 keys that do not have 32 bytes, secp256k1 keys that do not have 33, and a message without a key.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var key: ValidatorPublicKey?
        while let field = try reader.nextField() {
            guard (1...5).contains(field) else {
                try reader.skip()
                continue
            }
            let bytes = try reader.bytes(maximum: Self.maximumBytes)
            switch field {
            case 1:
                guard bytes.count == 32 else { throw reader.invalidValue }
                key = .ed25519(bytes)
            case 2:
                guard bytes.count == 33 else { throw reader.invalidValue }
                key = .secp256k1(bytes)
            case 3: key = .bls12381(bytes)
            case 4: key = .mlDSA65(bytes)
            default: key = .secp256k1Ethereum(bytes)
            }
        }
        guard let key else { throw .missingField(1) }
        self = key
    }
}
