import Foundation
import ServiceKit

/// Loopback TCP ports: whether one is free, who has it, and free ones on request.
enum TestnetPorts {
    static let gatewayHTTPS = 8443
    static let gatewayHTTP = 8081
    static let firstWorker = 7801
    /// Peers connect to it; the RPC is the next.
    static let firstValidator = 26656

    /// Ports the kernel gives out, all different.
    static func free(_ count: Int) throws(ServiceFailure) -> [Int] {
        var sockets: [CInt] = []
        defer { for descriptor in sockets { close(descriptor) } }
        var ports: [Int] = []
        // Held open together, so that no port is given out twice.
        for _ in 0..<count {
            guard let (descriptor, port) = bound(to: 0) else {
                throw ServiceFailure(.unavailable, "no free port on 127.0.0.1: close some programs and try again")
            }
            sockets.append(descriptor)
            ports.append(port)
        }
        return ports
    }

    /// Refuses with a line that says who holds the port and what to do.
    static func requireFree(_ port: Int, for purpose: String, flag: String) throws(ServiceFailure) {
        if let (descriptor, _) = bound(to: port) {
            close(descriptor)
            return
        }
        let reason = errno
        guard reason == EADDRINUSE else {
            throw ServiceFailure(
                .cannotCreate,
                "port \(port) (\(purpose)) cannot be used: \(String(cString: strerror(reason))); "
                    + "choose another with \(flag), or use --ports auto")
        }
        let holder = holder(of: port).map { " by \($0)" } ?? ""
        throw ServiceFailure(
            .cannotCreate,
            "port \(port) (\(purpose)) is in use\(holder): stop that program, choose another port with "
                + "\(flag), or use --ports auto")
    }

    private static func bound(to port: Int) -> (descriptor: CInt, port: Int)? {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var reuse: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) != 0 || listen(descriptor, 1) != 0
                    || getsockname(descriptor, generic, &length) != 0
            }
        }
        if failed {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// `name (process 123)` of the listener, from /proc; nil when it belongs to somebody else.
    private static func holder(of port: Int) -> String? {
        let wanted = ":" + String(format: "%04X", port)
        var inodes: Set<String> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            guard let text = try? String(contentsOfFile: table, encoding: .utf8) else { continue }
            for line in text.split(separator: "\n").dropFirst() {
                // proc(5): local address is field 1, state field 3 (0A: listening), inode field 9.
                let fields = line.split(separator: " ")
                if fields.count > 9, fields[1].hasSuffix(wanted), fields[3] == "0A" {
                    inodes.insert("socket:[\(fields[9])]")
                }
            }
        }
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: "/proc")) ?? [] where Int(name) != nil {
            let folder = "/proc/\(name)/fd"
            for descriptor in (try? files.contentsOfDirectory(atPath: folder)) ?? [] {
                guard let target = try? files.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)"),
                    inodes.contains(target)
                else { continue }
                let command = try? String(contentsOfFile: "/proc/\(name)/comm", encoding: .utf8)
                return "\((command ?? "a program").trimmingCharacters(in: .whitespacesAndNewlines)) (process \(name))"
            }
        }
        return nil
    }
}
