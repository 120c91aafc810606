import Inference
import Primitives
import Signing
import Testing

@Suite("Output hashes and the compatible signature")
struct OutputTests {
    @Test("streamed text hashes like the whole")
    func text() throws {
        var output = OutputAccumulator()
        for piece in ["Hé", "", "llo ", "😀"] { output.append(text: piece) }
        #expect(output.hash(finishReason: "stop") == OutputHash.of(text: "Héllo 😀"))
        #expect(output.hash(finishReason: "tool_calls") == OutputHash.of(text: "Héllo 😀"))
    }

    @Test("tool call fragments are put together by index and hashed as canonical JSON")
    func toolCalls() throws {
        var output = OutputAccumulator()
        output.append(text: "thinking")
        try output.append(toolCallAt: 1, id: "b", name: "g", arguments: "")
        try output.append(toolCallAt: 0, id: "a", name: "f", arguments: "{\"x\":")
        try output.append(toolCallAt: 0, arguments: "1}")
        let expected =
            #"[{"function": {"arguments": "{\"x\":1}", "name": "f"}, "id": "a", "type": "function"}, "#
            + #"{"function": {"arguments": "", "name": "g"}, "id": "b", "type": "function"}]"#
        #expect(output.hash(finishReason: "tool_calls") == Keccak256.hash(expected))
        #expect(output.hash(finishReason: "stop") == OutputHash.of(text: "thinking"))
    }

    @Test("tool calls are bounded in number and size")
    func bounds() throws {
        var output = OutputAccumulator()
        for index in 0..<UInt32(OutputAccumulator.maximumToolCalls) { try output.append(toolCallAt: index, id: "x") }
        #expect(throws: OutputError.tooManyToolCalls(limit: 128)) { try output.append(toolCallAt: 999, id: "x") }
        let long = String(repeating: "x", count: OutputAccumulator.maximumToolCallBytes)
        #expect(throws: OutputError.self) { try output.append(toolCallAt: 0, arguments: long) }
    }

    @Test("a compatible signature verifies with its own key, hashes and time only")
    func signature() throws {
        let key = try RSASigningKey()
        let signature = try CompatibleSignature.sign(
            request: Keccak256.hash("r"), output: Keccak256.hash("o"), timestamp: 1_700_000_000, with: key)
        #expect(signature.isValid(for: key.publicKey))
        #expect(signature.members["tee_id"]?.stringValue == Keccak256.hash(key.publicKeyDER).description)
        #expect(signature.members["tee_request_hash"]?.stringValue == Keccak256.hash("r").hex)
        let later = CompatibleSignature(
            requestHash: signature.requestHash, outputHash: signature.outputHash, timestamp: 1_700_000_001,
            teeID: signature.teeID, signature: signature.signature)
        #expect(!later.isValid(for: key.publicKey))
        let swapped = CompatibleSignature(
            requestHash: signature.outputHash, outputHash: signature.requestHash, timestamp: 1_700_000_000,
            teeID: signature.teeID, signature: signature.signature)
        #expect(!swapped.isValid(for: key.publicKey))
        #expect(!signature.isValid(for: try RSASigningKey().publicKey))
    }
}
