import AsyncHTTPClient
import Foundation
import NIOCore
import NIOSSL
import Primitives
import ServiceKit

/// Talks to a gateway as any OpenAI client would.
struct GatewayConnection: Sendable {
    /// Longest answer that is read whole, bytes.
    private static let maximumBody = 16 << 20

    let base: String
    private let client: HTTPClient

    /// - Parameter pinned: a PEM file with the one certificate to accept for TLS.
    init(base: String, pinned: String?) throws {
        self.base = base
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(300))
        if let pinned {
            var tls = TLSConfiguration.makeClientConfiguration()
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(pinned))
            } catch {
                throw ServiceFailure(.usage, "cannot read a certificate from \(pinned)")
            }
            // The pinned certificate is the identity; names mean nothing for a certificate made at boot.
            tls.certificateVerification = .noHostnameVerification
            configuration.tlsConfiguration = tls
        }
        self.client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func close() async { try? await client.shutdown() }

    /// Names of the models that chat.
    func models() async throws -> [String] {
        let response = try await send(HTTPClientRequest(url: base + "/v1/models"))
        let body = try await response.body.collect(upTo: Self.maximumBody)
        let list = (try? JSON(parsing: Array(body.readableBytesView)))?["data"]?.arrayValue ?? []
        return list.compactMap { $0["id"]?.stringValue }
    }

    /// One message of the conversation.
    struct Message: Sendable {
        let role: String
        let content: String

        var json: JSON {
            ["role": .string(.init(stringLiteral: role)), "content": .string(.init(stringLiteral: content))]
        }
    }

    /// Streams an answer; `piece` gets each text as it arrives.
    ///
    /// - Returns: the whole answer, and the id under which its receipt is found, when the gateway gave one.
    func chat(
        model: String, messages: [Message], maximumTokens: Int?, piece: (String) -> Void
    ) async throws -> (text: String, receipt: String?) {
        var members: [(String, JSON)] = [
            ("model", .string(.init(stringLiteral: model))), ("messages", .array(messages.map(\.json))),
            ("stream", .bool(true)),
        ]
        if let maximumTokens { members.append(("max_tokens", JSON(integerLiteral: maximumTokens))) }
        var body = JSONObject()
        for (name, value) in members { body[name] = value }
        var request = HTTPClientRequest(url: base + "/v1/chat/completions")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "traceparent", value: TraceParent().description)
        request.body = .bytes(ByteBuffer(bytes: JSON.object(body).encoded()))
        let response = try await send(request)
        var events = ServerSentEvents()
        var text = ""
        var receipt: String?
        for try await buffer in response.body {
            for event in events.append(buffer.readableBytesView) {
                guard let chunk = try? JSON(parsing: event) else { continue }
                if let message = chunk["error"]?["message"]?.stringValue {
                    throw ServiceFailure(.temporary, "the gateway ended the answer: \(message)")
                }
                receipt = chunk["tee_request_hash"]?.stringValue ?? receipt
                let delta = chunk["choices"]?.arrayValue?.first?["delta"]?["content"]?.stringValue ?? ""
                guard !delta.isEmpty else { continue }
                text += delta
                piece(delta)
            }
        }
        return (text, receipt)
    }

    private func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: .seconds(600))
        } catch let error where !(error is CancellationError) && !Task.isCancelled {
            throw ServiceFailure(
                .unavailable, "no gateway answers at \(base): start one with haca testnet up, or give --url")
        }
        guard response.status == .ok else {
            let body = try? await response.body.collect(upTo: Self.maximumBody)
            let json = body.flatMap { try? JSON(parsing: Array($0.readableBytesView)) }
            let message = json?["error"]?["message"]?.stringValue ?? "status \(response.status.code)"
            throw ServiceFailure(.unavailable, "the gateway refuses: \(message)")
        }
        return response
    }
}
