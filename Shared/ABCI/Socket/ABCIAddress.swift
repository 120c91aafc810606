/// Where an application listens.
public enum ABCIAddress: Sendable, Hashable {
    /// Port 0 listens on a free port.
    case tcp(host: String, port: Int)
    case unix(path: String)

    public enum ParseError: Error, Sendable, Hashable, CustomStringConvertible {
        case noPort(String)
        case badPort(String)
        case emptyPath

        public var description: String {
            switch self {
            case .noPort(let text): "\"\(text)\" is no address: expected tcp://host:port or unix:///path"
            case .badPort(let text): "\"\(text)\" has no port number from 0 to 65535"
            case .emptyPath: "\"unix:\" needs a path"
            }
        }
    }

    /// Reads `tcp://host:port` and `unix:///path` as CometBFT's `proxy_app` has them, and both without the slashes.
    public init(parsing text: String) throws(ParseError) {
        for prefix in ["unix://", "unix:"] where text.hasPrefix(prefix) {
            let path = String(text.dropFirst(prefix.count))
            guard !path.isEmpty else { throw .emptyPath }
            self = .unix(path: path)
            return
        }
        var rest = text[...]
        for prefix in ["tcp://", "tcp:"] where text.hasPrefix(prefix) {
            rest = text.dropFirst(prefix.count)
            break
        }
        guard let colon = rest.lastIndex(of: ":"), colon != rest.startIndex else { throw .noPort(text) }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard let port = Int(rest[rest.index(after: colon)...]), (0...65535).contains(port) else {
            throw .badPort(text)
        }
        self = .tcp(host: String(host), port: port)
    }
}

extension ABCIAddress: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tcp(let host, let port): "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .unix(let path): "unix://\(path)"
        }
    }
}
