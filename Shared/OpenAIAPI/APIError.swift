/// A failure as OpenAI's clients know it: an HTTP status and `{"error":{message,type,param,code}}`.
///
/// `message` goes to the caller and may end up in a log, so it never repeats what a user typed beyond a field's name.
public struct APIError: Error, Sendable, Hashable {
    /// OpenAI's `error.type`.
    public enum Kind: String, Sendable, Hashable {
        case invalidRequest = "invalid_request_error"
        case authentication = "authentication_error"
        case permission = "permission_error"
        case notFound = "not_found_error"
        case conflict = "conflict_error"
        case rateLimit = "rate_limit_error"
        case server = "server_error"
        case unavailable = "service_unavailable_error"
        case timeout = "timeout_error"
    }

    /// The HTTP status.
    public var status: Int
    public var kind: Kind
    public var message: String
    /// The request's field at fault, as a path: `messages[0].role`.
    public var parameter: String?
    /// A stable word for programs: `model_not_found`.
    public var code: String?
    /// Whole seconds for `Retry-After`.
    public var retryAfterSeconds: Int?

    public init(
        status: Int, kind: Kind, message: String, parameter: String? = nil, code: String? = nil,
        retryAfterSeconds: Int? = nil
    ) {
        self.status = status
        self.kind = kind
        self.message = message
        self.parameter = parameter
        self.code = code
        self.retryAfterSeconds = retryAfterSeconds
    }

    /// The response body: `{"error":{"message":…,"type":…,"param":…,"code":…}}`.
    public func encoded() -> [UInt8] {
        var out = JSONBytes()
        out.literal("{\"error\":{\"message\":")
        out.string(message)
        out.literal(",\"type\":")
        out.string(kind.rawValue)
        out.literal(",\"param\":")
        out.stringOrNull(parameter)
        out.literal(",\"code\":")
        out.stringOrNull(code)
        out.literal("}}")
        return out.bytes
    }

    /// The flat body that OpenGradient's clients read: `{"error":"…","type":…,"code":…}` (compatibility spec 1.6, 2.2).
    public func encodedFlat() -> [UInt8] {
        var out = JSONBytes()
        out.literal("{\"error\":")
        out.string(message)
        out.literal(",\"type\":")
        out.string(kind.rawValue)
        out.literal(",\"code\":")
        out.stringOrNull(code)
        out.literal("}")
        return out.bytes
    }
}

extension APIError {
    /// 400 for a request that breaks a rule.
    public static func invalid(_ message: String, parameter: String? = nil, code: String? = nil) -> APIError {
        APIError(status: 400, kind: .invalidRequest, message: message, parameter: parameter, code: code)
    }

    /// 400 for a field of another JSON type than the API defines.
    public static func wrongType(_ parameter: String, expected: String) -> APIError {
        invalid(
            "Invalid type for '\(parameter)': expected \(expected).", parameter: parameter, code: "invalid_type")
    }

    /// 400 for a field the API demands.
    public static func missing(_ parameter: String) -> APIError {
        invalid(
            "Missing required parameter: '\(parameter)'.", parameter: parameter, code: "missing_required_parameter")
    }

    /// 404 for a model that no worker serves. The name came from the caller, who gets it back; it is never logged.
    public static func unknownModel(_ name: String) -> APIError {
        APIError(
            status: 404, kind: .invalidRequest,
            message: "The model '\(name.prefix(128))' does not exist or you do not have access to it.",
            parameter: "model", code: "model_not_found")
    }

    /// 404 for a path that is not in the route table.
    public static let unknownRoute = APIError(
        status: 404, kind: .invalidRequest, message: "Unknown request URL.", code: "unknown_url")

    /// 503 with a time after which another try makes sense.
    public static func unavailable(_ message: String, code: String = "unavailable", retryAfterSeconds: Int = 1)
        -> APIError
    {
        APIError(
            status: 503, kind: .unavailable, message: message, code: code, retryAfterSeconds: retryAfterSeconds)
    }

    /// 500 without detail: what went wrong is in the log, under the request's id.
    public static let `internal` = APIError(
        status: 500, kind: .server, message: "The server had an error while processing your request.",
        code: "internal_error")
}

extension JSONBytes {
    /// Appends a JSON string, or null.
    public mutating func stringOrNull(_ text: String?) {
        if let text { string(text) } else { literal("null") }
    }
}
