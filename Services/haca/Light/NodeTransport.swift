import AsyncHTTPClient
import Foundation
import LightClient
import NIOCore
import ServiceKit

/// JSON-RPC over HTTP to one node.
struct NodeTransport: CometRPCTransport {
    /// How long a node may take for one answer.
    private static let timeout = TimeAmount.seconds(15)

    let url: String
    private let client: HTTPClient

    init(url: String, client: HTTPClient) throws {
        guard let parsed = URL(string: url), parsed.scheme == "http" || parsed.scheme == "https", parsed.host != nil
        else { throw ServiceFailure(.usage, "\(Terminal.plain(url)) is no http or https URL of a node") }
        self.url = url
        self.client = client
    }

    func post(_ body: [UInt8]) async throws(LightBlockProviderError) -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(bytes: body))
        do {
            let response = try await client.execute(request, timeout: Self.timeout)
            let answer = try await response.body.collect(upTo: CometRPCProvider.maximumAnswerBytes)
            return Array(answer.readableBytesView)
        } catch is NIOTooManyBytesError {
            throw .malformed("the answer is too large")
        } catch {
            throw .noResponse("\(error)")
        }
    }
}
