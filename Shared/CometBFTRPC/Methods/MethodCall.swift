import Primitives

/// One JSON-RPC request.
struct MethodCall: Sendable {
    /// Nil for a notification, which has no answer; otherwise a string or an integer, which the answer repeats.
    let id: JSON?
    let name: String
    let arguments: MethodArguments

    /// The requests of a body: one object, or an array of them.
    struct Batch {
        var isArray: Bool
        var calls: [Result<MethodCall, MethodRefusal>]
    }

    /// A request that cannot be carried out, and the id to answer it under.
    struct MethodRefusal: Error {
        let id: JSON?
        let error: MethodError
    }

    /// Depth and number of values of a body; its size is limited before.
    private static let limits = JSONLimits(maximumBytes: 1 << 20, maximumDepth: 64, maximumValues: 1 << 16)

    static func batch(parsing body: [UInt8]) throws(MethodError) -> Batch {
        let document: JSON
        do {
            document = try JSON(parsing: body, limits: limits)
        } catch {
            throw .parse("error unmarshalling request: \(error)")
        }
        switch document {
        case .array(let elements): return Batch(isArray: true, calls: elements.map(call))
        case .object: return Batch(isArray: false, calls: [call(document)])
        default: throw .parse("error unmarshalling request: expected an object or an array")
        }
    }

    private static func call(_ document: JSON) -> Result<MethodCall, MethodRefusal> {
        guard let object = document.objectValue else {
            return .failure(MethodRefusal(id: nil, error: .invalidRequest("a request is an object")))
        }
        let id: JSON?
        switch object["id"] {
        case nil, .null?: id = nil
        case .string(let text)?: id = .string(text)
        case .number(let number)? where number.int != nil: id = .number(number)
        default:
            return .failure(
                MethodRefusal(id: nil, error: .invalidRequest("an id is a string or an integer")))
        }
        guard let name = object["method"]?.stringValue else {
            return .failure(MethodRefusal(id: id, error: .invalidRequest("method is not a string")))
        }
        let arguments: MethodArguments
        switch object["params"] {
        case nil, .null?: arguments = MethodArguments(.named(JSONObject()))
        case .object(let members)?: arguments = MethodArguments(.named(members))
        case .array(let elements)?: arguments = MethodArguments(.positional(elements))
        default:
            return .failure(
                MethodRefusal(id: id, error: .invalidParameters("params are an object or an array")))
        }
        return .success(MethodCall(id: id, name: name, arguments: arguments))
    }

    /// `{"jsonrpc":"2.0","id":…,"result":…}` around what is encoded already.
    static func answer(id: JSON?, result: [UInt8]) -> [UInt8] {
        head(id: id, member: "result") + result + [UInt8(ascii: "}")]
    }

    static func answer(id: JSON?, error: MethodError) -> [UInt8] {
        head(id: id, member: "error") + error.json.encoded() + [UInt8(ascii: "}")]
    }

    private static func head(id: JSON?, member: String) -> [UInt8] {
        var output = Array(#"{"jsonrpc":"2.0","#.utf8)
        if let id {
            output += #""id":"#.utf8
            output += id.encoded()
            output.append(UInt8(ascii: ","))
        }
        output += "\"\(member)\":".utf8
        return output
    }
}
