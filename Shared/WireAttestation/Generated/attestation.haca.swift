// Written by protoc-gen-haca from attestation.proto; `make proto` writes it anew.

import RPC
import SwiftProtobuf

/// The methods of `haca.attestation.v1.Attestation`, with their JSON transcoding.
public enum AttestationMethods {
    public static let attest = Method<Haca_Attestation_V1_AttestRequest, Haca_Attestation_V1_AttestResponse>(
        service: "haca.attestation.v1.Attestation", name: "Attest",
        clientStreaming: false, serverStreaming: false, idempotent: false)

    public static let all: [MethodDescriptor] = [
        attest.descriptor
    ]
}

/// Called twice, first thing on a channel between enclaves; every other method is refused before the second answer.
///  1. caller sends `challenge`; the answer carries `document` (nonce = that challenge) and the callee's own `challenge`;
///  2. caller has verified the document against the callee's TLS leaf and sends its own `document` (nonce = the callee's
///     challenge); the callee verifies it against the caller's TLS leaf. An empty answer admits the channel.
public protocol AttestationService: RPCService {
    func attest(_ request: Haca_Attestation_V1_AttestRequest, context: ServerContext) async throws
        -> Haca_Attestation_V1_AttestResponse
}

extension AttestationService {
    public var methods: [RPCMethod] {
        [
            .unary(AttestationMethods.attest) { try await self.attest($0, context: $1) }
        ]
    }
}

/// Typed calls of `haca.attestation.v1.Attestation` over a channel.
public struct AttestationClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    public func attest(_ request: Haca_Attestation_V1_AttestRequest, options: CallOptions = .init()) async throws
        -> Haca_Attestation_V1_AttestResponse
    {
        try await channel.call(AttestationMethods.attest, request, options: options)
    }
}

/// The methods of `haca.attestation.v1.EnclaveHost`, with their JSON transcoding.
public enum EnclaveHostMethods {
    public static let attest = Method<Haca_Attestation_V1_HostAttestRequest, Haca_Attestation_V1_HostAttestResponse>(
        service: "haca.attestation.v1.EnclaveHost", name: "Attest",
        clientStreaming: false, serverStreaming: false, idempotent: false)
    public static let seal = Method<Haca_Attestation_V1_SealRequest, Haca_Attestation_V1_SealResponse>(
        service: "haca.attestation.v1.EnclaveHost", name: "Seal",
        clientStreaming: false, serverStreaming: false, idempotent: false)
    public static let unseal = Method<Haca_Attestation_V1_UnsealRequest, Haca_Attestation_V1_UnsealResponse>(
        service: "haca.attestation.v1.EnclaveHost", name: "Unseal",
        clientStreaming: false, serverStreaming: false, idempotent: false)
    public static let describe = Method<Haca_Attestation_V1_DescribeRequest, Haca_Attestation_V1_DescribeResponse>(
        service: "haca.attestation.v1.EnclaveHost", name: "Describe",
        clientStreaming: false, serverStreaming: false, idempotent: false)

    public static let all: [MethodDescriptor] = [
        attest.descriptor,
        seal.descriptor,
        unseal.descriptor,
        describe.descriptor,
    ]
}

/// Served by the enclave host to the one child at the other end of the inherited socket (descriptor in HACA_ENCLAVE_FD).
public protocol EnclaveHostService: RPCService {
    func attest(_ request: Haca_Attestation_V1_HostAttestRequest, context: ServerContext) async throws
        -> Haca_Attestation_V1_HostAttestResponse
    func seal(_ request: Haca_Attestation_V1_SealRequest, context: ServerContext) async throws
        -> Haca_Attestation_V1_SealResponse
    func unseal(_ request: Haca_Attestation_V1_UnsealRequest, context: ServerContext) async throws
        -> Haca_Attestation_V1_UnsealResponse
    func describe(_ request: Haca_Attestation_V1_DescribeRequest, context: ServerContext) async throws
        -> Haca_Attestation_V1_DescribeResponse
}

extension EnclaveHostService {
    public var methods: [RPCMethod] {
        [
            .unary(EnclaveHostMethods.attest) { try await self.attest($0, context: $1) },
            .unary(EnclaveHostMethods.seal) { try await self.seal($0, context: $1) },
            .unary(EnclaveHostMethods.unseal) { try await self.unseal($0, context: $1) },
            .unary(EnclaveHostMethods.describe) { try await self.describe($0, context: $1) },
        ]
    }
}

/// Typed calls of `haca.attestation.v1.EnclaveHost` over a channel.
public struct EnclaveHostClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    public func attest(_ request: Haca_Attestation_V1_HostAttestRequest, options: CallOptions = .init()) async throws
        -> Haca_Attestation_V1_HostAttestResponse
    {
        try await channel.call(EnclaveHostMethods.attest, request, options: options)
    }

    public func seal(_ request: Haca_Attestation_V1_SealRequest, options: CallOptions = .init()) async throws
        -> Haca_Attestation_V1_SealResponse
    {
        try await channel.call(EnclaveHostMethods.seal, request, options: options)
    }

    public func unseal(_ request: Haca_Attestation_V1_UnsealRequest, options: CallOptions = .init()) async throws
        -> Haca_Attestation_V1_UnsealResponse
    {
        try await channel.call(EnclaveHostMethods.unseal, request, options: options)
    }

    public func describe(_ request: Haca_Attestation_V1_DescribeRequest, options: CallOptions = .init()) async throws
        -> Haca_Attestation_V1_DescribeResponse
    {
        try await channel.call(EnclaveHostMethods.describe, request, options: options)
    }
}
