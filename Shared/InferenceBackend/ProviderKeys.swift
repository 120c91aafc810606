import Synchronization

/// The providers' keys, in memory only. They are given once, over the attested channel; nothing prints them.
public final class ProviderKeys: Sendable {
    /// Most keys that are kept.
    public static let maximumKeys = 32
    /// Longest key or name in bytes.
    public static let maximumBytes = 16 << 10

    public enum Problem: Error, Sendable, Hashable {
        /// Other keys were provided before.
        case alreadyProvided
        case tooMany
        case tooLong
        /// A key holds a control character, which no HTTP header can carry.
        case unusable(name: String)
    }

    private let keys = Mutex<[String: String]?>(nil)

    public init() {}

    /// Keeps the keys.
    ///
    /// - Returns: True if they are new, false if exactly these are kept already.
    public func provide(_ new: [String: String]) throws(Problem) -> Bool {
        guard new.count <= Self.maximumKeys else { throw .tooMany }
        for (name, key) in new {
            guard name.utf8.count <= Self.maximumBytes, key.utf8.count <= Self.maximumBytes else { throw .tooLong }
            guard key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .unusable(name: name) }
        }
        let outcome: Bool? = keys.withLock { keys in
            if keys == nil {
                keys = new
                return true
            }
            return keys == new ? false : nil
        }
        guard let outcome else { throw .alreadyProvided }
        return outcome
    }

    /// The key, unless it is missing or empty.
    func key(_ name: String) -> String? {
        keys.withLock { $0?[name] }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The names of the keys that are there, sorted.
    public var names: [String] {
        keys.withLock { ($0 ?? [:]).filter { !$0.value.isEmpty }.keys.sorted() }
    }
}

extension ProviderKeys: CustomStringConvertible, CustomReflectable {
    public var description: String { "ProviderKeys(\(names))" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
