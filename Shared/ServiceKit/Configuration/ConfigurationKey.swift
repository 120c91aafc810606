/// A declared configuration key: its type, default and meaning. Everything a service reads is declared once, so that
/// unknown keys are errors and help, `config show` and checks need no second list.
public struct ConfigurationKey: Sendable, Hashable {
    /// What values a key takes.
    public indirect enum Kind: Sendable, Hashable {
        case string
        /// Text restricted to these words.
        case choice([String])
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case boolean
        /// Text with a unit: `250ms`, `20s`, `1m30s`, `24h`.
        case duration
        case strings
        /// A table from free names to text.
        case table
        /// An array of tables with declared members.
        case tables([ConfigurationKey])
        /// A reference to a secret, never the secret: `credential:NAME` or `file:/path`.
        case secret
    }

    /// `section.key`; inside `.tables`, the member's own name.
    public let name: String
    public let kind: Kind
    /// What the key is when nobody sets it; nil: it is absent.
    public let standard: ConfigurationValue?
    public let isRequired: Bool
    /// One line for `config show` and `--help`.
    public let help: String
    /// SIGHUP applies a new value without a restart.
    public let isReloadable: Bool

    public init(
        _ name: String, _ kind: Kind, default standard: ConfigurationValue? = nil, required: Bool = false,
        reloadable: Bool = false, help: String
    ) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.isRequired = required
        self.isReloadable = reloadable
        self.help = help
    }

    /// The value is a reference to a secret and is shown as `***`.
    public var isSecret: Bool { kind == .secret }

    /// The section: everything before the last dot.
    var section: Substring {
        name.lastIndex(of: ".").map { name[..<$0] } ?? ""
    }

    /// The environment variable that sets this key.
    public var environmentName: String {
        "HACA_" + String(name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }

    public static func string(
        _ name: String, default value: String? = nil, required: Bool = false, reloadable: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(
            name, .string, default: value.map(ConfigurationValue.string), required: required, reloadable: reloadable,
            help: help)
    }

    public static func choice(
        _ name: String, of words: [String], default value: String? = nil, reloadable: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(
            name, .choice(words), default: value.map(ConfigurationValue.string), reloadable: reloadable, help: help)
    }

    public static func integer(
        _ name: String, default value: Int? = nil, in range: ClosedRange<Int> = Int.min...Int.max,
        required: Bool = false, reloadable: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(
            name, .integer(range), default: value.map(ConfigurationValue.integer), required: required,
            reloadable: reloadable, help: help)
    }

    public static func number(
        _ name: String, default value: Double? = nil,
        in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude, help: String
    ) -> ConfigurationKey {
        .init(name, .number(range), default: value.map(ConfigurationValue.number), help: help)
    }

    public static func boolean(
        _ name: String, default value: Bool? = nil, reloadable: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(
            name, .boolean, default: value.map(ConfigurationValue.boolean), reloadable: reloadable, help: help)
    }

    public static func duration(
        _ name: String, default value: Duration? = nil, reloadable: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(
            name, .duration, default: value.map { .string(DurationText.format($0)) }, reloadable: reloadable,
            help: help)
    }

    public static func strings(
        _ name: String, default value: [String]? = nil, required: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(
            name, .strings, default: value.map { .array($0.map(ConfigurationValue.string)) }, required: required,
            help: help)
    }

    public static func table(
        _ name: String, default value: [String: String]? = nil, help: String
    ) -> ConfigurationKey {
        .init(name, .table, default: value.map { .table($0.mapValues(ConfigurationValue.string)) }, help: help)
    }

    /// An array of tables (`[[section.key]]`); `members` are declared with their own names, without the section.
    public static func tables(
        _ name: String, of members: [ConfigurationKey], required: Bool = false, help: String
    ) -> ConfigurationKey {
        .init(name, .tables(members), required: required, help: help)
    }

    public static func secret(_ name: String, required: Bool = false, help: String) -> ConfigurationKey {
        .init(name, .secret, required: required, help: help)
    }
}
