import SwiftProtobuf

/// Turns a method's messages from JSON into their binary form and back, for tools that know no message types.
public struct JSONTranscoding: Sendable {
    /// The request in JSON (UTF-8) as an encoded message. Throws `RPCError` with `INVALID_ARGUMENT`.
    public let request: @Sendable (_ json: [UInt8]) throws -> EncodedMessage
    /// A received response as JSON (UTF-8). Throws `RPCError` with `INTERNAL`.
    public let response: @Sendable (_ message: ReceivedMessage) throws -> [UInt8]

    init<Request: Message, Response: Message>(request: Request.Type, response: Response.Type) {
        self.request = { json in
            do {
                return try EncodedMessage(Request(jsonUTF8Bytes: json))
            } catch {
                throw RPCError(.invalidArgument, "\(Request.protoMessageName) does not read this JSON: \(error)")
            }
        }
        self.response = { message in
            let decoded: Response = try message.decode()
            do {
                return try decoded.jsonUTF8Bytes()
            } catch {
                throw RPCError(.internalError, "\(Response.protoMessageName) cannot be written as JSON: \(error)")
            }
        }
    }
}
