import Primitives

/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable {
    public enum Role: String, Sendable, CaseIterable {
        case system
        /// OpenAI's newer name of `system`; hashed as `system`.
        case developer
        case user
        case assistant
        case tool
        case function
    }

    public enum Content: Sendable, Hashable {
        case absent
        case text(String)
        case parts([Part])

        /// The text of all text parts, joined without separator.
        public var text: String {
            switch self {
            case .absent: ""
            case .text(let text): text
            case .parts(let parts): parts.compactMap(\.text).joined()
            }
        }
    }

    /// One part of multimodal content.
    public struct Part: Sendable, Hashable {
        /// `text`, `image_url`, `input_audio`, `file`, …
        public let type: String
        /// The text of a text part.
        public let text: String?
        /// The part as received, with its attachment.
        public let json: JSON
    }

    public let role: Role
    public let content: Content
    public let name: String?
    /// What the assistant called.
    public let toolCalls: [ToolCall]
    /// Which call a tool message answers.
    public let toolCallID: String?

    init(reading field: RequestField) throws(RequestError) {
        _ = try field.object()
        let roleField = try field.required("role")
        guard let role = Role(rawValue: try roleField.text()) else {
            let names = Role.allCases.map(\.rawValue).joined(separator: ", ")
            throw roleField.failure(.invalid("must be one of \(names)"))
        }
        self.role = role
        content = try Self.content(field, role: role)
        name = try field.member("name")?.text()
        if role == .function, name == nil { _ = try field.required("name") }
        var calls: [ToolCall] = []
        if role == .assistant, let list = field.member("tool_calls") {
            for element in try list.elements() { calls.append(try ToolCall(reading: element)) }
        }
        toolCalls = calls
        toolCallID = role == .tool ? try field.required("tool_call_id").text() : nil
    }

    private static func content(_ field: RequestField, role: Role) throws(RequestError) -> Content {
        guard let content = field.member("content") else {
            // Only an assistant may have said nothing, when it called tools.
            if role == .assistant || role == .function { return .absent }
            throw RequestError(field: "\(field.path).content", reason: .missing)
        }
        switch content.value {
        case .string: return .text(try content.text())
        case .array:
            var parts: [Part] = []
            for element in try content.elements() { parts.append(try part(element)) }
            return .parts(parts)
        default: throw content.wrongType("a string or an array of parts")
        }
    }

    private static func part(_ field: RequestField) throws(RequestError) -> Part {
        _ = try field.object()
        let type = try field.required("type").text()
        let text = type == "text" ? try field.required("text").text() : nil
        return Part(type: type, text: text, json: field.value)
    }
}
