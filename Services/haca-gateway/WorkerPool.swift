import Logging
import OpenAIAPI
import Primitives
import RPC
import ServiceKit
import WireInference

/// The workers, and which of them serves a model now.
final class WorkerPool: Sendable {
    /// A model name resolved to what really runs.
    struct Match: Sendable {
        let link: WorkerLink
        let model: Haca_Inference_V1_ModelStatus
    }

    let links: [WorkerLink]
    let keys = ProviderKeyVault()
    /// Public name, lower case → worker's model id.
    private let map: [String: String]
    private let health: HealthState

    init(_ configuration: ServiceConfiguration, identity: GatewayIdentity, health: HealthState, logger: Logger) throws {
        let network = try configuration.string("network.id")
        let configured = configuration.has("gateway.workers") ? try configuration.strings("gateway.workers") : []
        guard !configured.isEmpty else {
            throw configuration.invalid("gateway.workers", "name at least one worker: [\"127.0.0.1:7801\"]")
        }
        links = try configured.map { text in
            guard let endpoint = try? RPCEndpoint(parsing: text) else {
                throw configuration.invalid("gateway.workers", "\(text) is neither host:port nor unix:/path")
            }
            return WorkerLink(endpoint: endpoint, network: network, identity: identity, logger: logger)
        }
        let table = configuration.has("gateway.model_map") ? try configuration.table("gateway.model_map") : [:]
        map = Dictionary(table.map { (Self.folded($0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
        self.health = health
        health.set("workers", ready: false, reason: "no worker has answered yet")
    }

    /// Follows all workers until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for link in links {
                group.addTask { await link.watch(keys: self.keys) { self.report() } }
            }
        }
    }

    func shutdown() async { for link in links { await link.shutdown() } }

    /// Names are matched lower-cased and trimmed (compatibility spec 7).
    static func folded(_ name: String) -> String {
        var text = Substring(name)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text.lowercased()
    }

    /// Tries of a call that its worker lost before it had answered anything.
    static let attempts = 3

    /// Runs `body` with the least loaded worker that serves `name`. While nothing has come of it, a worker that is full is
    /// passed over for another with the same model, and a worker that was lost is followed by a second and third try.
    ///
    /// - Throws: as `match` does, 429 when all that serve the model are full, and what `body` throws.
    func withWorker<Result>(
        for name: String, needing capability: KeyPath<Haca_Inference_V1_ModelStatus, Bool> & Sendable,
        named feature: String, _ body: (Match) async throws -> Result
    ) async throws -> Result {
        var full: [WorkerLink] = []
        var losses = 0
        while true {
            let match = try self.match(name, needing: capability, named: feature, passingOver: full)
            do {
                return try await body(match)
            } catch let error as RPCError where error.code == .resourceExhausted {
                // At most once for each worker.
                full.append(match.link)
            } catch let error as RPCError where error.code == .unavailable && losses + 1 < Self.attempts {
                if Task.isCancelled { throw error }
                try await Task.sleep(for: .milliseconds(20 << losses))
                losses += 1
            }
        }
    }

    /// The least loaded worker that serves `name` for a request that needs `capability`.
    ///
    /// - Parameter full: workers that refused the request because their queues are full.
    /// - Throws: 404 for a model nobody has, 503 when those that have it are not ready, 429 when those that are ready are full.
    private func match(
        _ name: String, needing capability: KeyPath<Haca_Inference_V1_ModelStatus, Bool> & Sendable,
        named feature: String, passingOver full: [WorkerLink]
    ) throws(APIError) -> Match {
        var unready: String?
        var lacking = false
        for id in candidates(name) {
            var best: Match?
            var isFull = false
            for link in links {
                guard let model = link.status?.models.first(where: { Self.folded($0.id) == id }) else { continue }
                guard model[keyPath: capability] else {
                    lacking = true
                    continue
                }
                guard model.ready else {
                    unready = model.reason
                    continue
                }
                if full.contains(where: { $0 === link }) {
                    isFull = true
                } else if best.map({ link.load < $0.link.load }) ?? true {
                    best = Match(link: link, model: model)
                }
            }
            if let best { return best }
            // What a name means does not depend on the load, so no other candidate is looked at.
            if isFull { throw .queueFull }
        }
        if let unready {
            throw .unavailable("The model is not ready: \(unready).", code: "model_not_ready")
        }
        if lacking {
            throw .invalid("The model does not offer \(feature).", parameter: "model", code: "unsupported_model")
        }
        if links.allSatisfy({ $0.status == nil }) {
            throw .unavailable("No worker can be reached now.", code: "no_worker")
        }
        throw .unknownModel(name)
    }

    /// The entry of any name that a request may use, such as `provider/name`, whether or not it is ready.
    func model(named name: String, created: Int) -> ModelEntry? {
        let models = links.compactMap(\.status).flatMap(\.models)
        for id in candidates(name) {
            let found = models.filter { Self.folded($0.id) == id }
            if let model = found.first(where: \.ready) ?? found.first {
                return ModelEntry(Self.folded(model.id) == Self.folded(name) ? model.id : name, model, created: created)
            }
        }
        return nil
    }

    /// Every name a client may ask for, ready or not, in order.
    func models(created: Int) -> [ModelEntry] {
        var entries: [String: ModelEntry] = [:]
        for model in links.compactMap(\.status).flatMap(\.models) {
            let names = [model.id] + map.filter { Self.folded($0.value) == Self.folded(model.id) }.map(\.key)
            for name in names where entries[name]?.isReady != true {
                entries[name] = ModelEntry(name, model, created: created)
            }
        }
        return entries.values.sorted { $0.id < $1.id }
    }

    /// The name itself, what it is mapped to, and the part after a provider's prefix.
    private func candidates(_ name: String) -> [String] {
        let folded = Self.folded(name)
        var names = [folded]
        if let slash = folded.firstIndex(of: "/") { names.append(String(folded[folded.index(after: slash)...])) }
        return names.flatMap { name in [map[name].map(Self.folded), name].compactMap { $0 } }
    }

    private func report() {
        let statuses = links.compactMap(\.status)
        let ready = statuses.contains { $0.models.contains(where: \.ready) }
        var reason = ""
        if statuses.isEmpty {
            reason = "no worker can be reached"
        } else if !ready {
            reason = statuses.flatMap(\.models).map { "\($0.id): \($0.reason)" }.joined(separator: "; ")
        }
        health.set("workers", ready: ready, reason: reason)
        health.setDetail("needs_keys", statuses.contains(where: \.needsKeys) ? "yes" : "no")
    }
}

extension ModelEntry {
    init(_ name: String, _ model: Haca_Inference_V1_ModelStatus, created: Int) {
        let capabilities = [
            (model.chat, "chat"), (model.completion, "completion"), (model.embeddings, "embeddings"),
            (model.tools, "tools"), (model.logprobs, "logprobs"),
        ]
        self.init(
            id: name, created: created, model: model.id, weightsHash: Hex.encode(model.weightsHash),
            backend: model.backend, source: model.source, contextTokens: model.contextTokens,
            capabilities: capabilities.filter(\.0).map(\.1), isReady: model.ready)
    }
}
