import Foundation
import RPC
import Synchronization
import WireAttestation

/// The calling side of attestation between enclaves. Its ``hook`` is a client's `onConnect`: no call uses a connection
/// before the callee's document has been verified against the callee's TLS leaf and ours has been accepted.
public final class AttestedConnect: Sendable {
    /// Attested peers kept for ``peers``; the oldest goes first.
    public static let peerLimit = 1_024
    private static let callTimeout: Duration = .seconds(20)

    private let identity: EnclaveIdentity
    private let source: any DocumentSource
    private let policy: AttestationPolicy
    private let calleeRoles: [String]
    private let known = Mutex<[Known]>([])

    private struct Known {
        let connectionID: UInt64
        let peer: AttestedPeer
    }

    /// Makes the hook.
    /// - Parameters:
    ///   - source: Where this enclave's documents come from.
    ///   - calleeRoles: The roles a callee may have, as in ``ApprovedMeasurements``.
    public init(
        identity: EnclaveIdentity, source: any DocumentSource, policy: AttestationPolicy, calleeRoles: [String]
    ) {
        self.identity = identity
        self.source = source
        self.policy = policy
        self.calleeRoles = calleeRoles
    }

    /// For `RPCClientConfiguration.onConnect`.
    public var hook: @Sendable (any RPCChannel, PeerIdentity) async throws -> Void {
        { channel, peer in try await self.attest(channel, peer) }
    }

    /// The peers attested so far, the newest last.
    public var peers: [AttestedPeer] { known.withLock { $0.map(\.peer) } }

    /// The peer of one connection.
    public func peer(connectionID: UInt64) -> AttestedPeer? {
        known.withLock { $0.last { $0.connectionID == connectionID }?.peer }
    }

    /// The newest peer whose document binds this signing key (SubjectPublicKeyInfo).
    public func peer(signingKey: [UInt8]) -> AttestedPeer? {
        known.withLock { $0.last { $0.peer.keys.signingKey.elementsEqual(signingKey) }?.peer }
    }

    /// Attests both ways over a new connection.
    /// - Throws: `RPCError` with `UNAUTHENTICATED` and the reason when either side refuses.
    public func attest(_ channel: any RPCChannel, _ peer: PeerIdentity) async throws {
        guard let leaf = peer.leafCertificate else {
            throw RPCError(.unauthenticated, "attestation needs TLS: a document binds the callee's certificate")
        }
        let client = AttestationClient(channel)
        let options = CallOptions(timeout: Self.callTimeout)
        let challenge = AttestedService.freshChallenge()
        var first = Haca_Attestation_V1_AttestRequest()
        first.challenge = Data(challenge)
        let answer = try await client.attest(first, options: options)
        let attested: AttestedPeer
        do {
            attested = try await policy.verify(
                [UInt8](answer.document), challenge: challenge, tlsCertificate: leaf, roles: calleeRoles)
        } catch let error as AttestationError {
            throw RPCError(.unauthenticated, "the attestation of \(peer.address) is refused: \(error)")
        }
        guard answer.challenge.count == AttestedService.challengeCount else {
            throw RPCError(.unauthenticated, "\(peer.address) sent no challenge")
        }
        var second = Haca_Attestation_V1_AttestRequest()
        second.document = Data(try await identity.document(from: source, nonce: [UInt8](answer.challenge)))
        _ = try await client.attest(second, options: options)
        known.withLock {
            if $0.count == Self.peerLimit { $0.removeFirst() }
            $0.append(Known(connectionID: peer.connectionID, peer: attested))
        }
    }
}
