import Crypto
import Foundation
import RPC
import WireAttestation

/// The serving side of attestation between enclaves: answers `Attest`, and refuses every other method on a connection
/// whose caller has not proved what it is.
///
/// Give it to a server both as a service and as the outermost interceptor.
public struct AttestedService: AttestationService, ServerInterceptor {
    /// Challenges one connection may ask for before it is closed.
    public static let maximumAttempts = 4
    /// Length of a challenge.
    public static let challengeCount = 32

    private let identity: EnclaveIdentity
    private let source: any DocumentSource
    private let policy: AttestationPolicy
    private let callerRoles: [String]
    private let openServices: Set<String>

    /// Makes the service.
    /// - Parameters:
    ///   - source: Where this enclave's documents come from.
    ///   - callerRoles: The roles a caller may have, as in ``ApprovedMeasurements``.
    ///   - openServices: Full names of services that unattested callers may use, as a health check.
    public init(
        identity: EnclaveIdentity, source: any DocumentSource, policy: AttestationPolicy, callerRoles: [String],
        openServices: Set<String> = []
    ) {
        self.identity = identity
        self.source = source
        self.policy = policy
        self.callerRoles = callerRoles
        self.openServices = openServices.union([AttestationMethods.attest.descriptor.service])
    }

    /// The enclave at the other end of a connection, once it has attested itself.
    public static func peer(of connection: any RPCConnectionHandle) -> AttestedPeer? {
        connection.value(for: AttestedPeerKey.self)
    }

    public func intercept(
        context: ServerContext, next: @Sendable (ServerContext) async throws -> Void
    ) async throws {
        guard openServices.contains(context.method.service) || Self.peer(of: context.connection) != nil else {
            throw RPCError(.unauthenticated, "the caller has not attested itself on this connection")
        }
        try await next(context)
    }

    public func attest(
        _ request: Haca_Attestation_V1_AttestRequest, context: ServerContext
    ) async throws -> Haca_Attestation_V1_AttestResponse {
        guard let leaf = context.peer.leafCertificate else {
            throw RPCError(.unauthenticated, "attestation needs TLS: a document binds the caller's certificate")
        }
        if request.document.isEmpty { return try await answer([UInt8](request.challenge), context) }
        try await admit([UInt8](request.document), leaf: leaf, context)
        return Haca_Attestation_V1_AttestResponse()
    }

    /// Step 1: our document for the caller's challenge, and a challenge of ours.
    private func answer(
        _ challenge: [UInt8], _ context: ServerContext
    ) async throws -> Haca_Attestation_V1_AttestResponse {
        guard challenge.count == Self.challengeCount else {
            throw RPCError(.invalidArgument, "a challenge has \(Self.challengeCount) bytes")
        }
        let attempts = (context.connection.value(for: AttemptKey.self) ?? 0) + 1
        context.connection.setValue(attempts, for: AttemptKey.self)
        guard attempts <= Self.maximumAttempts else {
            context.connection.close()
            throw RPCError(.resourceExhausted, "too many attempts to attest on this connection")
        }
        var response = Haca_Attestation_V1_AttestResponse()
        response.document = Data(try await identity.document(from: source, nonce: challenge))
        let ours = Self.freshChallenge()
        context.connection.setValue(ours, for: ChallengeKey.self)
        response.challenge = Data(ours)
        return response
    }

    /// Step 2: the caller's document for our challenge, which counts once.
    private func admit(_ document: [UInt8], leaf: [UInt8], _ context: ServerContext) async throws {
        guard let challenge = context.connection.value(for: ChallengeKey.self) else {
            throw RPCError(.unauthenticated, "no challenge was asked for, or its answer has been judged already")
        }
        context.connection.setValue(nil, for: ChallengeKey.self)
        do {
            let peer = try await policy.verify(document, challenge: challenge, tlsCertificate: leaf, roles: callerRoles)
            context.connection.setValue(peer, for: AttestedPeerKey.self)
        } catch let error as AttestationError {
            context.logger.warning("a caller's attestation is refused", metadata: ["reason": "\(error)"])
            throw RPCError(.unauthenticated, "the caller's attestation is refused: \(error)")
        }
    }

    static func freshChallenge() -> [UInt8] {
        SymmetricKey(size: .init(bitCount: challengeCount * 8)).withUnsafeBytes { Array($0) }
    }

    private enum AttestedPeerKey: RPCConnectionKey { typealias Value = AttestedPeer }
    private enum ChallengeKey: RPCConnectionKey { typealias Value = [UInt8] }
    private enum AttemptKey: RPCConnectionKey { typealias Value = Int }
}
