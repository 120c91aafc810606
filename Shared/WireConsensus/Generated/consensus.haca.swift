// Written by protoc-gen-haca from consensus.proto; `make proto` writes it anew.

import RPC
import SwiftProtobuf

/// The methods of `haca.consensus.v1.Peer`, with their JSON transcoding.
public enum PeerMethods {
    public static let introduce = Method<Haca_Consensus_V1_Introduction, Haca_Consensus_V1_Introduction>(
        service: "haca.consensus.v1.Peer", name: "Introduce",
        clientStreaming: false, serverStreaming: false, idempotent: false)
    public static let gossip = Method<Haca_Consensus_V1_Envelope, Haca_Consensus_V1_Envelope>(
        service: "haca.consensus.v1.Peer", name: "Gossip",
        clientStreaming: true, serverStreaming: true, idempotent: false)
    public static let describe = Method<Haca_Consensus_V1_DescribeRequest, Haca_Consensus_V1_NodeInfo>(
        service: "haca.consensus.v1.Peer", name: "Describe",
        clientStreaming: false, serverStreaming: false, idempotent: true)

    public static let all: [MethodDescriptor] = [
        introduce.descriptor,
        gossip.descriptor,
        describe.descriptor,
    ]
}

/// `haca.consensus.v1.Peer`.
public protocol PeerService: RPCService {
    /// First call on a connection, made by the side that connected. Each side proves which node its certificate speaks for.
    /// Refused calls say why: FAILED_PRECONDITION for another chain or version, ALREADY_EXISTS for a node that is connected.
    func introduce(_ request: Haca_Consensus_V1_Introduction, context: ServerContext) async throws
        -> Haca_Consensus_V1_Introduction
    /// One stream for each of the connection's four priorities, opened by the side that connected, used by both. It lives
    /// as long as the connection; when one of the four ends, so does the connection.
    func gossip(
        _ requests: RequestStream<Haca_Consensus_V1_Envelope>, to response: ResponseWriter<Haca_Consensus_V1_Envelope>,
        context: ServerContext) async throws
    /// One node's statement about itself, for operators.
    func describe(_ request: Haca_Consensus_V1_DescribeRequest, context: ServerContext) async throws
        -> Haca_Consensus_V1_NodeInfo
}

extension PeerService {
    public var methods: [RPCMethod] {
        [
            .unary(PeerMethods.introduce) { try await self.introduce($0, context: $1) },
            .bidirectional(PeerMethods.gossip) { try await self.gossip($0, to: $1, context: $2) },
            .unary(PeerMethods.describe) { try await self.describe($0, context: $1) },
        ]
    }
}

/// Typed calls of `haca.consensus.v1.Peer` over a channel.
public struct PeerClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    /// First call on a connection, made by the side that connected. Each side proves which node its certificate speaks for.
    /// Refused calls say why: FAILED_PRECONDITION for another chain or version, ALREADY_EXISTS for a node that is connected.
    public func introduce(_ request: Haca_Consensus_V1_Introduction, options: CallOptions = .init()) async throws
        -> Haca_Consensus_V1_Introduction
    {
        try await channel.call(PeerMethods.introduce, request, options: options)
    }

    /// One stream for each of the connection's four priorities, opened by the side that connected, used by both. It lives
    /// as long as the connection; when one of the four ends, so does the connection.
    public func gossip(
        options: CallOptions = .init()
    ) async throws -> BidirectionalCall<Haca_Consensus_V1_Envelope, Haca_Consensus_V1_Envelope> {
        try await channel.converse(PeerMethods.gossip, options: options)
    }

    /// One node's statement about itself, for operators.
    public func describe(_ request: Haca_Consensus_V1_DescribeRequest, options: CallOptions = .init()) async throws
        -> Haca_Consensus_V1_NodeInfo
    {
        try await channel.call(PeerMethods.describe, request, options: options)
    }
}
