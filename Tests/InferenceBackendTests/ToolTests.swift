import InferenceBackend
import Primitives
import Testing

@Suite struct ToolSchemaTests {
    private func tools(_ parameters: JSON...) throws -> [Tool] {
        let list = parameters.enumerated().map { index, schema -> JSON in
            ["type": "function", "function": ["name": JSON("f\(index)"), "parameters": schema]]
        }
        return try GenerationRequest.chat(["tools": .array(list)]).tools
    }

    @Test func `one tool that must be called is one object`() throws {
        let schema = try ToolSchema.schema(for: tools(["type": "object", "properties": [:]]), allowsAnswer: false)
        #expect(schema["anyOf"] == nil)
        #expect(schema["properties"]?["name"] == ["const": "f0"])
        #expect(schema["properties"]?["arguments"] == ["$ref": "#/$defs/tool0"])
        #expect(schema["required"] == ["name", "arguments"])
        #expect(schema["$defs"]?["tool0"]?["additionalProperties"] == false)
    }

    @Test func `several tools and an answer are alternatives, calls first`() throws {
        let schema = try ToolSchema.schema(for: tools([:], [:]), allowsAnswer: true)
        let names = schema["anyOf"]?.arrayValue?.map { $0["required"]?.arrayValue?.first?.stringValue }
        #expect(names == ["name", "name", "answer"])
    }

    @Test func `open strings and lists get a bound, at every depth`() throws {
        let parameters: JSON = [
            "type": "object",
            "properties": [
                "a": ["type": "string"], "b": ["type": "string", "enum": ["x"]],
                "c": ["type": "string", "maxLength": 3],
                "d": ["type": "array", "items": ["type": ["string", "null"]]], "e": ["anyOf": [["type": "string"]]],
                "f": ["type": "string", "minLength": 300],
            ],
        ]
        let schema = try ToolSchema.schema(for: tools(parameters), allowsAnswer: false)
        let properties = schema["$defs"]?["tool0"]?["properties"]
        #expect(properties?["a"]?["maxLength"] == 256)
        #expect(properties?["b"]?["maxLength"] == nil)
        #expect(properties?["c"]?["maxLength"] == 3)
        #expect(properties?["d"]?["maxItems"] == 16)
        #expect(properties?["d"]?["items"]?["maxLength"] == 256)
        #expect(properties?["e"]?["anyOf"]?.arrayValue?.first?["maxLength"] == 256)
        #expect(properties?["f"]?["maxLength"] == 300)
    }

    @Test func `references inside a tool's schema still point into it`() throws {
        let parameters: JSON = [
            "type": "object", "properties": ["node": ["$ref": "#/$defs/node"], "$ref": ["type": "integer"]],
            "$defs": ["node": ["type": "object", "properties": ["next": ["$ref": "#/$defs/node"]]]],
        ]
        let schema = try ToolSchema.schema(for: tools(parameters), allowsAnswer: false)
        let tool = schema["$defs"]?["tool0"]
        #expect(tool?["properties"]?["node"]?["$ref"] == "#/$defs/tool0/$defs/node")
        #expect(tool?["properties"]?["$ref"] == ["type": "integer"])
        #expect(tool?["$defs"]?["node"]?["properties"]?["next"]?["$ref"] == "#/$defs/tool0/$defs/node")
        #expect(throws: BackendError.self) {
            try ToolSchema.schema(for: tools(["$ref": "https://example.org/schema"]), allowsAnswer: false)
        }
    }
}

@Suite struct ConstrainedToolTests {
    private func request(_ choice: JSON, messages: JSON, extra: JSONObject = [:]) throws -> GenerationRequest {
        var body: JSONObject = [
            "messages": messages, "tool_choice": choice, "stop": ["END"],
            "tools": [
                ["type": "function", "function": ["name": "weather", "description": "Gives the weather."]],
                ["type": "function", "function": ["name": "time"]],
            ],
        ]
        for member in extra.members { body[member.key] = member.value }
        return try GenerationRequest.chat(body)
    }

    private let question: JSON = [["role": "system", "content": "Be brief."], ["role": "user", "content": "Rain?"]]
    private var afterResult: JSON {
        [
            ["role": "user", "content": "Rain?"],
            [
                "role": "assistant", "content": nil,
                "tool_calls": [
                    [
                        "id": "c1", "type": "function",
                        "function": ["name": "weather", "arguments": "{\"city\":\"Oslo\"}"],
                    ]
                ],
            ],
            ["role": "tool", "tool_call_id": "c1", "content": "wet"],
        ]
    }

    @Test func `auto offers calls and an answer`() throws {
        let plan = try ConstrainedTools(request("auto", messages: question))
        #expect(plan.decoder != nil)
        #expect(plan.request.tools.isEmpty && plan.request.sampling.stop.isEmpty)
        let schema = plan.request.sampling.responseFormat?["json_schema"]?["schema"]
        #expect(schema?["anyOf"]?.arrayValue?.count == 3)
        guard case .chat(let messages) = plan.request.input else { return }
        #expect(messages.count == 2)
        #expect(messages[0]["content"]?.stringValue?.hasPrefix("Be brief.\n\nYou can call") == true)
    }

    @Test func `a named tool is the only one`() throws {
        let choice: JSON = ["type": "function", "function": ["name": "time"]]
        let plan = try ConstrainedTools(request(choice, messages: question))
        let schema = plan.request.sampling.responseFormat?["json_schema"]?["schema"]
        #expect(schema?["properties"]?["name"] == ["const": "time"])
    }

    @Test func `after a result auto answers in plain words, required calls again`() throws {
        let plan = try ConstrainedTools(request("auto", messages: afterResult))
        #expect(plan.decoder == nil && plan.request.sampling.responseFormat == nil)
        #expect(plan.request.sampling.stop == ["END"])
        guard case .chat(let messages) = plan.request.input else { return }
        #expect(messages[1]["content"] == "{\"name\": \"weather\", \"arguments\": {\"city\":\"Oslo\"}}")
        #expect(messages[2] == ["role": "user", "content": "Result of weather: wet"])
        #expect(try ConstrainedTools(request("required", messages: afterResult)).decoder != nil)
    }

    @Test func `a response format beside tools is refused, without them it stays`() throws {
        let format: JSONObject = ["response_format": ["type": "json_object"]]
        #expect(throws: BackendError.self) {
            try ConstrainedTools(request("auto", messages: question, extra: format))
        }
        let plan = try ConstrainedTools(request("none", messages: question, extra: format))
        #expect(plan.request.sampling.responseFormat == ["type": "json_object"])
    }

    private func decode(_ text: String, stop: [String] = [], size: Int) throws -> (
        String, ConstrainedToolDecoder.Ending
    ) {
        var decoder = ConstrainedToolDecoder(stop: stop)
        var output = ""
        var rest = text[...]
        while !rest.isEmpty {
            output += try decoder.consume(String(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
        let ending = decoder.finish()
        return (output + ending.text, ending)
    }

    @Test(arguments: [1, 2, 3, 7, 100])
    func `an answer's text comes out unescaped whatever the pieces`(size: Int) throws {
        let text = #" { "answer" : "a\"b\\\n\u00e9\ud83d\ude00 \ud800x日\/" }"#
        let (output, ending) = try decode(text, size: size)
        #expect(output == "a\"b\\\n\u{E9}😀 \u{FFFD}x日/")
        #expect(ending.call == nil)
    }

    @Test(arguments: [1, 2, 5, 100])
    func `a call comes out whole with compact arguments`(size: Int) throws {
        let text = "{\n \"name\": \"weather\",\n \"arguments\": {\"city\": \"Oslo\", \"n\": 1.0}\n}"
        let (output, ending) = try decode(text, size: size)
        #expect(output.isEmpty)
        #expect(ending.call?.name == "weather")
        #expect(ending.call?.arguments == #"{"city":"Oslo","n":1.0}"#)
    }

    @Test func `a call that was cut off is no call`() throws {
        let (output, ending) = try decode("{\"name\": \"weather\", \"argu", size: 4)
        #expect(output.isEmpty && ending.call == nil)
    }

    @Test(arguments: [1, 3, 100])
    func `a stop sequence ends the answer`(size: Int) throws {
        let (output, ending) = try decode(#"{"answer": "one EN END two"}"#, stop: ["END", "zzz"], size: size)
        #expect(output == "one EN ")
        #expect(ending.hitStop)
    }

    @Test func `text held back for a stop sequence is given at the end`() throws {
        var filter = StopFilter(["STOP"])
        #expect(filter.consume("aST") == "a")
        #expect(filter.consume("OX") == "STOX")
        #expect(filter.consume("ST") == "")
        #expect(filter.finish() == "ST")
        #expect(!filter.hasStopped)
    }
}
