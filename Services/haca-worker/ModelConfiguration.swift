import Foundation
import InferenceBackend
import Logging
import ServiceKit

/// One table of `worker.models`, checked, with the backend made for it.
struct ConfiguredModel: Sendable {
    let id: String
    let backend: any InferenceBackend
    /// Where to open the file whose hash goes into statements; nil when a provider holds the weights.
    let weights: String?
    let slots: Int
    /// The backend's child process, to be started.
    let localEngine: LocalEngineBackend?
}

/// Reads `worker.models` and makes the backends.
enum ModelConfiguration {
    /// Models of one worker.
    static let maximumModels = 64
    /// Slots of a remote model whose table has none.
    static let remoteSlots = 256
    static let localContext = 2048

    /// - Throws: `ConfigurationError` naming the key, or `ServiceFailure` when something on this machine is missing.
    static func models(
        of configuration: ServiceConfiguration, keys: ProviderKeys, logger: Logger
    ) throws -> [ConfiguredModel] {
        let tables = try configuration.tables("worker.models")
        guard (1...maximumModels).contains(tables.count) else {
            throw configuration.invalid("worker.models", "expected 1 to \(maximumModels) models")
        }
        var ids: Set<String> = []
        return try tables.map { table in
            guard let id = table.string("id"), !id.isEmpty else { throw table.invalid("id", "must not be empty") }
            guard ids.insert(id).inserted else { throw table.invalid("id", "two models are called \(id)") }
            switch table.string("backend") {
            case "openai": return try openAI(table, id, keys)
            case "anthropic": return try anthropic(table, id, keys)
            default: return try local(table, id, configuration, logger)
            }
        }
    }

    private static func local(
        _ table: ConfigurationTable, _ id: String, _ configuration: ServiceConfiguration, _ logger: Logger
    ) throws -> ConfiguredModel {
        guard let weights = table.string("weights") else {
            throw table.invalid("weights", "a local model needs its GGUF file")
        }
        let descriptor = try descriptor(of: weights, table, configuration.enclaveFiles)
        guard descriptor != nil || access(weights, R_OK) == 0 else {
            throw table.invalid("weights", "cannot read \(weights); make testnet installs the bundled model")
        }
        let script = try configuration.optionalString("worker.engine.script") ?? ""
        if !script.isEmpty, access(script, R_OK) != 0 {
            throw configuration.invalid("worker.engine.script", "cannot read \(script)")
        }
        let command = try configuration.string("worker.engine.command")
        if command.contains("/"), access(command, X_OK) != 0 {
            throw configuration.invalid("worker.engine.command", "cannot execute \(command)")
        }
        let slots = try table.int("slots") ?? configuration.int("worker.slots")
        let engine = try LocalEngineBackend(
            LocalEngineBackend.Configuration(
                command: command, script: script, weights: weights, weightsDescriptor: descriptor, model: id,
                contextTokens: table.int("context") ?? localContext, slots: slots,
                threads: configuration.int("worker.engine.threads"),
                runtimeDirectory: configuration.optionalString("worker.engine.runtime")),
            logger: logger)
        return ConfiguredModel(
            id: id, backend: engine, weights: descriptor.map(DescriptorPath.of) ?? weights, slots: slots,
            localEngine: engine)
    }

    /// The weights as the enclave's host has measured and opened them; nil outside an enclave, and for files of a measured
    /// folder.
    ///
    /// - Throws: `ConfigurationError` when the host has measured no such weights.
    private static func descriptor(
        of weights: String, _ table: ConfigurationTable, _ measured: EnclaveFiles?
    ) throws -> CInt? {
        guard let measured else { return nil }
        guard let file = measured.weights.first(where: { $0.path == weights }) else {
            throw table.invalid("weights", "not measured: name them to haca-enclave run --weights too")
        }
        return file.descriptor
    }

    private static func openAI(
        _ table: ConfigurationTable, _ id: String, _ keys: ProviderKeys
    ) throws -> ConfiguredModel {
        var dialect = OpenAIDialect()
        if let mode = table.string("tools").flatMap(OpenAIDialect.ToolMode.init) { dialect.toolMode = mode }
        if let field = table.string("max_tokens_field") {
            guard ["max_tokens", "max_completion_tokens"].contains(field) else {
                throw table.invalid("max_tokens_field", "expected max_tokens or max_completion_tokens")
            }
            dialect.maxTokensField = field
        }
        dialect.sendsTemperature = table.bool("temperature") ?? true
        dialect.acceptsImages = table.bool("images") ?? true
        let slots = table.int("slots") ?? remoteSlots
        var capabilities: Set<BackendDescription.Capability> = [.chat, .completion, .embeddings, .tools, .logprobs]
        if dialect.toolMode == .none { capabilities.remove(.tools) }
        let backend = OpenAIBackend(
            OpenAIBackend.Configuration(
                url: try url(table), model: table.string("provider_model") ?? id, keyName: table.string("key"),
                dialect: dialect, contextTokens: table.int("context") ?? 0, capabilities: capabilities,
                connections: slots),
            keys: keys)
        return ConfiguredModel(id: id, backend: backend, weights: nil, slots: slots, localEngine: nil)
    }

    private static func anthropic(
        _ table: ConfigurationTable, _ id: String, _ keys: ProviderKeys
    ) throws -> ConfiguredModel {
        let slots = table.int("slots") ?? remoteSlots
        var provider = AnthropicBackend.Configuration(
            url: try url(table), model: table.string("provider_model") ?? id, connections: slots)
        if let key = table.string("key") { provider.keyName = key }
        if let limit = table.int("max_tokens") { provider.maxTokens = limit }
        if let context = table.int("context") { provider.contextTokens = context }
        let backend = AnthropicBackend(provider, keys: keys)
        return ConfiguredModel(id: id, backend: backend, weights: nil, slots: slots, localEngine: nil)
    }

    private static func url(_ table: ConfigurationTable) throws -> EngineURL {
        guard let text = table.string("url"), let url = EngineURL(text) else {
            throw table.invalid("url", "expected http://, https:// or unix:/path, without credentials or query")
        }
        return url
    }
}
