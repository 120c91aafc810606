/// The layers while they are put on top of each other; each value is checked as it arrives.
struct LayeredValues {
    private let keys: [ConfigurationKey]
    private let byName: [String: ConfigurationKey]
    private(set) var entries: [String: ServiceConfiguration.Entry] = [:]

    init(keys: [ConfigurationKey]) {
        self.keys = keys
        self.byName = Dictionary(keys.map { ($0.name, $0) }) { first, _ in first }
    }

    mutating func addDefaults() {
        for key in keys {
            if let value = key.standard { entries[key.name] = .init(value: value, source: .builtIn) }
        }
    }

    mutating func add(_ file: ConfigurationFile) throws(ConfigurationError) {
        try add(file.root, prefix: "", from: file)
    }

    private mutating func add(
        _ members: [String: ConfigurationValue], prefix: String, from file: ConfigurationFile
    ) throws(ConfigurationError) {
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            let full = prefix + name
            let source = file.source(of: full)
            if let key = byName[full] {
                let checked = try ValueCheck(name: full, source: source).check(value, as: key.kind)
                entries[full] = .init(value: checked, source: source)
            } else if case .table(let inner) = value, keys.contains(where: { $0.name.hasPrefix(full + ".") }) {
                try add(inner, prefix: full + ".", from: file)
            } else {
                throw unknown(full, source: source)
            }
        }
    }

    mutating func add(
        environment: [String: String], reserved: Set<String>
    ) throws(ConfigurationError) {
        let byVariable = Dictionary(keys.map { ($0.environmentName, $0) }) { first, _ in first }
        let sections = Set(keys.map { "HACA_" + $0.section.uppercased().replacing(".", with: "_") + "_" })
        for (variable, text) in environment.sorted(by: { $0.key < $1.key }) where variable.hasPrefix("HACA_") {
            let source = ConfigurationSource.environment(variable)
            if let key = byVariable[variable] {
                let value = try ValueCheck(name: key.name, source: source).check(text: text, as: key.kind)
                entries[key.name] = .init(value: value, source: source)
            } else if !reserved.contains(variable), sections.contains(where: variable.hasPrefix) {
                let nearest = NearestName.to(variable, among: byVariable.keys)
                throw ConfigurationError(
                    key: "", source: source,
                    problem: "\(variable) sets no known key" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            }
        }
    }

    mutating func add(override: String) throws(ConfigurationError) {
        guard let equals = override.firstIndex(of: "=") else {
            throw ConfigurationError(
                key: "", source: .flag("--set"), problem: "write --set section.key=value")
        }
        let name = String(override[..<equals])
        let source = ConfigurationSource.flag("--set \(name)")
        guard let key = byName[name] else { throw unknown(name, source: source) }
        let text = String(override[override.index(after: equals)...])
        let value = try ValueCheck(name: name, source: source).check(text: text, as: key.kind)
        entries[name] = .init(value: value, source: source)
    }

    /// Refuses what an enclave's host could not measure.
    func refuseUnmeasured() throws(ConfigurationError) {
        for key in keys {
            guard let source = entries[key.name]?.source else { continue }
            switch source {
            case .builtIn, .file: continue
            case .environment, .flag:
                throw ConfigurationError(
                    key: key.name, source: source,
                    problem: "not measured: inside an enclave values come from --configuration files only")
            }
        }
    }

    func checkRequired() throws(ConfigurationError) {
        for key in keys where key.isRequired && entries[key.name] == nil {
            throw ConfigurationError(
                key: key.name, source: nil,
                problem:
                    "must be set (\(key.help)); write it in a --config file, as \(key.environmentName) or with --set")
        }
    }

    private func unknown(_ name: String, source: ConfigurationSource) -> ConfigurationError {
        let nearest = NearestName.to(name, among: byName.keys)
        return ConfigurationError(
            key: name, source: source,
            problem: "no such key" + (nearest.map { "; did you mean \($0)?" } ?? ""))
    }
}

/// Checks one value against the kind its key declares.
struct ValueCheck {
    /// Longest list or table a key may hold.
    static let maximumElements = 1_000

    let name: String
    let source: ConfigurationSource

    /// A value from a file.
    func check(
        _ value: ConfigurationValue, as kind: ConfigurationKey.Kind
    ) throws(ConfigurationError) -> ConfigurationValue {
        switch (kind, value) {
        case (.string, .string), (.boolean, .boolean):
            return value
        case (.choice(let words), .string(let text)):
            guard words.contains(text) else {
                throw problem("expected one of \(words.joined(separator: ", ")), found \(value.tomlText)")
            }
            return value
        case (.integer(let range), .integer(let number)):
            guard range.contains(number) else { throw problem("\(number) is not in \(Self.text(range))") }
            return value
        case (.number(let range), .number(let number)):
            guard range.contains(number) else { throw problem("\(number) is out of range") }
            return value
        case (.number, .integer(let number)):
            return try check(.number(Double(number)), as: kind)
        case (.duration, .string(let text)):
            guard DurationText.parse(text) != nil else {
                throw problem("expected a duration such as 250ms, 20s or 1m30s, found \(value.tomlText)")
            }
            return value
        case (.duration, .integer(let number)):
            throw problem("a duration needs a unit: write \"\(number)s\" or \"\(number)ms\"")
        case (.strings, .array(let elements)):
            try bound(elements.count)
            for element in elements {
                guard case .string = element else { throw problem("expected a list of texts") }
            }
            return value
        case (.strings, .string):
            return .array([value])
        case (.table, .table(let members)):
            try bound(members.count)
            for (member, inner) in members {
                guard case .string = inner else { throw problem("\(member): expected text, found \(inner.kindName)") }
            }
            return value
        case (.tables(let declared), .array(let elements)):
            try bound(elements.count)
            var checked: [ConfigurationValue] = []
            for (index, element) in elements.enumerated() {
                checked.append(try self.element(element, index: index, members: declared))
            }
            return .array(checked)
        case (.secret, .string(let text)):
            // The text itself is not repeated: it may be the secret that somebody wrote here by mistake.
            guard SecretReference(text) != nil else {
                throw problem("expected a reference, credential:NAME or file:/path; never write the secret itself")
            }
            return value
        case (.secret, _):
            throw problem("expected a reference, credential:NAME or file:/path")
        default:
            throw problem("expected \(Self.text(kind)), found \(value.kindName)")
        }
    }

    /// A value from the environment or a flag: plain text for plain kinds, commas or TOML notation for lists and tables.
    func check(text: String, as kind: ConfigurationKey.Kind) throws(ConfigurationError) -> ConfigurationValue {
        switch kind {
        case .string, .choice, .duration, .secret:
            return try check(.string(text), as: kind)
        case .integer:
            guard let number = Int(text) else { throw problem("expected a whole number, found \(quoted(text))") }
            return try check(.integer(number), as: kind)
        case .number:
            guard let number = Double(text) else { throw problem("expected a number, found \(quoted(text))") }
            return try check(.number(number), as: kind)
        case .boolean:
            switch text.lowercased() {
            case "true", "yes", "on", "1": return .boolean(true)
            case "false", "no", "off", "0": return .boolean(false)
            default: throw problem("expected true or false, found \(quoted(text))")
            }
        case .strings:
            if text.hasPrefix("["), let value = ConfigurationFile.value(fromTOML: text) {
                return try check(value, as: kind)
            }
            let parts = text.split(separator: ",").map { ConfigurationValue.string($0.trimmedSpaces) }
            return try check(.array(parts), as: kind)
        case .table:
            if text.hasPrefix("{"), let value = ConfigurationFile.value(fromTOML: text) {
                return try check(value, as: kind)
            }
            var members: [String: ConfigurationValue] = [:]
            for part in text.split(separator: ",") {
                guard let equals = part.firstIndex(of: "=") else { throw problem("expected name=value,name=value") }
                members[part[..<equals].trimmedSpaces] = .string(part[part.index(after: equals)...].trimmedSpaces)
            }
            return try check(.table(members), as: kind)
        case .tables:
            guard let value = ConfigurationFile.value(fromTOML: text) else {
                throw problem("expected TOML notation: [{ name = \"value\" }]")
            }
            return try check(value, as: kind)
        }
    }

    private func element(
        _ value: ConfigurationValue, index: Int, members declared: [ConfigurationKey]
    ) throws(ConfigurationError) -> ConfigurationValue {
        guard case .table(var members) = value else {
            throw problem("element \(index): expected a table, found \(value.kindName)")
        }
        for (member, inner) in members.sorted(by: { $0.key < $1.key }) {
            let full = "\(name)[\(index)].\(member)"
            guard let key = declared.first(where: { $0.name == member }) else {
                let nearest = NearestName.to(member, among: declared.map(\.name))
                throw ConfigurationError(
                    key: full, source: source,
                    problem: "no such key" + (nearest.map { "; did you mean \($0)?" } ?? ""))
            }
            members[member] = try ValueCheck(name: full, source: source).check(inner, as: key.kind)
        }
        for key in declared where members[key.name] == nil {
            if let standard = key.standard {
                members[key.name] = standard
            } else if key.isRequired {
                throw ConfigurationError(
                    key: "\(name)[\(index)].\(key.name)", source: source, problem: "must be set (\(key.help))")
            }
        }
        return .table(members)
    }

    private func bound(_ count: Int) throws(ConfigurationError) {
        guard count <= Self.maximumElements else { throw problem("more than \(Self.maximumElements) elements") }
    }

    private func problem(_ text: String) -> ConfigurationError {
        ConfigurationError(key: name, source: source, problem: text)
    }

    private func quoted(_ text: String) -> String { ConfigurationValue.quoted(String(text.prefix(80))) }

    private static func text(_ range: ClosedRange<Int>) -> String {
        range.upperBound == Int.max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
    }

    private static func text(_ kind: ConfigurationKey.Kind) -> String {
        switch kind {
        case .string, .choice: "text"
        case .integer: "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .duration: "a duration such as \"20s\""
        case .strings: "a list of texts"
        case .table: "a table"
        case .tables: "an array of tables"
        case .secret: "a reference to a secret"
        }
    }
}

extension StringProtocol {
    fileprivate var trimmedSpaces: String {
        let start = self.drop { $0 == " " }
        return String(start.reversed().drop { $0 == " " }.reversed())
    }
}
