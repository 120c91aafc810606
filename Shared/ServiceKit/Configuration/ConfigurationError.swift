/// Where a configuration value came from.
public enum ConfigurationSource: Sendable, Hashable, CustomStringConvertible {
    case builtIn
    case file(path: String, line: Int?)
    case environment(String)
    case flag(String)

    public var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line?): "\(path):\(line)"
        case .file(let path, nil): path
        case .environment(let name): "environment \(name)"
        case .flag(let text): "flag \(text)"
        }
    }
}

/// A configuration that cannot be used: which key, where it was written, and what is wrong with it.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The full name of the key, `section.key`; empty when a whole file or flag is at fault.
    public let key: String
    /// Where the offending value stands; nil when the key is missing everywhere.
    public let source: ConfigurationSource?
    /// What is wrong and what was expected. Never contains the value of a secret.
    public let problem: String

    public init(key: String, source: ConfigurationSource?, problem: String) {
        self.key = key
        self.source = source
        self.problem = problem
    }

    public var description: String {
        var text = key.isEmpty ? problem : "\(key): \(problem)"
        if let source { text += " (\(source))" }
        return text
    }
}
