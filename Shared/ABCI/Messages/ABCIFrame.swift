import Primitives

/// A message on an ABCI socket: its length as a varint, then the message.
public enum ABCIFrame {
    public static func encode(_ request: ABCIRequest) -> [UInt8] { request.delimitedProtobufBytes }

    public static func encode(_ response: ABCIResponse) -> [UInt8] { response.delimitedProtobufBytes }

    /// Exactly one frame.
    public static func decodeRequest(_ frame: [UInt8]) throws(ProtobufError) -> ABCIRequest {
        try ABCIRequest(delimitedProtobuf: frame)
    }

    /// Exactly one frame.
    public static func decodeResponse(_ frame: [UInt8]) throws(ProtobufError) -> ABCIResponse {
        try ABCIResponse(delimitedProtobuf: frame)
    }
}
