import AsyncHTTPClient
import NIOCore
import Primitives

/// Calls a server over HTTP.
struct RPCClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var type: String
        var body: [UInt8]

        var json: JSON { (try? JSON(parsing: body)) ?? .null }
    }

    let port: Int

    func get(_ target: String) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(target)")
        request.method = .GET
        return try await execute(request)
    }

    func post(_ body: String, path: String = "/", type: String = "application/json") async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .POST
        request.headers.add(name: "content-type", value: type)
        request.body = .bytes(ByteBuffer(string: body))
        return try await execute(request)
    }

    /// The result of a method; throws the error object as text.
    func call(_ method: String, _ parameters: JSON = .null) async throws -> JSON {
        let body: JSON = ["jsonrpc": "2.0", "id": 1, "method": JSON(method), "params": parameters]
        let answer = try await post(body.encodedString()).json
        guard let result = answer["result"] else { throw Failure(error: answer["error"] ?? .null) }
        return result
    }

    /// The error object of a method that fails.
    func error(_ method: String, _ parameters: JSON = .null) async throws -> JSON {
        do {
            _ = try await call(method, parameters)
            return .null
        } catch let failure as Failure {
            return failure.error
        }
    }

    struct Failure: Error { let error: JSON }

    private func execute(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 64 << 20)
        return Answer(
            status: Int(response.status.code), type: response.headers.first(name: "content-type") ?? "",
            body: Array(body.readableBytesView))
    }
}
