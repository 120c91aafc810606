/// Where to listen or connect.
public enum RPCEndpoint: Sendable, Hashable {
    /// Port 0 listens on a free port.
    case tcp(host: String, port: Int)
    case unix(path: String)
    /// A stream socket that is already connected, as one end of a socket pair. The connection takes the descriptor over.
    case connected(fileDescriptor: CInt)

    public enum ParseError: Error, Sendable, Hashable, CustomStringConvertible {
        case noPort(String)
        case badPort(String)
        case emptyPath

        public var description: String {
            switch self {
            case .noPort(let text): "\"\(text)\" is no endpoint: expected host:port or unix:/path"
            case .badPort(let text): "\"\(text)\" has no port number from 0 to 65535"
            case .emptyPath: "\"unix:\" needs a path"
            }
        }
    }

    /// Reads `host:port`, `[v6]:port` or `unix:/path`.
    public init(parsing text: String) throws(ParseError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty else { throw .emptyPath }
            self = .unix(path: path)
            return
        }
        guard let colon = text.lastIndex(of: ":"), colon != text.startIndex else { throw .noPort(text) }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port) else {
            throw .badPort(text)
        }
        self = .tcp(host: host, port: port)
    }
}

extension RPCEndpoint: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .connected(let descriptor): "descriptor:\(descriptor)"
        }
    }
}
