import Foundation

/// A service's effective configuration: defaults < files in order, each followed by `FILE.d/*.toml` in name order
/// < environment `HACA_<SECTION>_<KEY>` < flags. Every value is checked against its declared key when it is loaded.
///
/// Inside an enclave only files that its host has measured count: other files, variables and flags are refused.
public struct ServiceConfiguration: Sendable {
    struct Entry: Sendable {
        let value: ConfigurationValue
        let source: ConfigurationSource
    }

    /// Variables that start with `HACA_` and belong to tools and tests, not to a section.
    static let reservedEnvironment: Set<String> = [
        "HACA_ENCLAVE_FD", EnclaveFiles.descriptorVariable, "HACA_GATEWAY_URL", "HACA_GATEWAY_TLS_URL",
        "HACA_GATEWAY_CERTIFICATE", "HACA_CA", "HACA_CHAIN_RPC",
        "HACA_ENCLAVE_ROOT", "HACA_WORKER_URL", "HACA_NETWORK",
    ]

    /// Every declared key, in order of declaration.
    public let keys: [ConfigurationKey]
    /// The files that were read, in order.
    public let files: [String]
    /// What the enclave's host has measured; nil outside an enclave.
    public let enclaveFiles: EnclaveFiles?
    private let entries: [String: Entry]
    private let environment: [String: String]

    /// Loads and checks all layers.
    ///
    /// - Parameters:
    ///   - keys: what the service declares; `StandardKeys.all` is added.
    ///   - files: `--config` arguments, weakest first.
    ///   - overrides: `--set section.key=value` arguments, without the `--set`.
    ///   - enclaveFiles: inside an enclave, what its host has measured.
    public init(
        keys: [ConfigurationKey], files: [String] = [], overrides: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment, enclaveFiles: EnclaveFiles? = nil
    ) throws(ConfigurationError) {
        let declared = StandardKeys.all + keys
        var names: Set<String> = []
        for key in declared {
            precondition(names.insert(key.name).inserted, "the key \(key.name) is declared twice")
        }
        self.keys = declared
        self.environment = environment
        self.enclaveFiles = enclaveFiles

        var layers = LayeredValues(keys: declared)
        layers.addDefaults()
        var read: [String] = []
        for file in try Self.read(files, measured: enclaveFiles) {
            try layers.add(file)
            read.append(file.path)
        }
        try layers.add(environment: environment, reserved: Self.reservedEnvironment)
        for override in overrides { try layers.add(override: override) }
        if enclaveFiles != nil { try layers.refuseUnmeasured() }
        try layers.checkRequired()
        self.files = read
        self.entries = layers.entries
    }

    private static func read(
        _ paths: [String], measured: EnclaveFiles?
    ) throws(ConfigurationError) -> [ConfigurationFile] {
        var files: [ConfigurationFile] = []
        guard let measured else {
            for path in paths.withDropIns() { files.append(try ConfigurationFile(path: path)) }
            return files
        }
        for path in paths {
            for layer in try measured.layers(of: path) {
                files.append(try ConfigurationFile(path: layer.path, contents: layer.contents))
            }
        }
        return files
    }

    // MARK: - Typed reads

    /// Whether anybody, or a default, set the key.
    public func has(_ name: String) -> Bool { declaredEntry(name) != nil }

    /// Where the key's value came from; nil when it is absent.
    public func source(of name: String) -> ConfigurationSource? { declaredEntry(name)?.source }

    /// Text; also the word of a `.choice`.
    public func string(_ name: String) throws(ConfigurationError) -> String {
        if case .string(let text) = try value(name) { return text }
        throw mismatch(name, "text")
    }

    public func int(_ name: String) throws(ConfigurationError) -> Int {
        if case .integer(let number) = try value(name) { return number }
        throw mismatch(name, "a whole number")
    }

    public func double(_ name: String) throws(ConfigurationError) -> Double {
        switch try value(name) {
        case .number(let number): return number
        case .integer(let number): return Double(number)
        default: throw mismatch(name, "a number")
        }
    }

    public func bool(_ name: String) throws(ConfigurationError) -> Bool {
        if case .boolean(let flag) = try value(name) { return flag }
        throw mismatch(name, "true or false")
    }

    public func duration(_ name: String) throws(ConfigurationError) -> Duration {
        if case .string(let text) = try value(name), let duration = DurationText.parse(text) { return duration }
        throw mismatch(name, "a duration")
    }

    /// The list, empty when absent.
    public func strings(_ name: String) throws(ConfigurationError) -> [String] {
        guard case .array(let values)? = declaredEntry(name)?.value else { return [] }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    /// The table of texts, empty when absent.
    public func table(_ name: String) throws(ConfigurationError) -> [String: String] {
        guard case .table(let members)? = declaredEntry(name)?.value else { return [:] }
        return members.compactMapValues { if case .string(let text) = $0 { text } else { nil } }
    }

    /// The array of tables, empty when absent; members are read with the same typed calls.
    public func tables(_ name: String) throws(ConfigurationError) -> [ConfigurationTable] {
        guard let entry = declaredEntry(name), case .array(let values) = entry.value else { return [] }
        return values.enumerated().compactMap { index, value in
            guard case .table(let members) = value else { return nil }
            return ConfigurationTable(name: "\(name)[\(index)]", members: members, source: entry.source)
        }
    }

    /// Reads the secret that the key refers to.
    public func secret(_ name: String) throws(ConfigurationError) -> SecretBytes {
        guard case .string(let text) = try value(name), let reference = SecretReference(text) else {
            throw mismatch(name, "a reference to a secret")
        }
        do {
            return try reference.read(environment: environment)
        } catch {
            throw ConfigurationError(key: name, source: source(of: name), problem: "\(error)")
        }
    }

    /// The contents of the file that the key names: as it was measured if the host has measured it, else from the disk.
    ///
    /// - Parameter limit: most bytes.
    public func contents(ofFile name: String, limit: Int) throws(ConfigurationError) -> [UInt8] {
        let path = try string(name)
        let contents: [UInt8]
        if let measured = enclaveFiles?.contents(of: path) {
            contents = measured
        } else {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw invalid(name, "cannot read \(path)")
            }
            contents = Array(data)
        }
        guard contents.count <= limit else { throw invalid(name, "\(path) is larger than \(limit) bytes") }
        return contents
    }

    /// The text if the key is set, else nil.
    public func optionalString(_ name: String) throws(ConfigurationError) -> String? {
        has(name) ? try string(name) : nil
    }

    // MARK: - Showing

    /// One effective value, as `config show` prints it.
    public struct EffectiveValue: Sendable, Hashable {
        public let name: String
        /// TOML notation; `***` for a secret.
        public let text: String
        public let source: ConfigurationSource
        public let help: String
    }

    /// Every key that has a value, in order of declaration, secrets masked.
    public var effectiveValues: [EffectiveValue] {
        keys.compactMap { key in
            guard let entry = entries[key.name] else { return nil }
            let text = key.isSecret ? "***" : entry.value.tomlText
            return EffectiveValue(name: key.name, text: text, source: entry.source, help: key.help)
        }
    }

    /// `config show`: one line a value, with `origin` each followed by where it came from.
    public func rendered(origin: Bool) -> String {
        effectiveValues.map { value in
            origin ? "\(value.name) = \(value.text)  # \(value.source)" : "\(value.name) = \(value.text)"
        }.joined(separator: "\n")
    }

    // MARK: - Errors made by readers

    /// An error about the value of `name`, with its source: for checks that only the reader can make.
    public func invalid(_ name: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(key: name, source: source(of: name), problem: problem)
    }

    private func value(_ name: String) throws(ConfigurationError) -> ConfigurationValue {
        guard let entry = declaredEntry(name) else {
            let variable = keys.first { $0.name == name }?.environmentName ?? ""
            throw ConfigurationError(
                key: name, source: nil, problem: "not set; write it in a --config file, as \(variable) or with --set")
        }
        return entry.value
    }

    private func declaredEntry(_ name: String) -> Entry? {
        precondition(keys.contains { $0.name == name }, "the key \(name) is read but not declared")
        return entries[name]
    }

    private func mismatch(_ name: String, _ expected: String) -> ConfigurationError {
        invalid(name, "expected \(expected)")
    }
}

/// One table of an array of tables; its members were checked when it was loaded.
public struct ConfigurationTable: Sendable {
    /// `section.key[index]`, for error texts.
    public let name: String
    let members: [String: ConfigurationValue]
    let source: ConfigurationSource

    public func string(_ member: String) -> String? {
        if case .string(let text)? = members[member] { text } else { nil }
    }

    public func int(_ member: String) -> Int? {
        if case .integer(let number)? = members[member] { number } else { nil }
    }

    public func double(_ member: String) -> Double? {
        switch members[member] {
        case .number(let number)?: number
        case .integer(let number)?: Double(number)
        default: nil
        }
    }

    public func bool(_ member: String) -> Bool? {
        if case .boolean(let flag)? = members[member] { flag } else { nil }
    }

    public func duration(_ member: String) -> Duration? {
        string(member).flatMap(DurationText.parse)
    }

    public func strings(_ member: String) -> [String]? {
        guard case .array(let values)? = members[member] else { return nil }
        return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    public func table(_ member: String) -> [String: String]? {
        guard case .table(let values)? = members[member] else { return nil }
        return values.compactMapValues { if case .string(let text) = $0 { text } else { nil } }
    }

    /// An error about one member, with its source.
    public func invalid(_ member: String, _ problem: String) -> ConfigurationError {
        ConfigurationError(key: "\(name).\(member)", source: source, problem: problem)
    }
}

extension [String] {
    /// Each file followed by the `.toml` files of its `.d` directory in name order.
    fileprivate func withDropIns() -> [String] {
        var result: [String] = []
        for path in self {
            result.append(path)
            let directory = path + ".d"
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { continue }
            result += names.filter { $0.hasSuffix(".toml") }.sorted().map { directory + "/" + $0 }
        }
        return result
    }
}
