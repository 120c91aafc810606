// Written by protoc-gen-haca from inference.proto; `make proto` writes it anew.

import RPC
import SwiftProtobuf

/// The methods of `haca.inference.v1.InferenceWorker`, with their JSON transcoding.
public enum InferenceWorkerMethods {
    public static let generate = Method<Haca_Inference_V1_GenerateRequest, Haca_Inference_V1_GenerateEvent>(
        service: "haca.inference.v1.InferenceWorker", name: "Generate",
        clientStreaming: false, serverStreaming: true, idempotent: false)
    public static let embed = Method<Haca_Inference_V1_EmbedRequest, Haca_Inference_V1_EmbedResponse>(
        service: "haca.inference.v1.InferenceWorker", name: "Embed",
        clientStreaming: false, serverStreaming: false, idempotent: true)
    public static let status = Method<Haca_Inference_V1_StatusRequest, Haca_Inference_V1_WorkerStatus>(
        service: "haca.inference.v1.InferenceWorker", name: "Status",
        clientStreaming: false, serverStreaming: false, idempotent: true)
    public static let watchStatus = Method<Haca_Inference_V1_StatusRequest, Haca_Inference_V1_WorkerStatus>(
        service: "haca.inference.v1.InferenceWorker", name: "WatchStatus",
        clientStreaming: false, serverStreaming: true, idempotent: true)
    public static let provideKeys = Method<Haca_Inference_V1_ProvideKeysRequest, Haca_Inference_V1_ProvideKeysResponse>(
        service: "haca.inference.v1.InferenceWorker", name: "ProvideKeys",
        clientStreaming: false, serverStreaming: false, idempotent: false)

    public static let all: [MethodDescriptor] = [
        generate.descriptor,
        embed.descriptor,
        status.descriptor,
        watchStatus.descriptor,
        provideKeys.descriptor,
    ]
}

/// `haca.inference.v1.InferenceWorker`.
public protocol InferenceWorkerService: RPCService {
    func generate(
        _ request: Haca_Inference_V1_GenerateRequest, to response: ResponseWriter<Haca_Inference_V1_GenerateEvent>,
        context: ServerContext) async throws
    func embed(_ request: Haca_Inference_V1_EmbedRequest, context: ServerContext) async throws
        -> Haca_Inference_V1_EmbedResponse
    func status(_ request: Haca_Inference_V1_StatusRequest, context: ServerContext) async throws
        -> Haca_Inference_V1_WorkerStatus
    /// The status now, then again on every change (models, readiness, load; load at most ten times a second).
    func watchStatus(
        _ request: Haca_Inference_V1_StatusRequest, to response: ResponseWriter<Haca_Inference_V1_WorkerStatus>,
        context: ServerContext) async throws
    /// Provider keys live in memory only. Accepted once per worker process; later calls answer ALREADY_EXISTS unless equal.
    func provideKeys(_ request: Haca_Inference_V1_ProvideKeysRequest, context: ServerContext) async throws
        -> Haca_Inference_V1_ProvideKeysResponse
}

extension InferenceWorkerService {
    public var methods: [RPCMethod] {
        [
            .serverStreaming(InferenceWorkerMethods.generate) { try await self.generate($0, to: $1, context: $2) },
            .unary(InferenceWorkerMethods.embed) { try await self.embed($0, context: $1) },
            .unary(InferenceWorkerMethods.status) { try await self.status($0, context: $1) },
            .serverStreaming(InferenceWorkerMethods.watchStatus) {
                try await self.watchStatus($0, to: $1, context: $2)
            },
            .unary(InferenceWorkerMethods.provideKeys) { try await self.provideKeys($0, context: $1) },
        ]
    }
}

/// Typed calls of `haca.inference.v1.InferenceWorker` over a channel.
public struct InferenceWorkerClient: Sendable {
    public let channel: any RPCChannel

    public init(_ channel: any RPCChannel) {
        self.channel = channel
    }

    public func generate(
        _ request: Haca_Inference_V1_GenerateRequest, options: CallOptions = .init()
    ) async throws -> ResponseStream<Haca_Inference_V1_GenerateEvent> {
        try await channel.download(InferenceWorkerMethods.generate, request, options: options)
    }

    public func embed(_ request: Haca_Inference_V1_EmbedRequest, options: CallOptions = .init()) async throws
        -> Haca_Inference_V1_EmbedResponse
    {
        try await channel.call(InferenceWorkerMethods.embed, request, options: options)
    }

    public func status(_ request: Haca_Inference_V1_StatusRequest, options: CallOptions = .init()) async throws
        -> Haca_Inference_V1_WorkerStatus
    {
        try await channel.call(InferenceWorkerMethods.status, request, options: options)
    }

    /// The status now, then again on every change (models, readiness, load; load at most ten times a second).
    public func watchStatus(
        _ request: Haca_Inference_V1_StatusRequest, options: CallOptions = .init()
    ) async throws -> ResponseStream<Haca_Inference_V1_WorkerStatus> {
        try await channel.download(InferenceWorkerMethods.watchStatus, request, options: options)
    }

    /// Provider keys live in memory only. Accepted once per worker process; later calls answer ALREADY_EXISTS unless equal.
    public func provideKeys(_ request: Haca_Inference_V1_ProvideKeysRequest, options: CallOptions = .init())
        async throws -> Haca_Inference_V1_ProvideKeysResponse
    {
        try await channel.call(InferenceWorkerMethods.provideKeys, request, options: options)
    }
}
