import Foundation
import Inference
import InferenceBackend
import Primitives
import ProcessSupervision
import RPC
import Testing
import WireInference

/// The worker as its callers see it: a real process over real RPC, with a canned engine behind it.
@Suite struct WorkerTests {
    @Test func `an answer arrives in order and its statement covers what was asked and emitted`() async throws {
        try await CannedEngineProcess.with(["--tokens", "3"]) { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine)) { worker in
                let request = WorkerFixture.request("m", ["seed": 7, "top_p": 0.5, "max_tokens": 9, "stream": true])
                let events = try await worker.events(request)
                #expect(events.first?.started.modelID == "m")
                #expect(events.dropFirst().dropLast().map(\.delta.text) == ["The", " quick", " brown"])
                let finished = try #require(events.last?.finished)
                #expect(finished.finishReason == "stop" && finished.usage.promptTokens == 8)
                let statement = try finished.receipt.verified(expectedKey: nil)
                let asked = try ChatRequest(JSON(parsing: request.body))
                #expect(Array(statement.requestHash) == asked.requestHash.bytes)
                #expect(Array(statement.outputHash) == OutputHash.of(text: "The quick brown").bytes)
                #expect(statement.nonce == request.nonce && statement.modelID == "m" && statement.backend == "openai")
                #expect(statement.parameters == asked.sampling.statement)
                #expect(statement.usage == finished.usage && statement.weightsHash.isEmpty)
                #expect(!worker.output.contains("MARKED"))
                #expect(!worker.output.contains("brown"))
            }
        }
    }

    @Test func `the text of an answer that is not streamed travels in one piece`() async throws {
        try await CannedEngineProcess.with(["--tokens", "3"]) { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine)) { worker in
                let events = try await worker.events(WorkerFixture.request("m", [:]))
                #expect(events.dropFirst().dropLast().map(\.delta.text) == ["The quick brown"])
                let finished = try #require(events.last?.finished)
                let statement = try finished.receipt.verified(expectedKey: nil)
                #expect(Array(statement.outputHash) == OutputHash.of(text: "The quick brown").bytes)
            }
        }
    }

    @Test func `tool calls are rebuilt from their fragments and hashed`() async throws {
        try await CannedEngineProcess.with { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine)) { worker in
                let tools: JSON = [["type": "function", "function": ["name": "weather"]]]
                let events = try await worker.events(WorkerFixture.request("m", ["tools": tools]))
                let finished = try #require(events.last?.finished)
                #expect(finished.finishReason == "tool_calls")
                var rebuilt = OutputAccumulator()
                for event in events { try rebuilt.append(event.delta) }
                #expect(rebuilt.toolCalls == finished.toolCalls.map(ToolCall.init))
                let statement = try finished.receipt.verified(expectedKey: nil)
                #expect(Array(statement.outputHash) == OutputHash.of(toolCalls: rebuilt.toolCalls).bytes)
            }
        }
    }

    @Test func `a response is run as the chat it means, signed over its whole body, and faults name its own fields`()
        async throws
    {
        try await CannedEngineProcess.with(["--tokens", "3"]) { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine)) { worker in
                let request = WorkerFixture.request(
                    "m", ["instructions": "MARKED", "max_output_tokens": 9, "stream": true], kind: .response)
                let finished = try #require(try await worker.events(request).last?.finished)
                let statement = try finished.receipt.verified(expectedKey: nil)
                let body = try JSON(parsing: request.body)
                #expect(Array(statement.requestHash) == Keccak256OfCanonical.hash(body).bytes)
                #expect(Array(statement.outputHash) == OutputHash.of(text: "The quick brown").bytes)
                #expect(statement.parameters.maxTokens == 9 && statement.parameters.temperature == "1.0")
                #expect(!worker.output.contains("MARKED"))
                let choice: JSON = ["type": "function", "name": "absent"]
                do {
                    _ = try await worker.events(WorkerFixture.request("m", ["tool_choice": choice], kind: .response))
                    Issue.record("a tool that was not given was accepted")
                } catch let error as RPCError {
                    #expect(error.code == .invalidArgument && error.metadata["field"] == "tool_choice")
                }
            }
        }
    }

    @Test func `completions and embeddings are signed too`() async throws {
        try await CannedEngineProcess.with(["--tokens", "2", "--dimensions", "4"]) { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine)) { worker in
                let completion = try await worker.events(WorkerFixture.request("m", kind: .completion))
                #expect(try completion.last?.finished.receipt.verified(expectedKey: nil).parameters.maxTokens == 16)
                let response = try await worker.client.embed(
                    .with {
                        $0.model = "m"
                        $0.body = Data(#"{"model":"m","input":["a","b"]}"#.utf8)
                        $0.nonce = Data(repeating: 1, count: 32)
                    })
                #expect(
                    response.embeddings.map(\.values) == [
                        [0.125, -0.125, 0.125, -0.125], [0.125, -0.125, 0.125, -0.125],
                    ])
                #expect(try response.receipt.verified(expectedKey: nil).finishReason == "stop")
            }
        }
    }

    @Test func `bad requests get statuses that name the field and repeat no text`() async throws {
        try await CannedEngineProcess.with { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine, "tools = \"none\"")) { worker in
                let bad: [(Haca_Inference_V1_GenerateRequest, StatusCode, String)] = [
                    (WorkerFixture.request("other"), .notFound, "model"),
                    (WorkerFixture.request("m", ["temperature": "MARKED"]), .invalidArgument, "temperature"),
                    (WorkerFixture.request("m", ["n": 3]), .invalidArgument, "n"),
                    (
                        WorkerFixture.request("m", ["tools": [["type": "function", "function": ["name": "f"]]]]),
                        .invalidArgument, "tools"
                    ),
                    (.with { $0.model = "m" }, .invalidArgument, "nonce"),
                    (
                        .with {
                            $0.model = "m"
                            $0.nonce = Data(repeating: 0, count: 32)
                            $0.body = Data("{\"MARKED".utf8)
                        }, .invalidArgument, "body"
                    ),
                ]
                for (request, code, word) in bad {
                    let error = await #expect(throws: RPCError.self) { try await worker.events(request) }
                    #expect(error?.code == code && error?.message.contains(word) == true)
                    #expect(error?.message.contains("MARKED") == false)
                }
                #expect(!worker.output.contains("MARKED"))
            }
        }
    }

    @Test func `beyond slots and queue requests are refused, and who leaves frees the slot`() async throws {
        try await CannedEngineProcess.with(["--stall-after", "1", "--delay-ms", "1"]) { engine in
            let model = WorkerFixture.model("m", engine, "slots = 1")
            try await WorkerFixture.with(models: model, settings: ["worker.queue_limit=1"]) { worker in
                let watch = try await worker.client.watchStatus(Haca_Inference_V1_StatusRequest()).makeAsyncIterator()
                #expect(try await watch.next()?.slots == 1)
                let first = try await worker.client.generate(WorkerFixture.request("m"))
                let reader = first.makeAsyncIterator()
                _ = try await reader.next()
                let second = try await worker.client.generate(WorkerFixture.request("m"))
                while let status = try await watch.next(), status.running != 1 || status.queued != 1 {}
                #expect(await worker.code(WorkerFixture.request("m")) == .resourceExhausted)
                first.cancel()
                // The second gets the slot that the first left.
                let other = second.makeAsyncIterator()
                #expect(try await other.next()?.started.modelID == "m")
                second.cancel()
                while let status = try await watch.next(), status.running != 0 {}
            }
        }
    }

    @Test func `the worker's limit of time and the caller's deadline end a request`() async throws {
        try await CannedEngineProcess.with(["--stall-after", "1", "--delay-ms", "1"]) { engine in
            let model = WorkerFixture.model("m", engine)
            try await WorkerFixture.with(models: model, settings: ["worker.request_timeout=200ms"]) { worker in
                #expect(await worker.code(WorkerFixture.request("m")) == .deadlineExceeded)
                let options = CallOptions(timeout: .milliseconds(50))
                let late = await worker.code(WorkerFixture.request("m"), options: options)
                #expect(late == .deadlineExceeded)
            }
        }
    }

    @Test func `a dead or broken engine is unavailable`() async throws {
        try await CannedEngineProcess.with(["--break-after", "1", "--delay-ms", "1"]) { engine in
            try await WorkerFixture.with(models: WorkerFixture.model("m", engine)) { worker in
                #expect(await worker.code(WorkerFixture.request("m")) == .unavailable)
                engine.process.signal(SIGKILL)
                _ = await engine.process.wait()
                #expect(await worker.code(WorkerFixture.request("m")) == .unavailable)
            }
        }
    }

    @Test func `provider keys are asked for, taken once and shown nowhere`() async throws {
        try await CannedEngineProcess.with { engine in
            let model = WorkerFixture.model("m", engine, "key = \"openai_api_key\"")
            try await WorkerFixture.with(models: model) { worker in
                let request = Haca_Inference_V1_StatusRequest()
                let before = try await worker.client.status(request)
                #expect(before.needsKeys && before.models.first?.reason == "waiting for openai_api_key")
                #expect(await worker.code(WorkerFixture.request("m")) == .failedPrecondition)
                let keys = Haca_Inference_V1_ProvideKeysRequest.with { $0.keys = ["openai_api_key": "sk-SECRET"] }
                #expect(try await worker.client.provideKeys(keys).providersInitialized == ["openai"])
                #expect(try await worker.client.provideKeys(keys).providersInitialized == ["openai"])
                let others = Haca_Inference_V1_ProvideKeysRequest.with { $0.keys = ["openai_api_key": "sk-OTHER"] }
                let refusal = await #expect(throws: RPCError.self) { try await worker.client.provideKeys(others) }
                #expect(refusal?.code == .alreadyExists)
                #expect(try await worker.client.status(request).needsKeys == false)
                #expect(try await worker.events(WorkerFixture.request("m")).last?.finished.finishReason == "stop")
                #expect(!worker.output.contains("sk-"))
            }
        }
    }

    @Test func `outside an enclave a worker refuses to run unless told to`() async throws {
        let process = try await ChildProcess.launch(
            LaunchSpecification(
                executable: .path(TestFiles.product("haca-worker")),
                arguments: ["--set", #"worker.models=[{id="m",backend="openai",url="http://127.0.0.1:9"}]"#]))
        #expect(await process.wait() == .code(78))
        #expect(process.lastLines().contains { $0.text.contains("haca-enclave run") })
    }
}
