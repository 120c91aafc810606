/// Ordered key and value pairs beside a request or a status. Keys are lower-case ASCII; a key may repeat.
public struct Metadata: Sendable, Hashable {
    public struct Entry: Sendable, Hashable {
        public var key: String
        public var value: [UInt8]

        public init(key: String, value: [UInt8]) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var entries: [Entry]

    public init() {
        entries = []
    }

    package init(entries: [Entry]) {
        self.entries = entries
    }

    public var isEmpty: Bool { entries.isEmpty }

    /// The first value of a key, as UTF-8 text; setting replaces every value of the key.
    public subscript(key: String) -> String? {
        get { bytes(for: key).flatMap { String(validating: $0, as: UTF8.self) } }
        set {
            entries.removeAll { $0.key == key }
            if let newValue { add(key, newValue) }
        }
    }

    /// The first value of a key.
    public func bytes(for key: String) -> [UInt8]? {
        entries.first { $0.key == key }?.value
    }

    public mutating func add(_ key: String, _ value: String) {
        add(key, bytes: Array(value.utf8))
    }

    public mutating func add(_ key: String, bytes value: [UInt8]) {
        entries.append(Entry(key: key, value: value))
    }

    /// Whether a key can travel: 1 to 128 characters of `a-z`, `0-9`, `-`, `_` and `.`.
    public static func isValidKey(_ key: String) -> Bool {
        let bytes = key.utf8
        return (1...128).contains(bytes.count)
            && bytes.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                    UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension Metadata: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, String)...) {
        entries = elements.map { Entry(key: $0.0, value: Array($0.1.utf8)) }
    }
}
