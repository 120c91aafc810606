import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Primitives

/// Where an engine listens: `http://`, `https://`, or `unix:/path/to.sock`, each with an optional path prefix.
public struct EngineURL: Sendable, Hashable {
    /// The address to put before a path, without a final slash.
    let prefix: String
    /// For logs: never holds credentials.
    public let display: String

    /// - Returns: Nil for any other scheme, credentials in the address, a query, or a missing host.
    public init?(_ text: String) {
        if text.hasPrefix("unix:/") {
            self.init(socketPath: String(text.dropFirst("unix:".count)))
            return
        }
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false, parts.user == nil, parts.password == nil, parts.query == nil,
            parts.fragment == nil
        else { return nil }
        var trimmed = text
        while trimmed.hasSuffix("/") { trimmed.removeLast() }
        // Providers document their base address with the version, engines without it; both are understood.
        if trimmed.hasSuffix("/v1") { trimmed.removeLast("/v1".count) }
        self.init(prefix: trimmed, display: trimmed)
    }

    var isEncrypted: Bool { prefix.hasPrefix("https:") }

    /// An engine on a Unix socket.
    public init?(socketPath: String) {
        let unreserved = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-._~"))
        guard socketPath.hasPrefix("/"), let host = socketPath.addingPercentEncoding(withAllowedCharacters: unreserved)
        else { return nil }
        self.init(prefix: "http+unix://\(host)", display: "unix:\(socketPath)")
    }

    private init(prefix: String, display: String) {
        self.prefix = prefix
        self.display = display
    }
}

/// HTTP to one engine or provider: a bounded connection pool, no redirects, no retries, no decompression, and errors that
/// repeat nothing of what was sent or answered.
struct HTTPTransport: Sendable {
    /// Largest answer that is read whole.
    static let maximumAnswerBytes = 64 << 20
    /// Largest error answer that is looked at.
    static let maximumErrorBytes = 64 << 10
    static let connectTimeout = TimeAmount.seconds(5)
    /// Shorter than llama.cpp's own limit for idle connections (5 s), so that no request meets a closing one.
    static let plainIdleTimeout = TimeAmount.seconds(3)

    /// The worker bounds each request with its own deadline; this only bounds a forgotten one.
    static let longestExchange = TimeAmount.hours(24)

    let url: EngineURL
    private let client: HTTPClient

    init(url: EngineURL, connections: Int) {
        self.url = url
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.timeout = .init(connect: Self.connectTimeout, read: nil)
        configuration.connectionPool = .init(
            idleTimeout: url.isEncrypted ? .seconds(60) : Self.plainIdleTimeout,
            concurrentHTTP1ConnectionsPerHostSoftLimit: max(1, connections))
        // A dead engine is reported at once; whoever supervises it knows when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutdown() async {
        // A second shutdown throws; there is nothing to do about it.
        try? await client.shutdown()
    }

    /// Sends a JSON request and hands over the body of a 200 answer as it arrives.
    ///
    /// - Parameters:
    ///   - failure: turns any other answer's status and bounded body into an error.
    func post<Result>(
        _ path: String, body: JSON, headers: [(String, String)] = [],
        failure: (HTTPFailure) -> BackendError, read: (HTTPClientResponse.Body) async throws -> Result
    ) async throws -> Result {
        var request = HTTPClientRequest(url: url.prefix + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(body.encoded())
        return try await execute(request, failure: failure, read: read)
    }

    /// The status of a GET, or nil if nothing answers within `timeout`.
    func probe(_ path: String, timeout: TimeAmount) async -> HTTPResponseStatus? {
        guard let response = try? await client.execute(HTTPClientRequest(url: url.prefix + path), timeout: timeout)
        else { return nil }
        _ = try? await response.body.collect(upTo: Self.maximumErrorBytes)
        return response.status
    }

    private func execute<Result>(
        _ request: HTTPClientRequest, failure: (HTTPFailure) -> BackendError,
        read: (HTTPClientResponse.Body) async throws -> Result
    ) async throws -> Result {
        do {
            let response = try await head(of: request)
            guard response.status == .ok else {
                let body = try? await response.body.collect(upTo: Self.maximumErrorBytes)
                try Task.checkCancellation()
                throw failure(HTTPFailure(response, body: body.map { Array($0.readableBytesView) } ?? []))
            }
            return try await read(response.body)
        } catch let error as ReceiverError {
            throw error.underlying
        } catch let error as BackendError {
            throw error
        } catch is NIOTooManyBytesError {
            throw BackendError.malformedAnswer("longer than \(Self.maximumAnswerBytes) bytes")
        } catch {
            try Task.checkCancellation()
            if error is CancellationError || error as? HTTPClientError == .cancelled { throw CancellationError() }
            throw BackendError.unavailable("the connection to \(url.display) failed: \(Self.reason(error))")
        }
    }

    /// A kept connection may have been closed just as it was used: before any answer, one new try is safe.
    private func head(of request: HTTPClientRequest) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, timeout: Self.longestExchange)
        } catch  where Self.meansClosed(error) {
            return try await client.execute(request, timeout: Self.longestExchange)
        }
    }

    private static func meansClosed(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as ChannelError: error == .ioOnClosedChannel || error == .eof || error == .inputClosed
        case let error as IOError: error.errnoCode == EPIPE || error.errnoCode == ECONNRESET
        default: false
        }
    }

    /// What happened to a connection, in words that cannot hold what it carried.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: "errno \(error.errnoCode)"
        case let error as ChannelError: "\(error)"
        case is HTTPParserError: "the answer broke off or is not HTTP"
        default: "\(type(of: error))"
        }
    }
}

/// An error of whoever receives the events, on its way past the connection's own errors.
struct ReceiverError: Error {
    let underlying: any Error

    /// Runs `body` and marks what it throws.
    static func marking(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            throw ReceiverError(underlying: error)
        }
    }
}

/// An answer other than 200, cut down to what may be repeated.
package struct HTTPFailure: Sendable {
    let status: Int
    /// `error.type` or `error.code`, if it looks like an identifier and not like prose.
    let code: String
    /// Token counts that llama.cpp adds to its context error.
    let promptTokens: Int
    let contextTokens: Int

    package init(status: Int, body: [UInt8]) {
        self.status = status
        let error = (try? JSON(parsing: body))?["error"]
        let candidates = [error?["code"]?.stringValue, error?["type"]?.stringValue]
        code = candidates.compactMap { $0 }.first { Self.isIdentifier($0) } ?? ""
        promptTokens = error?["n_prompt_tokens"]?.intValue ?? 0
        contextTokens = error?["n_ctx"]?.intValue ?? 0
    }

    fileprivate init(_ response: HTTPClientResponse, body: [UInt8]) {
        self.init(status: Int(response.status.code), body: body)
    }

    /// Lower-case words joined by underscores, as all providers write their codes. A key or a user's text is no such thing.
    private static func isIdentifier(_ text: String) -> Bool {
        (1...48).contains(text.utf8.count)
            && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }
    }

    /// "status 429 (rate_limit_exceeded)".
    var summary: String { code.isEmpty ? "status \(status)" : "status \(status) (\(code))" }

    /// What the failure means to the caller.
    ///
    /// - Parameter keyName: the key that was sent, if any.
    package func backendError(keyName: String?) -> BackendError {
        switch (status, code) {
        case (_, "exceed_context_size_error"), (_, "context_length_exceeded"):
            .contextExceeded(promptTokens: promptTokens, contextTokens: contextTokens)
        case (401, _), (403, _): .keyRefused(keyName ?? "access without a key")
        case (404, _): .modelNotFound
        case (408, _), (504, _): .unavailable("the engine timed out: \(summary)")
        case (429, _), (529, _): .overloaded("the engine is at its limit: \(summary)")
        case (400..<500, _):
            .invalidRequest(field: "body", problem: "the engine refused the request: \(summary)")
        default: .unavailable("the engine failed: \(summary)")
        }
    }
}
