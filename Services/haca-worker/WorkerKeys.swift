import InferenceBackend
import ServiceKit

/// What can be configured of a worker.
enum WorkerKeys {
    static let all: [ConfigurationKey] = [
        .string("worker.listen", default: "127.0.0.1:7801", help: "RPC listener: host:port or unix:/path"),
        .tables("worker.models", of: model, required: true, help: "the models this worker serves"),
        .string("worker.engine.command", default: "python3", help: "the local engine's program or interpreter"),
        .string("worker.engine.script", help: "the local engine's script, if the program needs one"),
        .integer("worker.engine.threads", default: 2, in: 1...1024, help: "threads of each local engine"),
        .string("worker.engine.runtime", help: "folder for the engines' private sockets; default the temporary folder"),
        .integer("worker.slots", default: 4, in: 1...1024, help: "requests a local model decodes together"),
        .integer(
            "worker.queue_limit", default: 256, in: 0...65_536,
            help: "requests that may wait for a slot of one model; more are refused"),
        .duration(
            "worker.request_timeout", default: .seconds(300), help: "longest time for one request, waiting included"),
        .choice(
            "worker.attestation", of: ["required", "off"], default: "required",
            help: "off: run outside an enclave and accept any caller of this network; for development"),
        .string("attestation.root", help: "PEM or DER file: the root that peers' attestation documents must lead to"),
        .string("attestation.approved", help: "JSON file: the measurements peers may have, by role"),
    ]

    private static let model: [ConfigurationKey] = [
        .string("id", required: true, help: "the model's name on this worker"),
        .choice("backend", of: ["local", "openai", "anthropic"], default: "local", help: "what runs the model"),
        .string("weights", help: "local: the GGUF file"),
        .string("url", help: "openai, anthropic: http://, https:// or unix:/path of the server"),
        .string("provider_model", help: "the provider's name of the model; default the id"),
        .string("key", help: "the provider key to send, by its name, such as openai_api_key; default none for openai"),
        .integer("context", in: 0...16_777_216, help: "tokens of context; default 2048 for local"),
        .integer("slots", in: 1...4096, help: "requests that run together; default worker.slots for local, else 256"),
        .choice(
            "tools", of: OpenAIDialect.ToolMode.allCases.map(\.rawValue),
            help: "openai: native, or constrained by a schema, or none"),
        .string("max_tokens_field", help: "openai: max_tokens (default) or max_completion_tokens"),
        .boolean("temperature", help: "openai: false for models that take no temperature"),
        .boolean("images", help: "openai: false for models that read text only"),
        .integer("max_tokens", in: 1...10_000_000, help: "anthropic: limit of an answer when the request has none"),
    ]
}
