import HTTPTypes
import Hummingbird
import NIOCore
import OpenAIAPI
import Primitives

extension HTTPField.Name {
    static let requestID = HTTPField.Name("x-request-id") ?? .eTag
    static let messageHash = HTTPField.Name("x-haca-message-hash") ?? .eTag
    static let mode = HTTPField.Name("x-haca-mode") ?? .eTag
}

extension Response {
    static func json(
        _ body: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        bytes(body, type: "application/json", status: status, headers: headers)
    }

    static func bytes(
        _ body: [UInt8], type: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// OpenAI's error shape.
    static func failure(_ error: APIError) -> Response {
        var headers: HTTPFields = [:]
        if let seconds = error.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
        return json(error.encoded(), status: .init(code: error.status), headers: headers)
    }

    static func events(_ stream: AnswerStream) -> Response {
        // A proxy that compresses or buffers would break clients that read the stream raw.
        let headers: HTTPFields = [
            .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache, no-transform",
        ]
        return Response(
            status: .ok, headers: headers,
            body: .init { writer in
                try await stream.write { event, _ in try await writer.write(ByteBuffer(bytes: event)) }
                try await writer.finish(nil)
            })
    }
}

extension Request {
    /// The whole body within a limit.
    ///
    /// - Throws: 413, or 400 when the client broke off.
    func bytes(atMost limit: Int) async throws(APIError) -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw .tooLarge(limit) }
        do {
            return Array(buffer: try await body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw .tooLarge(limit)
        } catch let error as HTTPError where error.status == .contentTooLarge {
            throw .tooLarge(limit)
        } catch {
            throw .invalid("The request body broke off.", code: "incomplete_body")
        }
    }

    /// - Throws: 415 for anything but JSON.
    func requireJSON() throws(APIError) {
        let type = headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() } ?? ""
        guard type.trimmingSpaces == "application/json" else {
            throw APIError(
                status: 415, kind: .invalidRequest, message: "Send the body as application/json.",
                code: "unsupported_media_type")
        }
    }
}

extension String {
    fileprivate var trimmingSpaces: Substring {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return text
    }
}

extension APIError {
    static func tooLarge(_ limit: Int) -> APIError {
        APIError(
            status: 413, kind: .invalidRequest, message: "The request body is larger than \(limit) bytes.",
            code: "body_too_large")
    }
}
