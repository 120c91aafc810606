import ConsensusTypes

/// Reads `key op value AND key op value …`. Keys end at white space, operators and quotes; texts stand in single quotes.
struct EventQueryParser {
    private let text: [UInt8]
    private var position = 0

    init(_ text: String) { self.text = Array(text.utf8) }

    mutating func parse() throws(EventQueryError) -> [EventQuery.Condition] {
        guard text.count <= EventQuery.maximumBytes else {
            throw EventQueryError(offset: 0, reason: "a query has at most \(EventQuery.maximumBytes) bytes")
        }
        var conditions: [EventQuery.Condition] = []
        repeat { conditions.append(try condition()) } while try joins()
        return conditions
    }

    private mutating func condition() throws(EventQueryError) -> EventQuery.Condition {
        skipSpace()
        let key = word { !Self.isSpace($0) && !"=<>'\"()".utf8.contains($0) }
        guard !key.isEmpty else { throw failure("expected a key") }
        skipSpace()
        let comparison = try comparison()
        if comparison == .exists { return EventQuery.Condition(key: key, comparison: .exists, operand: .none) }
        skipSpace()
        let operand = try operand()
        switch (comparison, operand) {
        case (.contains, .time), (.contains, .date): throw failure("CONTAINS takes a text")
        case (.less, .text), (.lessOrEqual, .text), (.greater, .text), (.greaterOrEqual, .text):
            throw failure("order comparisons take a number, TIME or DATE")
        default: break
        }
        return EventQuery.Condition(key: key, comparison: comparison, operand: operand)
    }

    private mutating func comparison() throws(EventQueryError) -> EventQuery.Operator {
        for symbol in ["<=", ">=", "<", ">", "="] where take(symbol) {
            return EventQuery.Operator(rawValue: symbol) ?? .equal
        }
        let start = position
        let name = word { !Self.isSpace($0) && $0 != UInt8(ascii: "'") }
        switch name {
        case "CONTAINS": return .contains
        case "EXISTS": return .exists
        default:
            position = start
            throw failure("expected one of =, <, <=, >, >=, CONTAINS, EXISTS")
        }
    }

    private mutating func operand() throws(EventQueryError) -> EventQuery.Operand {
        guard position < text.count else { throw failure("expected a value") }
        let start = position
        if take("'") {
            let content = word { $0 != UInt8(ascii: "'") }
            guard take("'") else { throw failure("a text without its closing quote") }
            return .text(content)
        }
        let token = word { !Self.isSpace($0) }
        switch token {
        case "TIME":
            skipSpace()
            let value = word { !Self.isSpace($0) }
            guard let time = Timestamp(rfc3339: value) else { throw failure("expected a time of RFC 3339") }
            return .time(time, text: value)
        case "DATE":
            skipSpace()
            let value = word { !Self.isSpace($0) }
            guard let date = Timestamp(date: value) else { throw failure("expected a date as yyyy-mm-dd") }
            return .date(date, text: value)
        default:
            guard let number = DecimalNumber(token) else {
                position = start
                throw failure("expected a 'text', a number, TIME or DATE")
            }
            return .number(number, text: token)
        }
    }

    /// Whether another condition follows.
    private mutating func joins() throws(EventQueryError) -> Bool {
        skipSpace()
        guard position < text.count else { return false }
        let start = position
        guard word({ !Self.isSpace($0) }) == "AND" else {
            position = start
            throw failure("expected AND")
        }
        return true
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard text[position...].starts(with: symbol.utf8) else { return false }
        position += symbol.utf8.count
        return true
    }

    private mutating func word(_ isPart: (UInt8) -> Bool) -> String {
        let bytes = text[position...].prefix(while: isPart)
        position = bytes.endIndex
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func skipSpace() {
        while position < text.count, Self.isSpace(text[position]) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private func failure(_ reason: String) -> EventQueryError { EventQueryError(offset: position, reason: reason) }
}
