import NIOHTTP1
import Primitives

/// Turns requests into answers, whatever they came on.
struct RPCResponder: Sendable {
    /// An answer over HTTP.
    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var type = "application/json"
        var body: [UInt8]
    }

    let context: MethodContext
    let table: MethodTable

    var configuration: CometBFTRPCConfiguration { context.configuration }

    /// Answers a request over HTTP.
    ///
    /// - Parameter type: the body's content type.
    func answer(_ method: HTTPMethod, uri: String, host: String, body: [UInt8], type: String) async -> Answer {
        let (path, query) = Self.split(uri)
        switch (method, path) {
        case (.GET, "/"), (.HEAD, "/"): return listing(host: host)
        case (.POST, "/"): return body.isEmpty ? listing(host: host) : await answer(post: body)
        case (.GET, _), (.HEAD, _): return await answer(path: path, query: query, form: "")
        case (.POST, _):
            // Clients send the arguments as a form too.
            let isForm = type.lowercased().hasPrefix("application/x-www-form-urlencoded")
            let form = isForm ? String(decoding: body, as: UTF8.self) : ""
            return await answer(path: path, query: query, form: form[...])
        default: return Answer(status: .methodNotAllowed, type: "text/plain", body: Array("only GET and POST\n".utf8))
        }
    }

    // MARK: - JSON-RPC

    private func answer(post body: [UInt8]) async -> Answer {
        let batch: MethodCall.Batch
        do {
            batch = try MethodCall.batch(parsing: body)
        } catch {
            return Answer(status: .internalServerError, body: MethodCall.answer(id: nil, error: error))
        }
        guard batch.calls.count <= configuration.maximumBatch else {
            let error = MethodError.invalidRequest(
                "a batch has at most \(configuration.maximumBatch) requests, got \(batch.calls.count)")
            return Answer(status: .internalServerError, body: MethodCall.answer(id: nil, error: error))
        }
        var answers: [[UInt8]] = []
        for call in batch.calls {
            if let answer = await answer(to: call) { answers.append(answer) }
        }
        // One answer stands alone, even of a batch, as in the reference; notifications have none.
        guard answers.count > 1 else { return Answer(status: .ok, body: answers.first ?? []) }
        return Answer(status: .ok, body: [UInt8(ascii: "[")] + answers.joined(separator: [0x2C]) + [UInt8(ascii: "]")])
    }

    /// Nil for a notification.
    func answer(to call: Result<MethodCall, MethodCall.MethodRefusal>) async -> [UInt8]? {
        switch call {
        case .failure(let refusal): return MethodCall.answer(id: refusal.id, error: refusal.error)
        case .success(let call):
            guard let id = call.id else { return nil }
            switch await table.run(call.name, call.arguments, in: context) {
            case .success(let result): return MethodCall.answer(id: id, result: result)
            case .failure(let error): return MethodCall.answer(id: id, error: error)
            }
        }
    }

    // MARK: - URI

    /// - Parameter form: arguments that the query does not have.
    private func answer(path: String, query: Substring, form: Substring) async -> Answer {
        let name = String(path.dropFirst())
        guard table[name] != nil else {
            return Answer(status: .notFound, type: "text/plain", body: Array("404 page not found\n".utf8))
        }
        guard let texts = Self.arguments(query), let others = Self.arguments(form) else {
            let error = MethodError.invalidParameters("error converting http params to arguments: malformed query")
            return Answer(status: .internalServerError, body: MethodCall.answer(id: -1, error: error))
        }
        let all = texts.merging(others) { inQuery, inForm in inQuery.isEmpty ? inForm : inQuery }
        switch await table.run(name, MethodArguments(.uri(all)), in: context) {
        case .success(let result): return Answer(status: .ok, body: MethodCall.answer(id: -1, result: result))
        case .failure(let error):
            return Answer(status: .internalServerError, body: MethodCall.answer(id: -1, error: error))
        }
    }

    private static func split(_ uri: String) -> (path: String, query: Substring) {
        var target = uri[...]
        // The absolute form, which proxies use.
        if let scheme = target.range(of: "://"), let slash = target[scheme.upperBound...].firstIndex(of: "/") {
            target = target[slash...]
        }
        guard let mark = target.firstIndex(of: "?") else { return (String(target), "") }
        return (String(target[..<mark]), target[target.index(after: mark)...])
    }

    /// Arguments in a URI; more are not read.
    private static let maximumArguments = 32

    /// The last of repeated names wins; nil for escapes that are none.
    private static func arguments(_ query: Substring) -> [String: String]? {
        var texts: [String: String] = [:]
        for pair in query.split(separator: "&").prefix(maximumArguments) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = unescaped(parts[0]), let value = parts.count == 2 ? unescaped(parts[1]) : "" else {
                return nil
            }
            texts[name] = value
        }
        return texts
    }

    /// Percent escapes and plus signs of a form.
    private static func unescaped(_ text: Substring) -> String? {
        var output: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "+"): output.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = bytes.next(), let low = bytes.next(),
                    let decoded = try? Hex.decode(String(decoding: [high, low], as: UTF8.self)), decoded.count == 1
                else { return nil }
                output += decoded
            default: output.append(byte)
            }
        }
        return String(validating: output, as: UTF8.self)
    }

    // MARK: - Listing

    /// A page that names the methods, those with arguments with places to fill in.
    private func listing(host: String) -> Answer {
        let safeHost = host.filter { $0.isASCII && ($0.isLetter || $0.isNumber || ".:-[]".contains($0)) }
        func link(_ method: Method) -> String {
            let arguments = method.parameters.map { "\($0)=_" }.joined(separator: "&amp;")
            let address = "//\(safeHost)/\(method.name)" + (arguments.isEmpty ? "" : "?\(arguments)")
            return "<a href=\"\(address)\">\(address)</a></br>"
        }
        let sorted = table.methods.sorted { $0.name < $1.name }
        let plain = sorted.filter(\.parameters.isEmpty).map(link).joined()
        let others = sorted.filter { !$0.parameters.isEmpty }.map(link).joined()
        let page =
            "<html><body><br>Available endpoints:<br>\(plain)<br>Endpoints that require arguments:<br>\(others)"
            + "</body></html>"
        return Answer(status: .ok, type: "text/html", body: Array(page.utf8))
    }
}

extension Substring {
    /// The first occurrence of a text.
    fileprivate func range(of text: String) -> Range<Index>? {
        var position = startIndex
        while position < endIndex {
            if self[position...].hasPrefix(text) { return position..<index(position, offsetBy: text.count) }
            position = index(after: position)
        }
        return nil
    }
}
