import Primitives
import Signing
import WireInference

/// The hash of what a model answered.
public enum OutputHash {
    /// Of the assistant's text.
    public static func of(text: String) -> Bytes32 { Keccak256.hash(text) }

    /// Of tool calls in index order, when they are the reason the model finished.
    public static func of(toolCalls: [ToolCall]) -> Bytes32 { of(toolCalls: .array(toolCalls.map(\.json))) }

    /// Of a received `tool_calls` list as it is.
    public static func of(toolCalls: JSON) -> Bytes32 { Keccak256OfCanonical.hash(toolCalls) }
}

/// Why streamed output cannot be accumulated.
public enum OutputError: Error, Hashable, Sendable {
    case tooManyToolCalls(limit: Int)
    case toolCallsTooLong(byteLimit: Int)
}

/// Collects an answer as it streams and hashes it at the end: text is hashed as it passes and not kept, tool calls are put
/// together by index.
public struct OutputAccumulator: Sendable {
    public static let maximumToolCalls = 128
    /// Over all calls: ids, names and arguments.
    public static let maximumToolCallBytes = 4 << 20

    private var text = Keccak256.Hasher()
    private var calls: [UInt32: ToolCall] = [:]
    private var toolCallBytes = 0

    public init() {}

    /// A piece of the assistant's text.
    public mutating func append(text piece: String) {
        if !piece.isEmpty { text.update(piece.utf8) }
    }

    /// A fragment of the call at `index`: id and name are set when present, arguments are appended.
    public mutating func append(
        toolCallAt index: UInt32, id: String = "", name: String = "", arguments: String = ""
    ) throws(OutputError) {
        guard calls[index] != nil || calls.count < Self.maximumToolCalls else {
            throw .tooManyToolCalls(limit: Self.maximumToolCalls)
        }
        toolCallBytes += id.utf8.count + name.utf8.count + arguments.utf8.count
        guard toolCallBytes <= Self.maximumToolCallBytes else {
            throw .toolCallsTooLong(byteLimit: Self.maximumToolCallBytes)
        }
        var call = calls[index] ?? ToolCall(id: "", name: "", arguments: "")
        if !id.isEmpty { call.id = id }
        if !name.isEmpty { call.name = name }
        call.arguments += arguments
        calls[index] = call
    }

    public mutating func append(_ fragment: Haca_Inference_V1_ToolCallFragment) throws(OutputError) {
        try append(
            toolCallAt: fragment.index, id: fragment.id, name: fragment.name, arguments: fragment.arguments)
    }

    /// Text and fragments of one event.
    public mutating func append(_ delta: Haca_Inference_V1_Delta) throws(OutputError) {
        append(text: delta.text)
        for fragment in delta.toolCalls { try append(fragment) }
    }

    /// In index order.
    public var toolCalls: [ToolCall] { calls.sorted { $0.key < $1.key }.map(\.value) }

    /// Of the tool calls when they are why the model finished, otherwise of the text.
    public func hash(finishReason: String) -> Bytes32 {
        finishReason == "tool_calls" && !calls.isEmpty ? OutputHash.of(toolCalls: toolCalls) : text.finalize()
    }
}
