import Attestation
import Foundation
import Logging
import RPC
import Signing
import Synchronization
import Testing
import WireOperations

/// One enclave of a network in this process: its identity, its documents and what it demands of others.
struct TestEnclave {
    let identity: EnclaveIdentity
    let source: any DocumentSource
    let policy: AttestationPolicy

    static func make(
        _ role: String, in authority: SimulatedAuthority, executable: UInt8, approved: ApprovedMeasurements,
        root: NitroRoot? = nil, clock: @escaping @Sendable () -> UInt64 = { SystemTime.nowMilliseconds() }
    ) throws -> TestEnclave {
        let key = Ed25519SigningKey()
        let module = SimulatedSecurityModule(
            authority: authority, measurements: measurements(executable), clock: clock)
        return TestEnclave(
            identity: try EnclaveIdentity(signingKey: key.publicKeyDER, receiptKey: key.publicKey), source: module,
            policy: AttestationPolicy(root: root ?? authority.root, approved: approved))
    }

    static func measurements(_ executable: UInt8) -> EnclaveMeasurements {
        EnclaveMeasurements(executable: [UInt8](repeating: executable, count: 48))
    }

    static let approved = ApprovedMeasurements(roles: [
        "gateway": [.init(measurements(1))], "worker": [.init(measurements(2))],
    ])
}

/// Hands out one document, whatever is asked for.
private struct Replay: DocumentSource {
    let bytes: [UInt8]

    func document(nonce: [UInt8]?, userData: [UInt8]?, publicKey: [UInt8]?) async throws -> [UInt8] { bytes }
}

private struct RoleEcho: RPCService {
    var methods: [RPCMethod] {
        [
            .unary(EchoMethods.unary) { request, context in
                var answer = request
                answer.payload = Data((AttestedService.peer(of: context.connection)?.role ?? "nobody").utf8)
                return answer
            }
        ]
    }
}

@Suite struct `Attestation between enclaves` {
    private static func silent() -> Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }

    /// Calls a worker as a gateway.
    /// - Returns: the role the worker saw, or why the connection was refused.
    private func call(
        gateway: TestEnclave, worker: TestEnclave, attests: Bool = true, source: (any DocumentSource)? = nil,
        workerSource: (any DocumentSource)? = nil
    ) async throws -> Result<String, RPCError> {
        let service = AttestedService(
            identity: worker.identity, source: workerSource ?? worker.source, policy: worker.policy,
            callerRoles: ["gateway"])
        let server = RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .tcp(host: "127.0.0.1", port: 0), network: "test",
                security: worker.identity.transportSecurity, logger: Self.silent()),
            services: [service, RoleEcho()], interceptors: [service])
        let bound = try await server.start()
        var configuration = RPCClientConfiguration(
            endpoints: [bound], network: "test", security: gateway.identity.transportSecurity, logger: Self.silent())
        let connect = AttestedConnect(
            identity: gateway.identity, source: source ?? gateway.source, policy: gateway.policy,
            calleeRoles: ["worker"])
        let refusal = Mutex<RPCError?>(nil)
        if attests {
            configuration.onConnect = { channel, peer in
                do {
                    try await connect.hook(channel, peer)
                } catch let error as RPCError {
                    refusal.withLock { $0 = $0 ?? error }
                    throw error
                }
            }
        }
        let client = RPCClient(configuration: configuration)
        let result: Result<String, RPCError>
        do {
            let answer = try await EchoClient(client).unary(.init(), options: CallOptions(timeout: .seconds(120)))
            #expect(connect.peer(signingKey: worker.identity.signingKey)?.role == (attests ? "worker" : nil))
            result = .success(String(decoding: answer.payload, as: UTF8.self))
        } catch let error as RPCError {
            result = .failure(refusal.withLock { $0 } ?? error)
        }
        await client.shutdown(gracePeriod: .zero)
        await server.shutdown(gracePeriod: .zero)
        return result
    }

    private func expectRefusal(_ result: Result<String, RPCError>, _ part: String) {
        guard case .failure(let error) = result else {
            Issue.record("the call went through")
            return
        }
        #expect(error.code == .unauthenticated)
        #expect(error.message.contains(part), "\(error)")
    }

    private func pair(
        gatewayExecutable: UInt8 = 1, workerExecutable: UInt8 = 2
    ) throws -> (gateway: TestEnclave, worker: TestEnclave, authority: SimulatedAuthority) {
        let authority = try SimulatedAuthority()
        let gateway = try TestEnclave.make(
            "gateway", in: authority, executable: gatewayExecutable, approved: TestEnclave.approved)
        let worker = try TestEnclave.make(
            "worker", in: authority, executable: workerExecutable, approved: TestEnclave.approved)
        return (gateway, worker, authority)
    }

    @Test func `approved enclaves talk, and each knows what the other is`() async throws {
        let (gateway, worker, _) = try pair()
        #expect(try await call(gateway: gateway, worker: worker).get() == "gateway")
    }

    @Test func `a caller that does not attest itself is refused`() async throws {
        let (gateway, worker, _) = try pair()
        expectRefusal(try await call(gateway: gateway, worker: worker, attests: false), "has not attested itself")
    }

    @Test func `a callee with other measurements is refused`() async throws {
        let (gateway, worker, _) = try pair(workerExecutable: 3)
        expectRefusal(try await call(gateway: gateway, worker: worker), "not approved")
    }

    @Test func `a caller with other measurements is refused`() async throws {
        let (gateway, worker, _) = try pair(gatewayExecutable: 3)
        expectRefusal(try await call(gateway: gateway, worker: worker), "caller's attestation is refused")
    }

    @Test func `a worker may not pose as a gateway`() async throws {
        let (gateway, worker, _) = try pair(gatewayExecutable: 2)
        expectRefusal(try await call(gateway: gateway, worker: worker), "not approved")
    }

    @Test func `another network's root is worth nothing`() async throws {
        let (gateway, _, _) = try pair()
        let elsewhere = try pair().worker
        expectRefusal(try await call(gateway: gateway, worker: elsewhere), "do not lead to the trusted root")
    }

    @Test func `a document shown on another TLS leaf is refused`() async throws {
        let (gateway, worker, authority) = try pair()
        // Made by a genuine worker, for its own leaf; shown by one with another leaf.
        let other = try TestEnclave.make("worker", in: authority, executable: 2, approved: TestEnclave.approved)
        let stolen = try await other.identity.document(from: other.source, nonce: [UInt8](repeating: 0, count: 32))
        expectRefusal(
            try await call(gateway: gateway, worker: worker, workerSource: Replay(bytes: stolen)),
            "another TLS certificate")
        expectRefusal(
            try await call(gateway: gateway, worker: worker, source: Replay(bytes: stolen)), "another TLS certificate")
    }

    @Test func `a replayed document of the same leaf answers another challenge`() async throws {
        let (gateway, worker, _) = try pair()
        let old = try await worker.identity.document(from: worker.source, nonce: [UInt8](repeating: 0, count: 32))
        expectRefusal(
            try await call(gateway: gateway, worker: worker, workerSource: Replay(bytes: old)), "another challenge")
    }

    @Test func `a stale document is refused`() async throws {
        let authority = try SimulatedAuthority()
        let gateway = try TestEnclave.make("gateway", in: authority, executable: 1, approved: TestEnclave.approved)
        let slow = try TestEnclave.make(
            "worker", in: authority, executable: 2, approved: TestEnclave.approved,
            clock: { SystemTime.nowMilliseconds() - 400_000 })
        expectRefusal(try await call(gateway: gateway, worker: slow), "s old")
    }

    @Test func `the approved list reads what measure prints and refuses anything else`() throws {
        let line = ApprovedMeasurements.line(role: "worker", TestEnclave.measurements(7))
        let parsed = try ApprovedMeasurements(parsing: Array("# comment\n\n\(line)\n\(line)\n".utf8))
        #expect(parsed.roles["worker"]?.count == 2)
        #expect(parsed.roles["worker"]?.first == .init(TestEnclave.measurements(7)))
        #expect(throws: ApprovedMeasurements.Failure.malformed(line: 2)) {
            try ApprovedMeasurements(parsing: Array("\(line)\n{\"role\": \"worker\", \"pcr0\": \"00\"}\n".utf8))
        }
    }
}
