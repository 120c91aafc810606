/// A CBOR item (RFC 8949), as far as attestation documents need it: no floating point and no indefinite lengths.
public indirect enum CBOR: Sendable, Hashable {
    case unsigned(UInt64)
    /// The number -1 - n.
    case negative(UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    /// Entries in the order they were written.
    case map([MapEntry])
    case tagged(UInt64, CBOR)
    case boolean(Bool)
    case null

    /// One key and value of a map.
    public struct MapEntry: Sendable, Hashable {
        public let key: CBOR
        public let value: CBOR

        /// Makes an entry.
        public init(_ key: CBOR, _ value: CBOR) {
            self.key = key
            self.value = value
        }
    }

    /// The value of a text key of a map; nil if this is no map or has no such key.
    public subscript(_ key: String) -> CBOR? { self[.text(key)] }

    /// The value of a key of a map; nil if this is no map or has no such key.
    public subscript(_ key: CBOR) -> CBOR? {
        guard case .map(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }
}

/// Why bytes are not the CBOR that is accepted here.
public enum CBORError: Error, Sendable, Hashable {
    /// The bytes end inside an item.
    case truncated
    /// Bytes follow the item.
    case trailingBytes(offset: Int)
    /// An indefinite length.
    case indefiniteLength(offset: Int)
    /// A number, length or tag in more bytes than it needs (RFC 8949 section 4.2.1).
    case notShortestForm(offset: Int)
    /// A floating-point number, an unassigned simple value or a reserved initial byte.
    case unsupported(offset: Int)
    /// A text string that is not UTF-8.
    case invalidText(offset: Int)
    /// A key that its map already has.
    case duplicateKey(offset: Int)
    /// More nesting than ``CBORLimits/depth``.
    case tooDeep(offset: Int)
    /// More items than ``CBORLimits/items``.
    case tooManyItems(offset: Int)
}

/// Bounds of what a decoder builds.
public struct CBORLimits: Sendable, Hashable {
    /// Deepest nesting of arrays, maps and tags.
    public var depth = 8
    /// Most items in total.
    public var items = 1_024

    /// The standard limits.
    public init() {}
}

// MARK: - Encoding

extension CBOR {
    /// The item in shortest form, map entries in their order.
    public func encoded() -> [UInt8] {
        var output: [UInt8] = []
        append(to: &output)
        return output
    }

    private func append(to output: inout [UInt8]) {
        switch self {
        case .unsigned(let number): Self.appendHead(0, number, &output)
        case .negative(let number): Self.appendHead(1, number, &output)
        case .bytes(let bytes):
            Self.appendHead(2, UInt64(bytes.count), &output)
            output += bytes
        case .text(let text):
            Self.appendHead(3, UInt64(text.utf8.count), &output)
            output += text.utf8
        case .array(let items):
            Self.appendHead(4, UInt64(items.count), &output)
            for item in items { item.append(to: &output) }
        case .map(let entries):
            Self.appendHead(5, UInt64(entries.count), &output)
            for entry in entries {
                entry.key.append(to: &output)
                entry.value.append(to: &output)
            }
        case .tagged(let tag, let item):
            Self.appendHead(6, tag, &output)
            item.append(to: &output)
        case .boolean(let value): output.append(value ? 0xF5 : 0xF4)
        case .null: output.append(0xF6)
        }
    }

    private static func appendHead(_ major: UInt8, _ number: UInt64, _ output: inout [UInt8]) {
        let width: Int
        switch number {
        case ..<24:
            output.append(major << 5 | UInt8(number))
            return
        case ...0xFF: width = 1
        case ...0xFFFF: width = 2
        case ...0xFFFF_FFFF: width = 4
        default: width = 8
        }
        output.append(major << 5 | (width == 1 ? 24 : width == 2 ? 25 : width == 4 ? 26 : 27))
        for index in (0..<width).reversed() { output.append(UInt8(truncatingIfNeeded: number >> UInt64(index * 8))) }
    }
}

// MARK: - Decoding

extension CBOR {
    /// Decodes exactly one item.
    public init(
        decoding bytes: some RandomAccessCollection<UInt8>, limits: CBORLimits = CBORLimits()
    ) throws(CBORError) {
        var decoder = CBORDecoder(bytes: Array(bytes), remainingItems: limits.items)
        self = try decoder.item(remainingDepth: limits.depth)
        guard decoder.offset == decoder.bytes.count else { throw .trailingBytes(offset: decoder.offset) }
    }
}

private struct CBORDecoder {
    let bytes: [UInt8]
    var remainingItems: Int
    var offset = 0

    mutating func item(remainingDepth: Int) throws(CBORError) -> CBOR {
        let start = offset
        guard remainingItems > 0 else { throw .tooManyItems(offset: start) }
        remainingItems -= 1
        let initial = try next()
        let major = initial >> 5
        if major == 7 {
            switch initial & 0x1F {
            case 20: return .boolean(false)
            case 21: return .boolean(true)
            case 22: return .null
            default: throw .unsupported(offset: start)
            }
        }
        let number = try argument(initial & 0x1F, start: start)
        switch major {
        case 0: return .unsigned(number)
        case 1: return .negative(number)
        case 2: return .bytes(Array(try take(number)))
        case 3:
            guard let text = String(validating: try take(number), as: UTF8.self) else {
                throw .invalidText(offset: start)
            }
            return .text(text)
        default:
            guard remainingDepth > 0 else { throw .tooDeep(offset: start) }
            return try container(major, number, remainingDepth: remainingDepth - 1, start: start)
        }
    }

    private mutating func container(
        _ major: UInt8, _ number: UInt64, remainingDepth: Int, start: Int
    ) throws(CBORError) -> CBOR {
        switch major {
        case 4:
            var items: [CBOR] = []
            for _ in 0..<(try count(number, start: start)) { items.append(try item(remainingDepth: remainingDepth)) }
            return .array(items)
        case 5:
            var entries: [CBOR.MapEntry] = []
            var keys: Set<CBOR> = []
            for _ in 0..<(try count(number, start: start)) {
                let keyOffset = offset
                let key = try item(remainingDepth: remainingDepth)
                guard keys.insert(key).inserted else { throw .duplicateKey(offset: keyOffset) }
                entries.append(CBOR.MapEntry(key, try item(remainingDepth: remainingDepth)))
            }
            return .map(entries)
        default:
            return .tagged(number, try item(remainingDepth: remainingDepth))
        }
    }

    /// An announced count is refused before anything is built for it.
    private func count(_ number: UInt64, start: Int) throws(CBORError) -> Int {
        guard number <= UInt64(bytes.count - offset) else { throw .truncated }
        guard number <= UInt64(remainingItems) else { throw .tooManyItems(offset: start) }
        return Int(number)
    }

    private mutating func argument(_ information: UInt8, start: Int) throws(CBORError) -> UInt64 {
        let width: Int
        switch information {
        case ..<24: return UInt64(information)
        case 24: width = 1
        case 25: width = 2
        case 26: width = 4
        case 27: width = 8
        case 31: throw .indefiniteLength(offset: start)
        default: throw .unsupported(offset: start)
        }
        var number: UInt64 = 0
        for byte in try take(UInt64(width)) { number = number << 8 | UInt64(byte) }
        let smallest: [UInt64] = [24, 0x100, 0x1_0000, 0x1_0000_0000]
        guard number >= smallest[Int(information) - 24] else { throw .notShortestForm(offset: start) }
        return number
    }

    private mutating func next() throws(CBORError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated }
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func take(_ count: UInt64) throws(CBORError) -> ArraySlice<UInt8> {
        guard count <= UInt64(bytes.count - offset) else { throw .truncated }
        let slice = bytes[offset..<offset + Int(count)]
        offset += Int(count)
        return slice
    }
}
