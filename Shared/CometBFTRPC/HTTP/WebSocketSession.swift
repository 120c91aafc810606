import Primitives
import Synchronization

/// The requests and subscriptions of one WebSocket, apart from its frames.
final class WebSocketSession: Sendable {
    private let subscriber: String
    private let responder: RPCResponder
    private let send: @Sendable ([UInt8]) -> Void
    private let isEnded = Atomic<Bool>(false)

    init(subscriber: String, responder: RPCResponder, send: @escaping @Sendable ([UInt8]) -> Void) {
        self.subscriber = subscriber
        self.responder = responder
        self.send = send
    }

    /// Answers a message: one request, or a batch.
    func handle(_ body: [UInt8]) async {
        let batch: MethodCall.Batch
        do {
            batch = try MethodCall.batch(parsing: body)
        } catch {
            return send(MethodCall.answer(id: nil, error: error))
        }
        guard batch.calls.count <= responder.configuration.maximumBatch else {
            let limit = responder.configuration.maximumBatch
            return send(
                MethodCall.answer(
                    id: nil, error: .invalidRequest("a batch has at most \(limit) requests, got \(batch.calls.count)")))
        }
        for call in batch.calls {
            if isEnded.load(ordering: .acquiring) { return }
            if case .success(let call) = call, let answer = answerHere(call) {
                send(answer)
            } else if let answer = await responder.answer(to: call) {
                send(answer)
            }
        }
    }

    /// Ends the client's subscriptions. May be called more than once.
    func end() {
        isEnded.store(true, ordering: .releasing)
        // It may have none.
        try? responder.context.events.unsubscribe(subscriber)
    }

    /// The methods that only a WebSocket has; nil for others.
    private func answerHere(_ call: MethodCall) -> [UInt8]? {
        guard let id = call.id, ["subscribe", "unsubscribe", "unsubscribe_all"].contains(call.name) else { return nil }
        do {
            switch call.name {
            case "subscribe": try subscribe(call, id: id)
            case "unsubscribe":
                try responder.context.events.unsubscribe(subscriber, from: try query(call).query)
            default: try responder.context.events.unsubscribe(subscriber)
            }
            return MethodCall.answer(id: id, result: Array("{}".utf8))
        } catch let error as MethodError {
            return MethodCall.answer(id: id, error: error)
        } catch {
            return MethodCall.answer(id: id, error: .internal("\(error)"))
        }
    }

    private func query(_ call: MethodCall) throws -> (text: String, query: EventQuery) {
        let text = try call.arguments.named(["query"]).string("query")
        return (text, try EventQuery(parsing: text))
    }

    private func subscribe(_ call: MethodCall, id: JSON) throws {
        let (text, query) = try query(call)
        let subscription = try responder.context.events.subscribe(
            subscriber, to: query, limits: responder.configuration.subscriptionLimits)
        // The connection may have ended between the two.
        if isEnded.load(ordering: .acquiring) { return end() }
        let send = send
        Task {
            while true {
                do throws(EventSubscription.End) {
                    let event = try await subscription.next()
                    send(MethodCall.answer(id: id, result: event.result(query: text)))
                } catch {
                    if error != .unsubscribed {
                        let reason = "subscription was cancelled (reason: \(error))"
                        send(MethodCall.answer(id: id, error: .server(reason)))
                    }
                    return
                }
            }
        }
    }
}
