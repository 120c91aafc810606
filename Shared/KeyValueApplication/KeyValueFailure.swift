/// Why the application stops. Each is thrown to the node, which halts.
public enum KeyValueFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// A block at another height than the next.
    case wrongHeight(expected: Int64, actual: Int64)
    /// Commit without FinalizeBlock.
    case nothingToCommit
    /// What was read back from the store does not parse.
    case corruptedState(String)
    /// InitChain on a state that has blocks.
    case alreadyInitialized(height: Int64)
    /// A genesis `app_state` that is no JSON object of strings.
    case invalidApplicationState

    public var description: String {
        switch self {
        case .wrongHeight(let expected, let actual): "block \(actual) arrived where \(expected) is next"
        case .nothingToCommit: "no block was finalized before the commit"
        case .corruptedState(let what): "the stored state is damaged: \(what)"
        case .alreadyInitialized(let height): "the chain was started before; the state is at height \(height)"
        case .invalidApplicationState: "app_state is no JSON object whose values are strings"
        }
    }
}
