/// The node's side of the application boundary. Requests on one logical connection are answered in the order they were
/// submitted; requests on different connections are independent.
public protocol ABCIClient: Sendable {
    /// Queues a request on its connection and returns at once; never blocks.
    ///
    /// - Parameter completion: called exactly once, on any thread, in order of submission within a connection. An error is
    ///   final for the client: every request after it fails too.
    func submit(
        _ request: ABCIRequest, completion: @escaping @Sendable (Result<ABCIResponse, ABCIError>) -> Void)

    /// Ends the client; requests that have no answer yet fail with `ABCIError.closed`.
    func close() async
}

extension ABCIClient {
    /// Submits a request and waits for its answer. Cancellation of the task does not withdraw the request.
    public func send(_ request: ABCIRequest) async throws(ABCIError) -> ABCIResponse {
        let result = await withCheckedContinuation { continuation in
            submit(request) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}
