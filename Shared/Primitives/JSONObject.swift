/// The members of a JSON object in order of arrival. A key occurs once: as in Python, a repeated key keeps its first place
/// and takes its last value.
public struct JSONObject: Sendable {
    public struct Member: Sendable, Hashable {
        public let key: JSONString
        public var value: JSON

        public init(key: JSONString, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    public private(set) var members: [Member] = []

    public init() {}

    /// - Parameter members: may repeat keys; the last value wins.
    public init(_ members: some Sequence<Member>) {
        var index = JSONObjectIndex()
        for member in members {
            index.insert(member, into: &self.members)
        }
    }

    /// Members without repeated keys: the parser's own output.
    init(unique members: [Member]) { self.members = members }

    public var count: Int { members.count }
    public var isEmpty: Bool { members.isEmpty }
    public var keys: [JSONString] { members.map(\.key) }

    /// The value of a member; assigning nil removes it, assigning to a new key appends.
    public subscript(_ key: String) -> JSON? {
        get { self[JSONString(key)] }
        set { self[JSONString(key)] = newValue }
    }

    public subscript(_ key: JSONString) -> JSON? {
        get { members.first { $0.key == key }?.value }
        set {
            let position = members.firstIndex { $0.key == key }
            switch (position, newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil): members.remove(at: position)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.count == right.count else { return false }
        if left.members == right.members { return true }
        return left.sortedMembers == right.sortedMembers
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(sortedMembers)
    }

    /// By code point of the key, as canonical JSON orders them.
    var sortedMembers: [Member] { members.sorted { $0.key < $1.key } }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(elements.map { Member(key: JSONString($0.0), value: $0.1) })
    }
}

/// Finds repeated keys while an object is built: by scanning while it is small, by hash afterwards, so that an object with
/// very many members costs linear time.
struct JSONObjectIndex {
    private static let scanningLimit = 16
    private var positions: [JSONString: Int] = [:]

    mutating func insert(_ member: JSONObject.Member, into members: inout [JSONObject.Member]) {
        if let position = position(of: member.key, in: members) {
            members[position].value = member.value
            return
        }
        if members.count >= Self.scanningLimit {
            if positions.isEmpty {
                for (position, member) in members.enumerated() { positions[member.key] = position }
            }
            positions[member.key] = members.count
        }
        members.append(member)
    }

    private func position(of key: JSONString, in members: [JSONObject.Member]) -> Int? {
        positions.isEmpty ? members.firstIndex { $0.key == key } : positions[key]
    }
}
