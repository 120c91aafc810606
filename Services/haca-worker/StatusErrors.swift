import Inference
import InferenceBackend
import Primitives
import RPC

/// The one place where errors become RPC statuses. No text here holds what a user wrote.
extension RPCError {
    init(_ error: BackendError) {
        let code: StatusCode =
            switch error {
            case .invalidRequest, .unsupported, .contextExceeded: .invalidArgument
            case .overloaded: .resourceExhausted
            case .unavailable, .malformedAnswer: .unavailable
            case .deadlineExceeded: .deadlineExceeded
            case .needsKey, .keyRefused, .modelNotFound: .failedPrecondition
            }
        self.init(code, error.description)
        switch error {
        case .invalidRequest(let field, _), .unsupported(let field, _): metadata.add(Self.fieldKey, field)
        default: break
        }
    }

    /// The metadata that names the request's field at fault, as a path.
    private static let fieldKey = "field"

    /// - Parameter error: anything a request's handling threw.
    static func answering(_ error: any Error) -> RPCError {
        switch error {
        case let error as RPCError: error
        case let error as BackendError: RPCError(error)
        case let error as RequestError:
            RPCError(code: .invalidArgument, message: error.description, metadata: [fieldKey: error.field])
        case let error as JSONError: RPCError(.invalidArgument, "body: \(error)")
        case is OutputError: RPCError(.unavailable, "the engine's answer has more tool calls than are allowed")
        case is CancellationError: RPCError(.cancelled, "the caller left")
        default: RPCError(.internalError, "\(type(of: error))")
        }
    }
}
