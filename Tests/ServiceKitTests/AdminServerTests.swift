import AsyncHTTPClient
import Foundation
import NIOCore
import Primitives
import ServiceKit
import Testing

@Suite("Admin listener")
struct AdminServerTests {
    private func withServer(
        listen: [String] = ["127.0.0.1:0"], _ body: (HealthState, MetricsRegistry, [SocketAddress]) async throws -> Void
    ) async throws {
        let metrics = MetricsRegistry()
        let health = HealthState()
        let server = AdminServer(service: "haca-test", instance: "0", metrics: metrics, health: health)
        let configuration = try ServiceConfiguration(keys: [], environment: [:])
        do {
            let bound = try await server.start(listen: listen, configuration: configuration)
            try await body(health, metrics, bound)
            await server.stop()
        } catch {
            await server.stop()
            throw error
        }
    }

    private func get(_ url: String, method: String = "GET") async throws -> (status: Int, type: String, body: String) {
        var request = HTTPClientRequest(url: url)
        request.method = .init(rawValue: method)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (Int(response.status.code), response.headers.first(name: "content-type") ?? "", String(buffer: body))
    }

    private func base(_ addresses: [SocketAddress]) throws -> String {
        "http://127.0.0.1:\(try #require(addresses.first?.port))"
    }

    @Test func `metrics are served as Prometheus text`() async throws {
        try await withServer { _, metrics, bound in
            metrics.counter("haca_a_total", help: "A.").increment()
            let answer = try await get(try base(bound) + "/metrics")
            #expect(answer.status == 200)
            #expect(answer.type.hasPrefix("text/plain; version=0.0.4"))
            #expect(answer.body.contains("haca_a_total 1\n"))
        }
    }

    @Test func `ready answers 503 with the reason until everything is there`() async throws {
        try await withServer { health, _, bound in
            health.setStarted()
            health.set("engine", ready: false, reason: "loading \"weights\"")
            let waiting = try await get(try base(bound) + "/ready")
            #expect(waiting.status == 503)
            let json = try JSON(parsing: Array(waiting.body.utf8))
            #expect(json["status"]?.stringValue == "not ready")
            let dependency = try #require(json["dependencies"]?.arrayValue?.first)
            #expect(dependency["name"]?.stringValue == "engine")
            #expect(dependency["reason"]?.stringValue == "loading \"weights\"")
            health.set("engine", ready: true)
            let ready = try await get(try base(bound) + "/ready")
            #expect(ready.status == 200)
        }
    }

    @Test func `health shows the details that a service sets`() async throws {
        try await withServer { health, _, bound in
            health.setDetail("mode", "open")
            let answer = try await get(try base(bound) + "/health?x=1")
            let json = try JSON(parsing: Array(answer.body.utf8))
            #expect(answer.status == 200)
            #expect(json["mode"]?.stringValue == "open")
            #expect(json["service"]?.stringValue == "haca-test")
        }
    }

    @Test func `other paths and methods are refused`() async throws {
        try await withServer { _, _, bound in
            let unknown = try await get(try base(bound) + "/etc/passwd")
            #expect(unknown.status == 404)
            let method = try await get(try base(bound) + "/metrics", method: "DELETE")
            #expect(method.status == 405)
        }
    }

    @Test func `a Unix socket is for its owner and gone after the stop`() async throws {
        let path = "/tmp/haca-admin-\(UUID().uuidString.prefix(8)).sock"
        try await withServer(listen: ["unix:\(path)"]) { _, _, _ in
            let url = try #require(URL(httpURLWithSocketPath: path, uri: "/health")).absoluteString
            let answer = try await get(url)
            #expect(answer.status == 200)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode.map { $0 & 0o007 } == 0)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test(arguments: ["0.0.0.0:0", "192.0.2.1:80", "nowhere", "127.0.0.1:99999", "unix:"])
    func `addresses beyond this machine, and texts that are none, are configuration errors`(text: String) async throws {
        await #expect(throws: ConfigurationError.self) {
            try await withServer(listen: [text]) { _, _, _ in }
        }
    }

    @Test func `a port in use is named in one line`() async throws {
        try await withServer { _, _, bound in
            let port = try #require(bound.first?.port)
            let failure = await #expect(throws: ServiceFailure.self) {
                try await withServer(listen: ["127.0.0.1:\(port)"]) { _, _, _ in }
            }
            #expect(failure?.status == .cannotCreate)
            #expect(failure?.message.contains("\(port)") == true)
        }
    }
}
