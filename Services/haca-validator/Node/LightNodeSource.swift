import AsyncHTTPClient
import ConsensusEngine
import ConsensusTypes
import Foundation
import LightClient
import Logging
import NIOCore
import Primitives
import ServiceKit

/// Light blocks for state sync: a light client that follows configured nodes from one trusted block.
actor LightNodeSource: LightBlockSource {
    private let client: LightClient
    private let nodes: [NodeTransport]
    private let trusted: (height: Int64, hash: Bytes32)
    private let logger: Logger
    private var isTrusted = false

    /// Nil when state sync is off.
    ///
    /// - Throws: `ConfigurationError` naming what is missing.
    init?(_ configuration: ServiceConfiguration, chainID: String, logger: Logger) throws {
        guard try configuration.bool("statesync.enable") else { return nil }
        let urls = try configuration.strings("statesync.rpc_servers")
        guard urls.count >= 2 else {
            throw configuration.invalid(
                "statesync.rpc_servers", "name at least two nodes: one to follow, one to compare")
        }
        let nodes = try urls.map { text in
            guard let node = NodeTransport(url: text) else {
                throw configuration.invalid("statesync.rpc_servers", "\"\(text)\" is no http or https URL")
            }
            return node
        }
        guard let hash = Bytes32(hex: try configuration.string("statesync.trust_hash")) else {
            throw configuration.invalid("statesync.trust_hash", "expected 64 hex digits")
        }
        let height = Int64(try configuration.int("statesync.trust_height"))
        let providers = nodes.map { CometRPCProvider(name: $0.url, transport: $0) }
        self.nodes = nodes
        self.logger = logger
        trusted = (height, hash)
        client = LightClient(
            chainID: chainID,
            policy: LightVerificationPolicy(trustingPeriod: try configuration.duration("statesync.trust_period")),
            primary: providers[0], witnesses: Array(providers.dropFirst()), store: MemoryTrustedStore(),
            clock: LightClientClock(now: { SystemClock.wall }, wait: { try? await Task.sleep(for: $0) }))
    }

    func lightBlock(at height: Int64) async -> LightBlock? {
        do {
            if !isTrusted {
                _ = try await client.trust(height: trusted.height, hash: trusted.hash)
                isTrusted = true
            }
            return try await client.verify(height: height)
        } catch {
            logger.warning(
                "no verified light block", metadata: ["height": "\(height)", "reason": "\(error)"])
            return nil
        }
    }

    /// Asks one node after the other; the header's hash of parameters tells whether the answer is right.
    func parameters(at height: Int64) async -> ConsensusParameters? {
        let request: JSON = [
            "jsonrpc": "2.0", "id": 1, "method": "consensus_params", "params": ["height": CometJSON.string(height)],
        ]
        for node in nodes {
            guard let answer = try? await node.post(request.encoded()), let document = try? JSON(parsing: answer),
                let json = document["result"]?["consensus_params"],
                let parameters = try? ConsensusParameters(cometJSON: json)
            else { continue }
            return parameters
        }
        return nil
    }
}

/// JSON-RPC over HTTP to one node.
struct NodeTransport: CometRPCTransport {
    /// How long a node may take for one answer.
    private static let timeout = TimeAmount.seconds(15)

    let url: String

    /// Nil unless it is an http or https URL.
    init?(url: String) {
        guard let parsed = URL(string: url), ["http", "https"].contains(parsed.scheme), parsed.host != nil else {
            return nil
        }
        self.url = url
    }

    func post(_ body: [UInt8]) async throws(LightBlockProviderError) -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
            let answer = try await response.body.collect(upTo: CometRPCProvider.maximumAnswerBytes)
            return Array(answer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw .malformed("the answer is too large")
        } catch {
            throw .noResponse("\(error)")
        }
    }
}
