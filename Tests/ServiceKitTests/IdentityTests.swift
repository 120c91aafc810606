import Foundation
import RPC
import ServiceKit
import Testing
import WireOperations
import X509

@Suite("Identities")
struct IdentityTests {
    @Test func `a certificate says network, role and name`() throws {
        let authority = try CertificateAuthority(network: "test")
        let identity = try authority.issue(role: "facilitator", name: "f-1", hosts: ["localhost", "127.0.0.1", "::1"])
        let leaf = try Certificate(pemEncoded: identity.certificateChainPEM)
        let names = try #require(try leaf.extensions.subjectAlternativeNames)
        #expect(names.contains(.uniformResourceIdentifier("haca://test/facilitator/f-1")))
        #expect(names.contains(.dnsName("localhost")))
        #expect(AuthorityName(parsing: "haca://test/facilitator/f-1")?.role == "facilitator")
        #expect(leaf.notValidAfter.timeIntervalSince(leaf.notValidBefore) < 31 * 86_400)
    }

    @Test func `a certificate verifies against its own authority only`() async throws {
        let authority = try CertificateAuthority(network: "test")
        let leaf = try Certificate(pemEncoded: authority.issue(role: "hub", name: "h").certificateChainPEM)
        for (root, isTrusted) in [(authority, true), (try CertificateAuthority(network: "test"), false)] {
            let certificate = try Certificate(pemEncoded: root.certificatePEM)
            var verifier = Verifier(rootCertificates: CertificateStore([certificate])) { RFC5280Policy() }
            let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore([]))
            if case .validCertificate = result { #expect(isTrusted) } else { #expect(!isTrusted) }
        }
    }

    @Test func `an authority is read back from its files`() throws {
        let made = try CertificateAuthority(network: "test")
        let read = try CertificateAuthority(
            network: "test", certificatePEM: made.certificatePEM, privateKeyPEM: made.privateKeyPEM)
        #expect(try read.certificatePEM == made.certificatePEM)
        let other = try CertificateAuthority(network: "test")
        #expect(throws: IdentityError.keyMismatch) {
            try CertificateAuthority(
                network: "test", certificatePEM: made.certificatePEM, privateKeyPEM: other.privateKeyPEM)
        }
    }

    @Test(arguments: ["", "a/b", "haca://x", "näme", "a b"])
    func `names that would change the meaning of a certificate are refused`(name: String) throws {
        let authority = try CertificateAuthority(network: "test")
        #expect(throws: IdentityError.self) { try authority.issue(role: "hub", name: name) }
        #expect(AuthorityName(parsing: "haca://test/\(name)/x/y") == nil)
    }

    @Test func `services of one authority know each other's role over RPC`() async throws {
        let authority = try CertificateAuthority(network: "test")
        let health = HealthState()
        health.setStarted()
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .tcp(host: "127.0.0.1", port: 0), network: "test",
                security: try authority.issue(role: "facilitator", name: "f").security),
            services: OperationsServices.all(health: health) { [] }, interceptors: [OperatorsOnly()])
        let bound = try await server.start()
        for (role, isAllowed) in [("operator", true), ("gateway", false)] {
            let client = RPCClient(
                configuration: RPCClientConfiguration(
                    endpoints: [bound], network: "test",
                    security: try authority.issue(role: role, name: "x").security))
            do {
                let report = try await HealthClient(client).check(.init(), options: .init(timeout: .seconds(30)))
                #expect(isAllowed && report.status == .serving)
            } catch let error as RPCError {
                #expect(!isAllowed && error.code == .permissionDenied)
            }
            await client.shutdown(gracePeriod: .zero)
        }
        await server.shutdown(gracePeriod: .zero)
    }

    private struct OperatorsOnly: ServerInterceptor {
        func intercept(
            context: ServerContext, next: nonisolated(nonsending) @Sendable (ServerContext) async throws -> Void
        ) async throws {
            guard context.peer.role == "operator" else { throw RPCError(.permissionDenied, "operators only") }
            try await next(context)
        }
    }
}
