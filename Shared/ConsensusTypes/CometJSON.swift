import Primitives

/// A value with the JSON form that CometBFT's RPC and genesis files give it: 64-bit integers are strings, byte strings base64,
/// hashes and addresses upper-case hex, times RFC 3339.
public protocol CometJSONCodable: Sendable {
    var cometJSON: JSON { get }

    /// Members that are absent or null are zero; members that the type does not have are ignored.
    init(cometJSON: JSON) throws(CometJSONError)
}

/// Why a JSON document is not what it should be.
public enum CometJSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The value of a member, or of the whole (`member` is empty), is of another kind.
    case expected(String, member: String)
    case missing(member: String)
    case tooMany(member: String, limit: Int)
    /// Not JSON at all.
    case malformed(String)

    public var description: String {
        switch self {
        case .expected(let what, let member): "expected \(what)\(member.isEmpty ? "" : " in \(member)")"
        case .missing(let member): "\(member) is missing"
        case .tooMany(let member, let limit): "\(member) has more than \(limit) elements"
        case .malformed(let reason): reason
        }
    }
}

/// The scalar forms.
public enum CometJSON {
    public static func string(_ value: some BinaryInteger) -> JSON { JSON(String(value)) }

    /// Upper-case hex; empty for nothing.
    public static func hex(_ bytes: [UInt8]) -> JSON { JSON(Hex.encode(bytes).uppercased()) }

    public static func hex(_ hash: Bytes32?) -> JSON { hex(hash?.bytes ?? []) }

    public static func hex(_ address: ValidatorAddress?) -> JSON { hex(address?.bytes ?? []) }

    /// Base64; null for nothing, as Go prints a nil slice.
    public static func base64(_ bytes: [UInt8]) -> JSON { bytes.isEmpty ? .null : JSON(Base64.encode(bytes)) }

    /// Base64 also for nothing.
    public static func base64OrEmpty(_ bytes: [UInt8]) -> JSON { JSON(Base64.encode(bytes)) }

    /// RFC 3339 in UTC with as many fractional digits as it takes.
    public static func time(_ time: Timestamp) -> JSON { JSON(time.description) }
}

/// Reads the members of an object.
public struct CometJSONFields {
    private let object: JSONObject

    public init(_ json: JSON) throws(CometJSONError) {
        guard let object = json.objectValue else { throw .expected("an object", member: "") }
        self.object = object
    }

    /// Nil when absent or null.
    public subscript(_ member: String) -> JSON? {
        guard let value = object[member], !value.isNull else { return nil }
        return value
    }

    /// Written as a string; numbers are accepted too.
    public func integer<Integer: FixedWidthInteger>(
        _ member: String, as type: Integer.Type = Integer.self
    ) throws(CometJSONError) -> Integer {
        guard let value = self[member] else { return 0 }
        let text: String?
        if case .number(let number) = value { text = number.lexeme } else { text = value.stringValue }
        // Not "+1", which Swift would read.
        guard let text, text.utf8.first != UInt8(ascii: "+"), let integer = Integer(text) else {
            throw .expected("an integer of \(Integer.bitWidth) bits", member: member)
        }
        return integer
    }

    public func bool(_ member: String) throws(CometJSONError) -> Bool {
        guard let value = self[member] else { return false }
        guard let flag = value.boolValue else { throw .expected("true or false", member: member) }
        return flag
    }

    public func string(_ member: String) throws(CometJSONError) -> String {
        guard let value = self[member] else { return "" }
        guard let text = value.stringValue else { throw .expected("a string", member: member) }
        return text
    }

    /// Of either case.
    public func hex(_ member: String) throws(CometJSONError) -> [UInt8] {
        let text = try string(member)
        guard !text.hasPrefix("0x"), let bytes = try? Hex.decode(text) else { throw .expected("hex", member: member) }
        return bytes
    }

    /// Hex of 32 bytes; nil when absent or empty.
    public func hash(_ member: String) throws(CometJSONError) -> Bytes32? {
        let bytes = try hex(member)
        if bytes.isEmpty { return nil }
        guard let hash = Bytes32(bytes) else { throw .expected("hex of 32 bytes", member: member) }
        return hash
    }

    /// Hex of 20 bytes; nil when absent or empty.
    public func address(_ member: String) throws(CometJSONError) -> ValidatorAddress? {
        let bytes = try hex(member)
        if bytes.isEmpty { return nil }
        guard let address = ValidatorAddress(bytes) else { throw .expected("hex of 20 bytes", member: member) }
        return address
    }

    /// Base64; empty when absent.
    public func base64(_ member: String) throws(CometJSONError) -> [UInt8] {
        guard let bytes = try? Base64.decode(try string(member)) else { throw .expected("base64", member: member) }
        return bytes
    }

    /// RFC 3339; `Timestamp.zero` when absent.
    public func time(_ member: String) throws(CometJSONError) -> Timestamp {
        guard self[member] != nil else { return .zero }
        guard let time = Timestamp(rfc3339: try string(member)) else {
            throw .expected("a time of RFC 3339", member: member)
        }
        return time
    }

    /// Nil when absent.
    public func value<Value: CometJSONCodable>(
        _ member: String, as type: Value.Type = Value.self
    ) throws(CometJSONError) -> Value? {
        guard let value = self[member] else { return nil }
        return try Value(cometJSON: value)
    }

    public func required<Value: CometJSONCodable>(
        _ member: String, as type: Value.Type = Value.self
    ) throws(CometJSONError) -> Value {
        guard let value = try value(member, as: type) else { throw .missing(member: member) }
        return value
    }

    /// Empty when absent.
    public func list(_ member: String, maximum: Int) throws(CometJSONError) -> [JSON] {
        guard let value = self[member] else { return [] }
        guard let elements = value.arrayValue else { throw .expected("an array", member: member) }
        guard elements.count <= maximum else { throw .tooMany(member: member, limit: maximum) }
        return elements
    }

    /// Empty when absent.
    public func values<Value: CometJSONCodable>(
        _ member: String, maximum: Int, as type: Value.Type = Value.self
    ) throws(CometJSONError) -> [Value] {
        var values: [Value] = []
        for element in try list(member, maximum: maximum) { values.append(try Value(cometJSON: element)) }
        return values
    }
}
