import ConsensusTypes
import KeyValueStore
import Primitives

/// Keys of everything a replica stores: one byte for the kind, then heights and indices big-endian, so that key order is height order.
enum StorageKey {
    enum Kind: UInt8 {
        case state = 0x01
        case blockRange = 0x02
        case blockMeta = 0x10
        case blockPart = 0x11
        case commit = 0x12
        case seenCommit = 0x13
        case extendedCommit = 0x14
        case heightOfHash = 0x15
        case validators = 0x20
        case parameters = 0x21
        case results = 0x22
        case pendingEvidence = 0x30
        case committedEvidence = 0x31
    }

    static let state: [UInt8] = [Kind.state.rawValue]
    static let blockRange: [UInt8] = [Kind.blockRange.rawValue]

    static func at(_ kind: Kind, _ height: Int64) -> [UInt8] { [kind.rawValue] + bigEndian(height) }

    static func part(_ height: Int64, _ index: UInt32) -> [UInt8] {
        var key = at(.blockPart, height)
        withUnsafeBytes(of: index.bigEndian) { key.append(contentsOf: $0) }
        return key
    }

    static func height(ofHash hash: Bytes32) -> [UInt8] { [Kind.heightOfHash.rawValue] + hash.bytes }

    static func evidence(_ kind: Kind, _ height: Int64, _ hash: Bytes32) -> [UInt8] { at(kind, height) + hash.bytes }

    /// All keys of a kind with heights from `lower` on and below `upper`.
    static func range(_ kind: Kind, _ lower: Int64, _ upper: Int64) -> KeyRange {
        KeyRange(lower: at(kind, lower), upper: at(kind, upper))
    }

    /// All keys of a kind.
    static func all(_ kind: Kind) -> KeyRange { KeyRange(prefix: [kind.rawValue]) }

    private static func bigEndian(_ height: Int64) -> [UInt8] { withUnsafeBytes(of: height.bigEndian) { Array($0) } }
}
