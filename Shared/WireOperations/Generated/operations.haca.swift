// Written by protoc-gen-haca from operations.proto; `make proto` writes it anew.

import RPC
import SwiftProtobuf

/// The methods of `haca.operations.v1.Health`, with their JSON transcoding.
public enum HealthMethods {
    public static let check = Method<Haca_Operations_V1_HealthRequest, Haca_Operations_V1_HealthReport>(
        service: "haca.operations.v1.Health", name: "Check",
        clientStreaming: false, serverStreaming: false, idempotent: true)
    public static let watch = Method<Haca_Operations_V1_HealthRequest, Haca_Operations_V1_HealthReport>(
        service: "haca.operations.v1.Health", name: "Watch",
        clientStreaming: false, serverStreaming: true, idempotent: true)

    public static let all: [MethodDescriptor] = [
        check.descriptor,
        watch.descriptor,
    ]
}

/// `haca.operations.v1.Health`.
public protocol HealthService: RPCService {
    func check(_ request: Haca_Operations_V1_HealthRequest, context: ServerContext) async throws
        -> Haca_Operations_V1_HealthReport
    /// The report now, then again on every change.
    func watch(
        _ request: Haca_Operations_V1_HealthRequest, to response: ResponseWriter<Haca_Operations_V1_HealthReport>,
        context: ServerContext) async throws
}

extension HealthService {
    public var methods: [RPCMethod] {
        [
            .unary(HealthMethods.check) { try await self.check($0, context: $1) },
            .serverStreaming(HealthMethods.watch) { try await self.watch($0, to: $1, context: $2) },
        ]
    }
}

/// Typed calls of `haca.operations.v1.Health` over a channel.
public struct HealthClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    public func check(_ request: Haca_Operations_V1_HealthRequest, options: CallOptions = .init()) async throws
        -> Haca_Operations_V1_HealthReport
    {
        try await channel.call(HealthMethods.check, request, options: options)
    }

    /// The report now, then again on every change.
    public func watch(
        _ request: Haca_Operations_V1_HealthRequest, options: CallOptions = .init()
    ) async throws -> ResponseStream<Haca_Operations_V1_HealthReport> {
        try await channel.download(HealthMethods.watch, request, options: options)
    }
}

/// The methods of `haca.operations.v1.Reflection`, with their JSON transcoding.
public enum ReflectionMethods {
    public static let listServices = Method<
        Haca_Operations_V1_ListServicesRequest, Haca_Operations_V1_ListServicesResponse
    >(
        service: "haca.operations.v1.Reflection", name: "ListServices",
        clientStreaming: false, serverStreaming: false, idempotent: true)

    public static let all: [MethodDescriptor] = [
        listServices.descriptor
    ]
}

/// `haca.operations.v1.Reflection`.
public protocol ReflectionService: RPCService {
    func listServices(_ request: Haca_Operations_V1_ListServicesRequest, context: ServerContext) async throws
        -> Haca_Operations_V1_ListServicesResponse
}

extension ReflectionService {
    public var methods: [RPCMethod] {
        [
            .unary(ReflectionMethods.listServices) { try await self.listServices($0, context: $1) }
        ]
    }
}

/// Typed calls of `haca.operations.v1.Reflection` over a channel.
public struct ReflectionClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    public func listServices(_ request: Haca_Operations_V1_ListServicesRequest, options: CallOptions = .init())
        async throws -> Haca_Operations_V1_ListServicesResponse
    {
        try await channel.call(ReflectionMethods.listServices, request, options: options)
    }
}

/// The methods of `haca.operations.v1.Echo`, with their JSON transcoding.
public enum EchoMethods {
    public static let unary = Method<Haca_Operations_V1_EchoMessage, Haca_Operations_V1_EchoMessage>(
        service: "haca.operations.v1.Echo", name: "Unary",
        clientStreaming: false, serverStreaming: false, idempotent: false)
    public static let download = Method<Haca_Operations_V1_EchoMessage, Haca_Operations_V1_EchoMessage>(
        service: "haca.operations.v1.Echo", name: "Download",
        clientStreaming: false, serverStreaming: true, idempotent: false)
    public static let upload = Method<Haca_Operations_V1_EchoMessage, Haca_Operations_V1_EchoMessage>(
        service: "haca.operations.v1.Echo", name: "Upload",
        clientStreaming: true, serverStreaming: false, idempotent: false)
    public static let chat = Method<Haca_Operations_V1_EchoMessage, Haca_Operations_V1_EchoMessage>(
        service: "haca.operations.v1.Echo", name: "Chat",
        clientStreaming: true, serverStreaming: true, idempotent: false)

    public static let all: [MethodDescriptor] = [
        unary.descriptor,
        download.descriptor,
        upload.descriptor,
        chat.descriptor,
    ]
}

/// Answers with what it was sent: for benchmarks, interoperability tests and `haca rpc call`.
public protocol EchoService: RPCService {
    func unary(_ request: Haca_Operations_V1_EchoMessage, context: ServerContext) async throws
        -> Haca_Operations_V1_EchoMessage
    /// Sends `count` messages with the request's payload.
    func download(
        _ request: Haca_Operations_V1_EchoMessage, to response: ResponseWriter<Haca_Operations_V1_EchoMessage>,
        context: ServerContext) async throws
    /// Answers once, with the number of messages in `count` and the number of payload bytes in `bytes`.
    func upload(_ requests: RequestStream<Haca_Operations_V1_EchoMessage>, context: ServerContext) async throws
        -> Haca_Operations_V1_EchoMessage
    /// Answers each message as it arrives.
    func chat(
        _ requests: RequestStream<Haca_Operations_V1_EchoMessage>,
        to response: ResponseWriter<Haca_Operations_V1_EchoMessage>, context: ServerContext) async throws
}

extension EchoService {
    public var methods: [RPCMethod] {
        [
            .unary(EchoMethods.unary) { try await self.unary($0, context: $1) },
            .serverStreaming(EchoMethods.download) { try await self.download($0, to: $1, context: $2) },
            .clientStreaming(EchoMethods.upload) { try await self.upload($0, context: $1) },
            .bidirectional(EchoMethods.chat) { try await self.chat($0, to: $1, context: $2) },
        ]
    }
}

/// Typed calls of `haca.operations.v1.Echo` over a channel.
public struct EchoClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    public func unary(_ request: Haca_Operations_V1_EchoMessage, options: CallOptions = .init()) async throws
        -> Haca_Operations_V1_EchoMessage
    {
        try await channel.call(EchoMethods.unary, request, options: options)
    }

    /// Sends `count` messages with the request's payload.
    public func download(
        _ request: Haca_Operations_V1_EchoMessage, options: CallOptions = .init()
    ) async throws -> ResponseStream<Haca_Operations_V1_EchoMessage> {
        try await channel.download(EchoMethods.download, request, options: options)
    }

    /// Answers once, with the number of messages in `count` and the number of payload bytes in `bytes`.
    public func upload(
        options: CallOptions = .init(), _ write: (RequestWriter<Haca_Operations_V1_EchoMessage>) async throws -> Void
    ) async throws -> Haca_Operations_V1_EchoMessage {
        try await channel.upload(EchoMethods.upload, options: options, write)
    }

    /// Answers each message as it arrives.
    public func chat(
        options: CallOptions = .init()
    ) async throws -> BidirectionalCall<Haca_Operations_V1_EchoMessage, Haca_Operations_V1_EchoMessage> {
        try await channel.converse(EchoMethods.chat, options: options)
    }
}
