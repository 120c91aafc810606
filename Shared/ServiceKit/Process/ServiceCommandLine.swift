/// The command line every service has:
/// `SERVICE [--config FILE]… [--set section.key=value]… [run | config show [--origin] | config check | keys]`.
public struct ServiceCommandLine: Sendable, Hashable {
    public enum Action: Sendable, Hashable {
        case run
        case showConfiguration(origin: Bool)
        case checkConfiguration
        case help
        case version
    }

    public var action: Action = .run
    public var files: [String] = []
    public var overrides: [String] = []

    /// - Parameter arguments: without the program's own name.
    public init(parsing arguments: some Sequence<String>) throws(ServiceFailure) {
        var iterator = arguments.makeIterator()
        var words: [String] = []
        var origin = false
        while let argument = iterator.next() {
            let (name, inline) = Self.split(argument)
            switch name {
            case "--config", "--set":
                guard let value = inline ?? iterator.next() else {
                    throw ServiceFailure(.usage, "\(name) needs a value; see --help")
                }
                if name == "--config" { files.append(value) } else { overrides.append(value) }
            case "--origin": origin = true
            case "--help", "-h": action = .help
            case "--version": action = .version
            case _ where name.hasPrefix("-"):
                let nearest = NearestName.to(name, among: ["--config", "--set", "--origin", "--help", "--version"])
                throw ServiceFailure(.usage, "unknown flag \(name)" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            default: words.append(argument)
            }
        }
        switch words {
        case [], ["run"]: break
        case ["config", "show"]: action = .showConfiguration(origin: origin)
        case ["config", "check"]: action = .checkConfiguration
        default: throw ServiceFailure(.usage, "unknown command \(words.joined(separator: " ")); see --help")
        }
    }

    private static func split(_ argument: String) -> (name: String, value: String?) {
        guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return (argument, nil) }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }

    static func helpText(name: String, summary: String, keys: [ConfigurationKey]) -> String {
        let width = keys.map(\.name.count).max() ?? 0
        let lines = keys.map { key in
            let standard = key.standard.map { " [\($0.tomlText)]" } ?? (key.isRequired ? " (required)" : "")
            return "  \(key.name)\(String(repeating: " ", count: width - key.name.count))  \(key.help)\(standard)"
        }
        return """
            \(name): \(summary)

            usage: \(name) [--config FILE]... [--set section.key=value]... [run | config show [--origin] | config check]
                   \(name) --help | --version

            Values come from defaults, then --config files and FILE.d/*.toml, then HACA_SECTION_KEY variables, then --set.

            keys:
            \(lines.joined(separator: "\n"))
            """
    }
}
