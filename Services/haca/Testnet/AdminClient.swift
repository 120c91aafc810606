import AsyncHTTPClient
import Foundation
import NIOCore
import Primitives
import ServiceKit

/// Asks a process's admin listener.
enum AdminClient {
    /// A status page waits no longer for a process that hangs.
    static let timeout = TimeAmount.seconds(2)
    /// Longest answer that is read.
    static let maximumBytes = 4 << 20

    struct Readiness: Sendable {
        let isReady: Bool
        /// What it waits for.
        let reason: String
        let body: String
    }

    /// Nil when nobody answers.
    static func get(_ path: String, socket: String) async -> (status: Int, body: String)? {
        guard let url = URL(httpURLWithSocketPath: socket, uri: path)?.absoluteString else { return nil }
        return await get(url: url)
    }

    /// Nil when nobody answers.
    static func get(url: String) async -> (status: Int, body: String)? {
        do {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: timeout)
            let body = try await response.body.collect(upTo: maximumBytes)
            return (Int(response.status.code), String(buffer: body))
        } catch {
            return nil
        }
    }

    /// Where a validator stands; nil when it does not answer.
    static func chainPosition(socket: String) async -> ChainPosition? {
        guard access(socket, F_OK) == 0, let (_, body) = await get("/health", socket: socket),
            let json = try? JSON(parsing: Array(body.utf8))
        else { return nil }
        func number(_ name: String) -> Int? { json[name]?.stringValue.flatMap { Int($0) } }
        return ChainPosition(
            height: number("height") ?? 0, round: number("round") ?? 0, peers: number("peers") ?? 0,
            mode: json["mode"]?.stringValue ?? "")
    }

    static func readiness(socket: String) async -> Readiness? {
        // The client would log and retry on a missing socket; a start-up asks many times.
        guard access(socket, F_OK) == 0, let (status, body) = await get("/ready", socket: socket) else { return nil }
        let json = try? JSON(parsing: Array(body.utf8))
        let waiting = json?["dependencies"]?.arrayValue?.first { $0["ready"]?.boolValue == false }
        let detail = [waiting?["name"]?.stringValue, waiting?["reason"]?.stringValue]
            .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        let reason = detail.isEmpty ? json?["reason"]?.stringValue ?? "" : detail
        return Readiness(isReady: status == 200, reason: reason, body: body)
    }
}
