import Inference
import OpenAIAPI
import Primitives
import Testing

private func responseHead(_ more: JSONObject = [:]) throws -> ResponseHead {
    var body: JSONObject = ["model": "openai/gpt-5", "input": "hi", "temperature": 0]
    for member in more.members { body[member.key] = member.value }
    return ResponseHead(name: "ab12", created: 1_764_000_000, request: try ResponsesRequest(.object(body)))
}

/// The events of a stream in order, each checked for its framing.
private func events(_ bytes: [UInt8]) throws -> [JSON] {
    try String(decoding: bytes, as: UTF8.self).split(separator: "\n\n").map { event in
        let lines = event.split(separator: "\n")
        #expect(lines.count == 2)
        let json = try JSON(parsing: Array(lines[1].utf8.dropFirst("data: ".utf8.count)))
        #expect(lines[0] == "event: \(json["type"]?.stringValue ?? "")")
        return json
    }
}

@Suite struct ResponseObjectTests {
    @Test func `a response holds its message, its settings, its usage and the signed members`() throws {
        let answer = FinishedAnswer(text: "Zwölf \"Affen\"", finishReason: "stop", usage: usage)
        let head = try responseHead(["instructions": "be brief", "metadata": ["a": "b"], "max_output_tokens": 9])
        let body = try parse(ResponseObject.encode(head: head, answer: answer, proof: proof))
        #expect(body["object"] == "response" && body["status"] == "completed" && body["id"] == "resp_ab12")
        #expect(body["model"] == "openai/gpt-5" && body["error"] == .null && body["incomplete_details"] == .null)
        let item = try #require(body["output"]?.arrayValue?.first)
        #expect(item["type"] == "message" && item["role"] == "assistant" && item["status"] == "completed")
        #expect(
            item["content"]
                == [["type": "output_text", "text": JSON(answer.text), "annotations": [], "logprobs": []]])
        #expect(body["instructions"] == "be brief" && body["metadata"] == ["a": "b"])
        #expect(body["max_output_tokens"] == 9 && body["store"] == false && body["tool_choice"] == "auto")
        #expect(
            body["usage"]
                == [
                    "input_tokens": 3, "input_tokens_details": ["cached_tokens": 2], "output_tokens": 5,
                    "output_tokens_details": ["reasoning_tokens": 0], "total_tokens": 8,
                ])
        #expect(body["tee_signature"] == "c2ln" && body["haca"]?["model"] == "smollm2-135m")
        #expect(AnswerOutput.hash(ofAnswer: body) == OutputHash.of(text: answer.text))
    }

    @Test func `an answer that was cut off says why`() throws {
        for (reason, said) in [("length", "max_output_tokens"), ("content_filter", "content_filter")] {
            let answer = FinishedAnswer(text: "a", finishReason: reason, usage: usage)
            let body = try parse(ResponseObject.encode(head: try responseHead(), answer: answer, proof: proof))
            #expect(body["status"] == "incomplete" && body["incomplete_details"] == ["reason": JSON(said)])
            #expect(body["output"]?.arrayValue?.first?["status"] == "incomplete")
        }
    }

    @Test func `function calls are items, complete only where they are the signed output`() throws {
        let calls = [
            AnswerToolCall(id: "call_1", name: "f", arguments: #"{"a":1}"#),
            AnswerToolCall(id: "call_2", name: "g", arguments: "{}"),
        ]
        let signed = OutputHash.of(toolCalls: calls.map { ToolCall(id: $0.id, name: $0.name, arguments: $0.arguments) })
        for (reason, status) in [("tool_calls", "completed"), ("length", "incomplete")] {
            let answer = FinishedAnswer(text: "", toolCalls: calls, finishReason: reason, usage: usage)
            let body = try parse(ResponseObject.encode(head: try responseHead(), answer: answer, proof: proof))
            let items = try #require(body["output"]?.arrayValue)
            #expect(items.map { $0["type"] } == ["function_call", "function_call"])
            #expect(items.map { $0["status"] } == [JSON(status), JSON(status)])
            #expect(items[0]["call_id"] == "call_1" && items[0]["arguments"] == #"{"a":1}"#)
            #expect(Set(items.compactMap { $0["id"]?.stringValue }).count == 2)
            let hash = AnswerOutput.hash(ofAnswer: body)
            #expect(hash == (reason == "tool_calls" ? signed : OutputHash.of(text: "")))
        }
    }

    @Test func `log-probabilities stand beside the text`() throws {
        let logprobs = Array(#"{"content":[{"token":"a","logprob":-1}],"refusal":null}"#.utf8)
        let answer = FinishedAnswer(text: "a", logprobs: logprobs, finishReason: "stop", usage: usage)
        let body = try parse(ResponseObject.encode(head: try responseHead(), answer: answer, proof: proof))
        let part = body["output"]?.arrayValue?.first?["content"]?.arrayValue?.first
        #expect(part?["logprobs"] == [["token": "a", "logprob": -1]])
    }
}

@Suite struct ResponseStreamTests {
    @Test func `a text has its events in OpenAI's order, numbered, and the last holds the signed whole`() throws {
        var encoder = ResponseStreamEncoder(head: try responseHead())
        let bytes =
            encoder.start() + encoder.delta(text: "a\n") + encoder.delta(text: "b")
            + encoder.finish(finishReason: "stop", usage: usage, proof: proof)
        let events = try events(bytes)
        #expect(
            events.compactMap { $0["type"]?.stringValue } == [
                "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.completed",
            ])
        #expect(events.compactMap { $0["sequence_number"]?.intValue } == Array(0..<events.count))
        #expect(events[0]["response"]?["status"] == "in_progress")
        #expect(events[4]["delta"] == "a\n" && events[4]["item_id"] == events[2]["item"]?["id"])
        #expect(events[6]["text"] == "a\nb")
        for event in events.dropLast() { #expect(event["response"]?["tee_signature"] == nil) }
        let last = try #require(events.last?["response"])
        let whole = FinishedAnswer(text: "a\nb", finishReason: "stop", usage: usage)
        #expect(try last == parse(ResponseObject.encode(head: try responseHead(), answer: whole, proof: proof)))
        let output = try #require(AnswerOutput.hash(ofStream: events))
        #expect(output.hash == OutputHash.of(text: "a\nb") && output.finalChunk["tee_signature"] == "c2ln")
    }

    @Test func `fragments of calls arrive in turns and rebuild the calls`() throws {
        var encoder = ResponseStreamEncoder(head: try responseHead())
        func piece(_ index: UInt32, _ id: String, _ arguments: String) -> AnswerToolCallFragment {
            AnswerToolCallFragment(index: index, id: id, name: id.isEmpty ? "" : "f", arguments: arguments)
        }
        let bytes =
            encoder.start() + encoder.delta(text: "", toolCalls: [piece(0, "c1", "{"), piece(1, "c2", "[")])
            + encoder.delta(text: "", toolCalls: [piece(0, "", "}"), piece(1, "", "]")])
            + encoder.finish(finishReason: "tool_calls", usage: usage, proof: proof)
        let events = try events(bytes)
        let done = events.filter { $0["type"] == "response.function_call_arguments.done" }
        #expect(done.map { $0["arguments"] } == ["{}", "[]"])
        #expect(events.filter { $0["type"] == "response.output_item.added" }.map { $0["output_index"] } == [0, 1])
        let items = try #require(events.last?["response"]?["output"]?.arrayValue)
        #expect(items.map { $0["type"] } == ["function_call", "function_call"])
        let signed = [("c1", "{}"), ("c2", "[]")].map { ToolCall(id: $0, name: "f", arguments: $1) }
        #expect(AnswerOutput.hash(ofStream: events)?.hash == OutputHash.of(toolCalls: signed))
    }

    @Test func `an empty answer still has its message, and a failure is an event of its own`() throws {
        var encoder = ResponseStreamEncoder(head: try responseHead())
        let empty = try events(encoder.start() + encoder.finish(finishReason: "stop", usage: usage, proof: proof))
        #expect(empty.last?["response"]?["output"]?.arrayValue?.count == 1)
        var broken = ResponseStreamEncoder(head: try responseHead())
        let failed = try events(
            broken.start() + broken.failure(.unavailable("The worker was lost.", code: "worker_lost")))
        #expect(failed.last?["type"] == "error" && failed.last?["code"] == "worker_lost")
        #expect(failed.last?["sequence_number"] == 2)
    }
}
