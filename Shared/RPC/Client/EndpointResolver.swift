import Foundation
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Turns a target into endpoints.
struct EndpointResolver: Sendable {
    enum ResolveError: Error, Sendable, CustomStringConvertible {
        case unreadable(path: String)
        case badLine(path: String, line: Int, RPCEndpoint.ParseError)
        case unknownHost(String)

        var description: String {
            switch self {
            case .unreadable(let path): "cannot read the endpoints in \(path)"
            case .badLine(let path, let line, let error): "\(path):\(line): \(error)"
            case .unknownHost(let host): "no address for the host \(host)"
            }
        }
    }

    let target: ResolverTarget

    /// How long the answer holds; nil: for ever.
    var refresh: Duration? {
        switch target {
        case .endpoints: nil
        case .file(_, let refresh), .dns(_, _, let refresh): refresh
        }
    }

    func resolve() async throws -> [RPCEndpoint] {
        switch target {
        case .endpoints(let endpoints):
            return endpoints
        case .file(let path, _):
            return try await NIOThreadPool.singleton.runIfActive {
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                    throw ResolveError.unreadable(path: path)
                }
                return try Self.parse(text, path: path)
            }
        case .dns(let host, let port, _):
            return try await NIOThreadPool.singleton.runIfActive {
                try Self.addresses(of: host).map { .tcp(host: $0, port: port) }
            }
        }
    }

    static func parse(_ text: String, path: String) throws -> [RPCEndpoint] {
        var endpoints: [RPCEndpoint] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            do throws(RPCEndpoint.ParseError) {
                endpoints.append(try RPCEndpoint(parsing: line))
            } catch {
                throw ResolveError.badLine(path: path, line: index + 1, error)
            }
        }
        return endpoints
    }

    /// Every numeric address of a host, in the order of the system's resolver.
    private static func addresses(of host: String) throws -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { throw ResolveError.unknownHost(host) }
        defer { freeaddrinfo(list) }
        var result: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            {
                let address = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
                if !result.contains(address) { result.append(address) }
            }
            next = entry.ai_next
        }
        return result
    }
}
