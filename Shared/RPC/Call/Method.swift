import SwiftProtobuf
import WireRPC

/// What one method of a service is called and what it takes, without its types.
public final class MethodDescriptor: Sendable {
    /// `/package.Service/Method`.
    public let path: String
    /// `package.Service`.
    public let service: String
    /// `Method`.
    public let name: String
    public let clientStreaming: Bool
    public let serverStreaming: Bool
    /// Calling it twice is like calling it once, so that a failed call may be repeated.
    public let idempotent: Bool
    /// Full protobuf names of the messages.
    public let requestType: String
    public let responseType: String
    /// The encoded REQUEST head of a call with no options.
    let plainHead: [UInt8]
    /// Between the messages' JSON and binary forms.
    public let transcoding: JSONTranscoding

    init(
        service: String, name: String, clientStreaming: Bool, serverStreaming: Bool, idempotent: Bool,
        requestType: String, responseType: String, transcoding: JSONTranscoding
    ) {
        path = "/\(service)/\(name)"
        let path = path
        plainHead = (try? Haca_Rpc_V1_RequestHead.with { $0.method = path }.serializedBytes()) ?? []
        self.service = service
        self.name = name
        self.clientStreaming = clientStreaming
        self.serverStreaming = serverStreaming
        self.idempotent = idempotent
        self.requestType = requestType
        self.responseType = responseType
        self.transcoding = transcoding
    }
}

/// A method with the types of its messages. Generated code has one constant for each.
public struct Method<Request: Message, Response: Message>: Sendable {
    public let descriptor: MethodDescriptor

    public init(service: String, name: String, clientStreaming: Bool, serverStreaming: Bool, idempotent: Bool) {
        descriptor = MethodDescriptor(
            service: service, name: name, clientStreaming: clientStreaming, serverStreaming: serverStreaming,
            idempotent: idempotent, requestType: Request.protoMessageName, responseType: Response.protoMessageName,
            transcoding: JSONTranscoding(request: Request.self, response: Response.self))
    }
}
