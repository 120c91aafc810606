/// The text of a JSON string: any sequence of code points, lone surrogates included, because JSON's `\ud800` escape can
/// write them and Python keeps them.
///
/// Comparison, equality and hashing are by code point; `é` and `e` + U+0301 are different, unlike in Swift's `String`.
public struct JSONString: Sendable {
    private enum Storage: Sendable {
        case text(String)
        /// WTF-8 that holds at least one surrogate code point (three bytes ED A0…BF xx).
        case surrogates([UInt8])
    }

    private let storage: Storage

    public init(_ text: String) { storage = .text(text) }

    /// Well-formed WTF-8: the parser's own output.
    init(wtf8 bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) {
            storage = .text(text)
        } else {
            storage = .surrogates(bytes)
        }
    }

    /// The text; nil when it holds a lone surrogate.
    public var string: String? {
        if case .text(let text) = storage { text } else { nil }
    }

    /// The text with U+FFFD in place of whatever UTF-8 cannot carry.
    public var lossyString: String {
        switch storage {
        case .text(let text): return text
        case .surrogates(let bytes):
            var output: [UInt8] = []
            JSONString.forEachScalar(of: bytes) { scalar in
                let safe = Unicode.Scalar(scalar) ?? "\u{FFFD}"
                output += UTF8.encode(safe).map(Array.init) ?? []
            }
            return String(decoding: output, as: UTF8.self)
        }
    }

    public var isEmpty: Bool {
        switch storage {
        case .text(let text): text.isEmpty
        case .surrogates(let bytes): bytes.isEmpty
        }
    }

    /// WTF-8: UTF-8 in which lone surrogates have their generalised three-byte form. Byte order is code point order.
    public var wtf8: [UInt8] {
        switch storage {
        case .text(let text): Array(text.utf8)
        case .surrogates(let bytes): bytes
        }
    }

    /// Calls `body` with the WTF-8 bytes, without a copy where the text is stored contiguously.
    func withWTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        switch storage {
        case .text(var text): text.withUTF8(body)
        case .surrogates(let bytes): bytes.withUnsafeBufferPointer(body)
        }
    }

    /// Code points of well-formed WTF-8, surrogates included.
    static func forEachScalar(of bytes: some Collection<UInt8>, _ body: (UInt32) -> Void) {
        var iterator = bytes.makeIterator()
        while let first = iterator.next() {
            var scalar: UInt32
            let continuationCount: Int
            switch first {
            case ..<0x80: (scalar, continuationCount) = (UInt32(first), 0)
            case ..<0xE0: (scalar, continuationCount) = (UInt32(first & 0x1F), 1)
            case ..<0xF0: (scalar, continuationCount) = (UInt32(first & 0x0F), 2)
            default: (scalar, continuationCount) = (UInt32(first & 0x07), 3)
            }
            for _ in 0..<continuationCount {
                scalar = scalar << 6 | UInt32((iterator.next() ?? 0x80) & 0x3F)
            }
            body(scalar)
        }
    }
}

extension JSONString: Hashable, Comparable {
    public static func == (left: JSONString, right: JSONString) -> Bool {
        switch (left.storage, right.storage) {
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.surrogates(let left), .surrogates(let right)): left == right
        default: false
        }
    }

    public func hash(into hasher: inout Hasher) {
        withWTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    public static func < (left: JSONString, right: JSONString) -> Bool {
        left.withWTF8 { left in right.withWTF8 { right in left.lexicographicallyPrecedes(right) } }
    }
}

extension JSONString: ExpressibleByStringLiteral, CustomStringConvertible {
    public init(stringLiteral value: String) { self.init(value) }
    public var description: String { lossyString }
}

extension JSONString {
    /// Unicode code points, lone surrogates included.
    public var codePoints: [UInt32] {
        var output: [UInt32] = []
        withWTF8 { JSONString.forEachScalar(of: $0) { output.append($0) } }
        return output
    }
}
