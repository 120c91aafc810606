/// Stands around every handler of a server: authorisation, metrics, logs.
///
/// `next` runs the rest of the chain and the handler; throwing instead refuses the call with that status.
public protocol ServerInterceptor: Sendable {
    func intercept(
        context: ServerContext, next: @Sendable (ServerContext) async throws -> Void
    ) async throws
}
