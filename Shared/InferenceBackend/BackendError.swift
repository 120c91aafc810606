/// Why a backend did not answer. Nothing here holds what a user wrote, what a model said, or a key: a provider's message
/// is never repeated, because providers quote both.
public enum BackendError: Error, Sendable, Hashable {
    /// A member of the request is missing or has the wrong form.
    case invalidRequest(field: String, problem: String)
    /// The backend cannot do what the request asks.
    case unsupported(field: String, problem: String)
    /// Prompt and answer do not fit the context; numbers are zero if the engine did not say.
    case contextExceeded(promptTokens: Int, contextTokens: Int)
    /// The queue is full, or the provider limits the rate.
    case overloaded(String)
    /// The engine or provider cannot be reached, broke off or is still starting.
    case unavailable(String)
    case deadlineExceeded
    /// The provider's key has not been provided.
    case needsKey(String)
    /// The provider refused its key.
    case keyRefused(String)
    /// The provider does not know the model.
    case modelNotFound
    /// The engine answered something that is not its protocol.
    case malformedAnswer(String)
}

extension BackendError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidRequest(let field, let problem): "\(field): \(problem)"
        case .unsupported(let field, let problem): "\(field): \(problem)"
        case .contextExceeded(let prompt, let context):
            prompt > 0
                ? "the prompt has \(prompt) tokens, the model's context \(context)"
                : "the prompt does not fit the model's context"
        case .overloaded(let reason): reason
        case .unavailable(let reason): reason
        case .deadlineExceeded: "the deadline passed before the answer was complete"
        case .needsKey(let name): "\(name) has not been provided"
        case .keyRefused(let name): "the provider refused \(name)"
        case .modelNotFound: "the provider does not serve this model"
        case .malformedAnswer(let what): "the engine's answer is not understood: \(what)"
        }
    }
}

extension BackendError {
    /// The same error with its field, if it has one, under the name that `rename` gives it.
    public func naming(_ rename: (String) -> String) -> BackendError {
        switch self {
        case .invalidRequest(let field, let problem): .invalidRequest(field: rename(field), problem: problem)
        case .unsupported(let field, let problem): .unsupported(field: rename(field), problem: problem)
        default: self
        }
    }
}
