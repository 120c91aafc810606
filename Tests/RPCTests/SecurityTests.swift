import Foundation
import RPC
import Synchronization
import Testing
import WireOperations

@Suite("Transport security")
struct SecurityTests {
    static func authorization() -> PeerAuthorization {
        var rules = PeerAuthorization.Rules()
        rules.allow(.roles(["gateway"]), "/test.Probe/*")
        rules.allow(.roles(["operator"]), Probe.repeatable.descriptor.path)
        return PeerAuthorization(rules: rules)
    }

    @Test
    func `peers of one authority see each other's role and names`() async throws {
        let authority = try TestAuthority()
        let probe = Probe(onUnary: { request, context in
            #expect(context.peer.role == "gateway")
            #expect(context.peer.names == ["gateway.internal"])
            #expect(context.peer.leafCertificate != nil)
            return request
        })
        let seen = Mutex<PeerIdentity?>(nil)
        try await Fixture.run(
            services: [probe, EchoHandlers()], serverSecurity: authority.security(role: "worker"),
            clientSecurity: authority.security(role: "gateway"),
            client: { $0.onConnect = { _, peer in seen.withLock { $0 = peer } } }
        ) { fixture in
            _ = try await fixture.client.call(Probe.unary, .init())
            #expect(seen.withLock { $0?.role } == "worker")
            #expect(try await fixture.echo.unary(.payload(1 << 20)).payload.count == 1 << 20)
        }
    }

    @Test
    func `the role decides what may be called`() async throws {
        let authority = try TestAuthority()
        try await Fixture.run(
            services: [Probe(), EchoHandlers()], interceptors: [Self.authorization()],
            serverSecurity: authority.security(role: "worker"), clientSecurity: authority.security(role: "gateway")
        ) { fixture in
            _ = try await fixture.client.call(Probe.unary, .init())
            let exact = await status { _ = try await fixture.client.call(Probe.repeatable, .init()) }
            #expect(exact?.code == .permissionDenied)
            #expect(await status { _ = try await fixture.echo.unary(.init()) }?.code == .permissionDenied)
        }
        // A certificate of the same authority for another network has no role here.
        try await Fixture.run(
            services: [Probe()], interceptors: [Self.authorization()],
            serverSecurity: authority.security(role: "worker"),
            clientSecurity: authority.security(role: "gateway", network: "elsewhere")
        ) { fixture in
            let error = await status { _ = try await fixture.client.call(Probe.unary, .init()) }
            #expect(error?.code == .unauthenticated)
        }
    }

    @Test
    func `a certificate of another authority is turned away, on either side`() async throws {
        let (ours, theirs) = (try TestAuthority(), try TestAuthority())
        try await Fixture.run(
            serverSecurity: ours.security(role: "worker"), clientSecurity: theirs.security(role: "gateway")
        ) { fixture in
            #expect(await status { _ = try await fixture.echo.unary(.init()) }?.code == .unavailable)
        }
        try await Fixture.run(
            serverSecurity: ours.security(role: "worker"), clientSecurity: TestAuthority.selfSigned().security
        ) { fixture in
            #expect(await status { _ = try await fixture.echo.unary(.init()) }?.code == .unavailable)
        }
        try await Fixture.run(serverSecurity: ours.security(role: "worker")) { fixture in
            #expect(await status { _ = try await fixture.echo.unary(.init()) }?.code == .unavailable)
        }
    }

    @Test
    func `self-signed peers learn each other's leaf`() async throws {
        let (serverSide, clientSide) = (try TestAuthority.selfSigned(), try TestAuthority.selfSigned())
        let probe = Probe(onUnary: { request, context in
            #expect(context.peer.leafCertificate == clientSide.leaf)
            #expect(context.peer.role == nil)
            return request
        })
        let seen = Mutex<[UInt8]?>(nil)
        try await Fixture.run(
            services: [probe], serverSecurity: serverSide.security, clientSecurity: clientSide.security,
            client: { $0.onConnect = { _, peer in seen.withLock { $0 = peer.leafCertificate } } }
        ) { fixture in
            _ = try await fixture.client.call(Probe.unary, .init())
            #expect(seen.withLock { $0 } == serverSide.leaf)
        }
    }

    @Test
    func `a certificate that cannot be read fails every call and says so`() async throws {
        let configuration = Fixture.clientConfiguration(
            [.tcp(host: "127.0.0.1", port: 1)], security: .selfSigned(certificateDER: [1], privateKeyDER: [2]))
        let client = RPCClient(configuration: configuration)
        #expect(await status { _ = try await EchoClient(client).unary(.init()) }?.code == .failedPrecondition)
        await client.shutdown()
    }

    @Test
    func `peers of different networks do not talk`() async throws {
        try await Fixture.run(client: { $0.network = "other" }) { fixture in
            let error = await status { _ = try await fixture.echo.unary(.init()) }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("wrong_network") == true)
        }
    }
}
