import Primitives

/// Writes the events of a streamed response: `event: NAME` and `data:` with a running `sequence_number`.
///
/// Items are opened when their first piece arrives and closed together at the end, in the order of their index: pieces of
/// several calls may arrive in turns. The signed members stand in the `response` of the last event.
public struct ResponseStreamEncoder: Sendable {
    private struct Call {
        let outputIndex: Int
        var call: AnswerToolCall
    }

    private let head: ResponseHead
    private var sequenceNumber = 0
    private var itemCount = 0
    /// Nil before the first text.
    private var messageIndex: Int?
    private var text = ""
    private var logprobs: [UInt8] = []
    /// In order of their opening.
    private var calls: [(index: UInt32, call: Call)] = []

    public init(head: ResponseHead) { self.head = head }

    /// The first two events.
    public mutating func start() -> [UInt8] {
        let response = ResponseObject.encodeBeginning(head: head)
        return ["response.created", "response.in_progress"].flatMap { event($0) { $0.member("response", response) } }
    }

    /// What one delta of the model makes: items that begin, and their pieces.
    public mutating func delta(
        text piece: String, toolCalls: [AnswerToolCallFragment] = [], logprobs: [UInt8] = []
    ) -> [UInt8] {
        var events: [UInt8] = []
        if !piece.isEmpty {
            events += openMessage()
            let elements = ResponseLogProbabilities.elements(ofChat: logprobs)
            text += piece
            if !self.logprobs.isEmpty, !elements.isEmpty { self.logprobs.append(UInt8(ascii: ",")) }
            self.logprobs += elements
            events += partEvent("response.output_text.delta") {
                $0.member("delta", string: piece)
                $0.member("logprobs", [UInt8(ascii: "[")] + elements + [UInt8(ascii: "]")])
            }
        }
        for fragment in toolCalls { events += append(fragment) }
        return events
    }

    /// The events that close the items, and the last one.
    public mutating func finish(finishReason: String, usage: TokenUsage, proof: AnswerProof) -> [UInt8] {
        let status = ResponseStatus(finishReason: finishReason)
        var events = calls.isEmpty ? openMessage() : []
        var items = [[UInt8]](repeating: [], count: itemCount)
        if let messageIndex {
            items[messageIndex] = ResponseItem.message(
                id: head.messageID, status: status.rawValue, text: text, logprobs)
        }
        for (_, call) in calls {
            items[call.outputIndex] = ResponseItem.call(
                id: head.callID(call.outputIndex), status: status.ofCall(finishReason), call.call)
        }
        for (index, item) in items.enumerated() {
            events += index == messageIndex ? closeContent() : closeArguments(index)
            events += event("response.output_item.done") {
                $0.member("output_index", index)
                $0.member("item", item)
            }
        }
        let response = ResponseObject.encode(
            head: head, items: items, finishReason: finishReason, usage: usage, proof: proof)
        return events + event("response.\(status.rawValue)") { $0.member("response", response) }
    }

    /// An in-band failure; the stream ends after it.
    public mutating func failure(_ error: APIError) -> [UInt8] {
        event("error") {
            $0.member("code", string: error.code)
            $0.member("message", string: error.message)
            $0.member("param", string: error.parameter)
        }
    }

    // MARK: Items

    private mutating func openItem(_ item: [UInt8]) -> [UInt8] {
        let index = itemCount
        itemCount += 1
        return event("response.output_item.added") {
            $0.member("output_index", index)
            $0.member("item", item)
        }
    }

    private mutating func openMessage() -> [UInt8] {
        guard messageIndex == nil else { return [] }
        messageIndex = itemCount
        let added = openItem(ResponseItem.message(id: head.messageID, status: "in_progress", text: nil))
        return added + partEvent("response.content_part.added") { $0.member("part", ResponseItem.part("", [])) }
    }

    private mutating func append(_ fragment: AnswerToolCallFragment) -> [UInt8] {
        var events: [UInt8] = []
        if !calls.contains(where: { $0.index == fragment.index }) {
            let call = AnswerToolCall(id: fragment.id, name: fragment.name, arguments: "")
            calls.append((fragment.index, Call(outputIndex: itemCount, call: call)))
            events += openItem(ResponseItem.call(id: head.callID(itemCount), status: "in_progress", call))
        }
        guard !fragment.arguments.isEmpty, let position = calls.firstIndex(where: { $0.index == fragment.index }) else {
            return events
        }
        calls[position].call.call.arguments += fragment.arguments
        let index = calls[position].call.outputIndex
        let id = head.callID(index)
        return events
            + event("response.function_call_arguments.delta") {
                $0.member("item_id", string: id)
                $0.member("output_index", index)
                $0.member("delta", string: fragment.arguments)
            }
    }

    private mutating func closeContent() -> [UInt8] {
        let (text, logprobs) = (self.text, self.logprobs)
        let done = partEvent("response.output_text.done") {
            $0.member("text", string: text)
            $0.member("logprobs", [UInt8(ascii: "[")] + logprobs + [UInt8(ascii: "]")])
        }
        return done + partEvent("response.content_part.done") { $0.member("part", ResponseItem.part(text, logprobs)) }
    }

    private mutating func closeArguments(_ index: Int) -> [UInt8] {
        guard let call = calls.first(where: { $0.call.outputIndex == index })?.call.call else { return [] }
        let id = head.callID(index)
        return event("response.function_call_arguments.done") {
            $0.member("item_id", string: id)
            $0.member("output_index", index)
            $0.member("name", string: call.name)
            $0.member("arguments", string: call.arguments)
        }
    }

    // MARK: Framing

    /// An event about the one content part of the message.
    private mutating func partEvent(_ name: String, _ members: (inout JSONBytes) -> Void) -> [UInt8] {
        let (id, index) = (head.messageID, messageIndex ?? 0)
        return event(name) {
            $0.member("item_id", string: id)
            $0.member("output_index", index)
            $0.member("content_index", 0)
            members(&$0)
        }
    }

    private mutating func event(_ name: String, _ members: (inout JSONBytes) -> Void) -> [UInt8] {
        var out = JSONBytes()
        out.literal("{\"type\":")
        out.string(name)
        out.member("sequence_number", sequenceNumber)
        members(&out)
        out.literal("}")
        sequenceNumber += 1
        return ServerSentEvent.named(name, out.bytes)
    }
}

extension JSONBytes {
    fileprivate mutating func member(_ key: StaticString, _ json: [UInt8]) {
        name(key)
        raw(json)
    }

    fileprivate mutating func member(_ key: StaticString, string text: String?) {
        name(key)
        stringOrNull(text)
    }

    fileprivate mutating func member(_ key: StaticString, _ number: Int) {
        name(key)
        integer(number)
    }

    private mutating func name(_ key: StaticString) {
        literal(",\"")
        literal(key)
        literal("\":")
    }
}
