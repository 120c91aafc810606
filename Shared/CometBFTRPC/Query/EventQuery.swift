import ConsensusTypes

/// A question about events: conditions that must all hold, as in
/// `tm.event = 'Tx' AND transfer.amount > 100 AND tx.height <= 7`.
public struct EventQuery: Sendable, Hashable {
    enum Operator: String, Sendable, Hashable {
        case equal = "="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case contains = "CONTAINS"
        case exists = "EXISTS"
    }

    enum Operand: Sendable, Hashable {
        /// For `EXISTS`.
        case none
        case text(String)
        case number(DecimalNumber, text: String)
        case time(Timestamp, text: String)
        case date(Timestamp, text: String)
    }

    struct Condition: Sendable, Hashable {
        let key: String
        let comparison: Operator
        let operand: Operand
    }

    let conditions: [Condition]

    /// Longest query in bytes.
    public static let maximumBytes = 512

    /// - Throws: what is wrong and where.
    public init(parsing text: String) throws(EventQueryError) {
        var parser = EventQueryParser(text)
        conditions = try parser.parse()
    }

    init(conditions: [Condition]) { self.conditions = conditions }

    /// Whether every condition holds for some value of its key.
    package func matches(_ keys: EventKeys) -> Bool {
        conditions.allSatisfy { condition in
            keys.values(of: condition.key).contains { condition.matches($0) }
        }
    }
}

/// Why a text is no query.
public struct EventQueryError: Error, Sendable, Hashable, CustomStringConvertible {
    /// In bytes.
    public let offset: Int
    public let reason: String

    public var description: String { "failed to parse query: offset \(offset): \(reason)" }
}

extension EventQuery.Condition {
    func matches(_ value: String) -> Bool {
        switch (comparison, operand) {
        case (.exists, _): true
        case (.contains, .text(let part)): value.utf8.containsSubsequence(part.utf8)
        case (.contains, .number(_, let text)): value.utf8.containsSubsequence(text.utf8)
        case (_, .text(let text)): comparison == .equal && value == text
        case (_, .number(let number, _)):
            DecimalNumber(firstIn: value).map { holds($0, number) } ?? false
        case (_, .time(let time, _)):
            (Timestamp(rfc3339: value) ?? Timestamp(date: value)).map { holds($0, time) } ?? false
        case (_, .date(let date, _)):
            (Timestamp(date: value) ?? Timestamp(rfc3339: value)).map { holds($0, date) } ?? false
        case (_, .none): false
        }
    }

    private func holds<Value: Comparable>(_ value: Value, _ bound: Value) -> Bool {
        switch comparison {
        case .equal: value == bound
        case .less: value < bound
        case .lessOrEqual: value <= bound
        case .greater: value > bound
        case .greaterOrEqual: value >= bound
        case .contains, .exists: false
        }
    }
}

extension EventQuery: CustomStringConvertible {
    /// The canonical spelling, which names a subscription.
    public var description: String {
        conditions.map { condition in
            switch condition.operand {
            case .none: "\(condition.key) EXISTS"
            case .text(let text): "\(condition.key) \(condition.comparison.rawValue) '\(text)'"
            case .number(_, let text): "\(condition.key) \(condition.comparison.rawValue) \(text)"
            case .time(_, let text): "\(condition.key) \(condition.comparison.rawValue) TIME \(text)"
            case .date(_, let text): "\(condition.key) \(condition.comparison.rawValue) DATE \(text)"
            }
        }.joined(separator: " AND ")
    }
}

extension Timestamp {
    /// Midnight UTC of `yyyy-mm-dd`.
    init?(date text: String) {
        guard text.utf8.count == 10 else { return nil }
        self.init(rfc3339: text + "T00:00:00Z")
    }
}

extension String.UTF8View {
    func containsSubsequence(_ part: String.UTF8View) -> Bool {
        guard !part.isEmpty else { return true }
        return indices.contains { self[$0...].starts(with: part) }
    }
}
