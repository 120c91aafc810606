import CometBFTRPC
import Primitives
import Testing

@Suite struct WebSocketTests {
    @Test func `methods are answered and events pushed under the subscription's id`() async throws {
        let events = EventBus()
        try await withServer(TestNode(), events: events) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            #expect(try await socket.call("health", id: 1)["result"] == .object(JSONObject()))
            let subscribed = try await socket.call("subscribe", ["query": "tm.event='Tx' AND app.key='k2'"], id: "sub")
            #expect(subscribed["id"] == "sub" && subscribed["result"] == .object(JSONObject()))
            for height in 1...3 { events.publish(TestNode.committedBlock(Int64(height))) }
            let event = await socket.message()
            #expect(event["id"] == "sub")
            let result = try #require(event["result"])
            #expect(result["query"] == "tm.event='Tx' AND app.key='k2'")
            #expect(result["data"]?["type"] == "tendermint/event/Tx")
            #expect(result["data"]?["value"]?["TxResult"]?["height"] == "2")
            #expect(result["events"]?["tx.height"] == ["2"] && result["events"]?["app.key"] == ["k2"])
            #expect(
                try await socket.call("unsubscribe", ["query": "tm.event = 'Tx'  AND app.key = 'k2'"])["error"] == nil)
            #expect(events.subscriptionCount == 0)
            #expect(try await socket.call("unsubscribe_all")["error"]?["data"] == "subscription not found")
        }
    }

    @Test func `every kind of event has its type`() async throws {
        let events = EventBus()
        try await withServer(TestNode(), events: events) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            for name in ["NewBlock", "NewBlockHeader", "NewBlockEvents", "NewRoundStep"] {
                #expect(try await socket.call("subscribe", ["query": JSON("tm.event='\(name)'")])["error"] == nil)
            }
            events.publish(TestNode.committedBlock(4))
            events.publish(.newRoundStep(RoundPosition(height: 5, round: 0, step: "RoundStepPropose")))
            var types: [String: JSON] = [:]
            for _ in 0..<4 {
                let message = await socket.message()
                guard let data = message["result"]?["data"], let type = data["type"]?.stringValue else { continue }
                types[type] = data["value"]
            }
            #expect(types["tendermint/event/NewBlock"]?["result_finalize_block"]?["validator_updates"] == [])
            #expect(types["tendermint/event/NewBlockHeader"]?["header"]?["height"] == "4")
            #expect(types["tendermint/event/NewBlockEvents"]?["num_txs"] == "1")
            #expect(
                types["tendermint/event/RoundState"] == ["height": "5", "round": 0, "step": "RoundStepPropose"])
        }
    }

    @Test func `a client that leaves takes its subscriptions along`() async throws {
        let events = EventBus()
        try await withServer(TestNode(), events: events) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            _ = try await socket.call("subscribe", ["query": "tm.event='Tx'"])
            #expect(events.subscriptionCount == 1)
            try await socket.socket.close()
            // The same client name can only come back once the server has noticed.
            while events.subscriptionCount > 0 { await Task.yield() }
        }
    }

    @Test func `a slow client is told that it was cancelled`() async throws {
        let events = EventBus()
        let configure: (inout CometBFTRPCConfiguration) -> Void = { $0.subscriptionLimits.buffer = 1 }
        try await withServer(TestNode(), events: events, configure: configure) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            _ = try await socket.call("subscribe", ["query": "tm.event='NewBlock'"], id: 7)
            // More than one at once, until one finds the buffer full.
            while events.subscriptionCount > 0 {
                for height in 1...50 { events.publish(.newBlock(TestNode.committedBlock(Int64(height)))) }
            }
            var last: JSON = .null
            repeat { last = await socket.message() } while last["error"] == nil && last != .null
            #expect(last["id"] == 7 && last["error"]?["code"] == -32000)
        }
    }

    @Test func `limits of the reference are kept`() async throws {
        let events = EventBus()
        try await withServer(TestNode(), events: events) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            for number in 0..<5 {
                #expect(try await socket.call("subscribe", ["query": JSON("a=\(number)")])["error"] == nil)
            }
            #expect(try await socket.call("subscribe", ["query": "a=5"])["error"]?["code"] == -32603)
            #expect(try await socket.call("subscribe", ["query": "a=0"])["error"]?["data"] == "already subscribed")
            let malformed = try await socket.call("subscribe", ["query": "malformedquery"])
            #expect(malformed["error"]?["code"] == -32603 && malformed["error"]?["message"] == "Internal error")
        }
    }

    @Test func `fragments make a message and pings are answered`() async throws {
        try await withServer(TestNode()) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            let text = bytes(#"{"jsonrpc":"2.0","id":3,"method":"health"}"#)
            try await socket.send(.text, Array(text.prefix(10)), isFinal: false)
            try await socket.send(.ping, bytes("hi"))
            try await socket.send(.continuation, Array(text.dropFirst(10)))
            let pong = await socket.frame()
            #expect(pong?.opcode == WebSocketClient.Opcode.pong.rawValue && pong?.payload == bytes("hi"))
            #expect(await socket.message()["id"] == 3)
        }
    }

    @Test func `the server pings, and hangs up on silence`() async throws {
        let configure: (inout CometBFTRPCConfiguration) -> Void = {
            $0.pingInterval = .milliseconds(20)
            $0.readTimeout = .milliseconds(200)
        }
        try await withServer(TestNode(), configure: configure) { client async throws in
            let socket = try await WebSocketClient.connect(port: client.port)
            #expect(await socket.frame()?.opcode == WebSocketClient.Opcode.ping.rawValue)
            while await socket.frame() != nil {}
        }
    }

    @Test func `bad frames and floods end the connection`() async throws {
        try await withServer(TestNode(), configure: { $0.maximumBodyBytes = 1000 }) { client async throws in
            for (opcode, payload) in [
                (WebSocketClient.Opcode.continuation, bytes("x")), (.text, [UInt8](repeating: 0x20, count: 2000)),
                (.close, []),
            ] {
                let socket = try await WebSocketClient.connect(port: client.port)
                try await socket.send(opcode, payload)
                #expect(await socket.message() == .null)
            }
            let socket = try await WebSocketClient.connect(port: client.port)
            #expect(try await socket.call("health")["result"] != nil)
            await #expect(throws: WebSocketClient.Refused.self) {
                try await WebSocketClient.connect(port: client.port, path: "/elsewhere")
            }
        }
    }
}
