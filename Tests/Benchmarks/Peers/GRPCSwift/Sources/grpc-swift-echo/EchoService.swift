import GRPCCore
import GRPCProtobuf

typealias Echo = Haca_Operations_V1_EchoMessage

/// The methods, registered as grpc-swift-2's generated code registers them.
struct EchoService: RegistrableRPCService {
    static let unary = method("Unary")
    static let download = method("Download")

    private static func method(_ name: String) -> MethodDescriptor {
        MethodDescriptor(
            service: ServiceDescriptor(fullyQualifiedService: "haca.operations.v1.Echo"), method: name)
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.unary, deserializer: ProtobufDeserializer<Echo>(), serializer: ProtobufSerializer<Echo>()
        ) { request, _ in
            let single = try await ServerRequest(stream: request)
            return StreamingServerResponse(single: ServerResponse(message: single.message))
        }
        router.registerHandler(
            forMethod: Self.download, deserializer: ProtobufDeserializer<Echo>(),
            serializer: ProtobufSerializer<Echo>()
        ) { request, _ in
            let message = try await ServerRequest(stream: request).message
            return StreamingServerResponse { writer in
                var answer = Echo()
                answer.payload = message.payload
                for _ in 0..<message.count { try await writer.write(answer) }
                return [:]
            }
        }
    }
}
