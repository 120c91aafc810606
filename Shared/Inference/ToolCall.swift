import Primitives
import WireInference

/// A function the model asks its caller to run.
public struct ToolCall: Sendable, Hashable {
    public var id: String
    public var name: String
    /// JSON text as the model wrote it; not parsed, because it is signed as text.
    public var arguments: String

    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    public init(_ message: Haca_Inference_V1_ToolCall) {
        self.init(id: message.id, name: message.name, arguments: message.arguments)
    }

    init(reading field: RequestField) throws(RequestError) {
        _ = try field.object()
        let function = try field.required("function")
        _ = try function.object()
        id = try field.required("id").text()
        name = try function.required("name").text()
        arguments = try function.required("arguments").text()
    }

    /// OpenAI's form, which is also the signed one.
    public var json: JSON {
        [
            "id": JSON(id), "type": "function",
            "function": ["name": JSON(name), "arguments": JSON(arguments)],
        ]
    }

    public var message: Haca_Inference_V1_ToolCall {
        var message = Haca_Inference_V1_ToolCall()
        message.id = id
        message.name = name
        message.arguments = arguments
        return message
    }
}
