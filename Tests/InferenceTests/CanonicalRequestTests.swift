import Inference
import Primitives
import Testing

@Suite("Canonical requests")
struct CanonicalRequestTests {
    private func chat(_ text: String) throws -> String {
        try CanonicalRequest.chat(JSON(parsing: text, limits: .python)).canonicalString()
    }

    @Test("what the hash does not cover is dropped and defaults are filled in")
    func selection() throws {
        #expect(
            try chat(
                #"""
                {"stream":true,"top_p":1,"n":2,"seed":1,"user":"u","tool_choice":"auto","max_tokens":null,"stop":"","tools":[],
                "response_format":{},"web_search":false,"model":"gpt-5","messages":[
                {"role":"developer","content":"d","name":"x"},{"role":"user","content":"\u00e9","name":"y"}]}
                """#)
                == #"{"messages": [{"content": "d", "role": "system"}, {"content": "\u00e9", "role": "user"}], "#
                + #""model": "gpt-5", "temperature": 0.0}"#)
    }

    @Test("optional fields are covered as received, the temperature as a float")
    func coverage() throws {
        #expect(
            try chat(
                #"""
                {"model":"m","messages":[{"role":"user","content":"x"}],"temperature":1,"max_tokens":5.0,"stop":["a"],
                "tools":[{"b":1.0,"a":1}],"response_format":{"type":"text"},"web_search":1}
                """#)
                == #"{"max_tokens": 5.0, "messages": [{"content": "x", "role": "user"}], "model": "m", "#
                + #""response_format": {"type": "text"}, "stop": ["a"], "temperature": 1.0, "tools": [{"a": 1, "b": 1.0}], "#
                + #""web_search": true}"#)
    }

    @Test("attachments leave type and file name, other values become Python's text of them")
    func userContent() throws {
        #expect(
            try chat(
                #"""
                {"model":"m","messages":[{"role":"user","content":[{"type":"text","text":null},{"type":"image_url",
                "image_url":{"url":"data:x"}},{"type":"file","file":{"filename":"a.pdf","file_data":"z"}},
                {"type":"f","filename":"b"},{},true,null,1.0,[1,"it's"],{"k":"\"'"}]},{"role":"user","content":null}]}
                """#)
                == #"{"messages": [{"content": [{"text": "", "type": "text"}, {"type": "image_url"}, "#
                + #"{"filename": "a.pdf", "type": "file"}, {"filename": "b", "type": "f"}, {"type": null}, "#
                + #"{"text": "True", "type": "text"}, {"text": "None", "type": "text"}, {"text": "1.0", "type": "text"}, "#
                + #"{"text": "[1, \"it's\"]", "type": "text"}, {"type": null}], "role": "user"}, "#
                + #"{"content": "None", "role": "user"}], "model": "m", "temperature": 0.0}"#)
    }

    @Test("assistant and tool messages keep only the signed keys")
    func otherRoles() throws {
        #expect(
            try chat(
                #"""
                {"model":"m","messages":[{"role":"assistant","content":null,"refusal":1,"tool_calls":[{"id":"1","index":0,
                "function":{"name":"f","arguments":"{}","x":1}}]},{"role":"assistant","content":"a","tool_calls":[]},
                {"role":"tool","content":"r","tool_call_id":"1","name":"f"},{"role":"function","content":"r","name":"f"},
                {"role":"system"}]}
                """#)
                == #"{"messages": [{"content": "", "role": "assistant", "tool_calls": [{"function": {"arguments": "{}", "#
                + #""name": "f"}, "id": "1", "type": "function"}]}, {"content": "a", "role": "assistant"}, "#
                + #"{"content": "r", "role": "tool", "tool_call_id": "1"}, {"content": "r", "name": "f", "role": "function"}, "#
                + #"{"content": null, "role": "system"}], "model": "m", "temperature": 0.0}"#)
    }

    @Test("completions have their own defaults")
    func completions() throws {
        let canonical = { (text: String) in try CanonicalRequest.completion(JSON(parsing: text)).canonicalString() }
        #expect(
            try canonical(#"{"model":"m","prompt":"p","stream":true}"#)
                == #"{"max_tokens": 16, "model": "m", "prompt": "p", "temperature": 1.0}"#)
        #expect(
            try canonical(#"{"model":"m","prompt":"p","max_tokens":null,"temperature":null,"stop":"."}"#)
                == #"{"model": "m", "prompt": "p", "stop": ".", "temperature": 0.0}"#)
    }

    @Test("the typed request hashes the same object")
    func typedRequest() throws {
        let body: JSON = ["model": "m", "messages": [["role": "user", "content": "hi"]], "temperature": 1]
        let request = try ChatRequest(body)
        #expect(request.canonicalJSON() == (try CanonicalRequest.chat(body)))
        #expect(request.requestHash == Keccak256OfCanonical.hash(request.canonicalJSON()))
    }
}
