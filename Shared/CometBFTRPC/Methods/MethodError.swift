import Primitives

/// An error of JSON-RPC 2.0 as CometBFT words it.
struct MethodError: Error, Sendable, Hashable {
    let code: Int
    let message: String
    /// The reason.
    let data: String

    static func parse(_ reason: String) -> MethodError {
        MethodError(code: -32700, message: "Parse error. Invalid JSON", data: reason)
    }

    static func invalidRequest(_ reason: String) -> MethodError {
        MethodError(code: -32600, message: "Invalid Request", data: reason)
    }

    static let methodNotFound = MethodError(code: -32601, message: "Method not found", data: "")

    static func invalidParameters(_ reason: String) -> MethodError {
        MethodError(code: -32602, message: "Invalid params", data: reason)
    }

    /// Also for everything that a handler could not do.
    static func `internal`(_ reason: String) -> MethodError {
        MethodError(code: -32603, message: "Internal error", data: reason)
    }

    /// For a subscription that was cancelled.
    static func server(_ reason: String) -> MethodError {
        MethodError(code: -32000, message: "Server error", data: reason)
    }

    /// The reason is left out when there is none.
    var json: JSON {
        var members: JSONObject = ["code": JSON(code), "message": JSON(message)]
        if !data.isEmpty { members["data"] = JSON(data) }
        return .object(members)
    }
}
