import Foundation
import InferenceBackend
import Primitives
import Synchronization
import WireInference

/// A model this worker serves: its backend, its queue, and what is known of its weights.
final class ServedModel: Sendable {
    let id: String
    let backend: any InferenceBackend
    let queue: AdmissionQueue
    private let weightsFile: String?

    private enum Weights {
        /// Nothing to hash: the provider holds them.
        case remote
        case hashing
        case hashed(Bytes32)
        case unreadable(String)
    }

    private let weights: Mutex<Weights>

    /// - Parameters:
    ///   - weights: the file to hash, if this machine has it.
    ///   - changed: called after every change of the load.
    init(
        id: String, backend: any InferenceBackend, weights: String?, slots: Int, queueLimit: Int,
        changed: @escaping @Sendable () -> Void
    ) {
        self.id = id
        self.backend = backend
        weightsFile = weights
        self.weights = Mutex(weights == nil ? .remote : .hashing)
        queue = AdmissionQueue(slots: slots, limit: queueLimit, changed: changed)
    }

    /// Hashes the weights; until then the model is not ready.
    func hashWeights() async {
        guard let weightsFile else { return }
        let outcome: Weights
        do {
            outcome = .hashed(try await WeightsDigest.sha256(ofFile: weightsFile))
        } catch {
            outcome = .unreadable("\(error)")
        }
        weights.withLock { $0 = outcome }
    }

    /// SHA-256 of the weights; empty when a provider holds them.
    var weightsHash: Data {
        if case .hashed(let hash) = weights.withLock({ $0 }) { Data(hash.bytes) } else { Data() }
    }

    /// Whether a request would be served now.
    func health() async -> BackendHealth {
        switch weights.withLock({ $0 }) {
        case .remote, .hashed: await backend.health()
        case .hashing: .notReady("the weights are being hashed")
        case .unreadable(let reason): .notReady(reason)
        }
    }

    /// The model's entry in the worker's status.
    func status() async -> Haca_Inference_V1_ModelStatus {
        let health = await health()
        let description = backend.description
        var status = Haca_Inference_V1_ModelStatus()
        status.id = id
        status.backend = description.kind.rawValue
        status.weightsHash = weightsHash
        status.contextTokens = UInt32(clamping: description.contextTokens)
        status.chat = description.capabilities.contains(.chat)
        status.completion = description.capabilities.contains(.completion)
        status.embeddings = description.capabilities.contains(.embeddings)
        status.tools = description.capabilities.contains(.tools)
        status.logprobs = description.capabilities.contains(.logprobs)
        status.ready = health.isReady
        status.reason = health.reason
        status.source = description.source
        return status
    }
}
