/// From a method's path to its handler with the interceptors around it.
final class MethodRouter: Sendable {
    struct Route: Sendable {
        let method: RPCMethod
        let execution: HandlerExecution
        let run: @Sendable (RPCStream, ServerContext) async throws -> Void
    }

    let routes: [String: Route]

    /// - Parameter interceptors: The first stands outermost.
    init(services: [any RPCService], interceptors: [any ServerInterceptor]) {
        var routes: [String: Route] = [:]
        for service in services {
            for method in service.methods {
                routes[method.descriptor.path] = Route(
                    method: method, execution: service.execution, run: Self.chain(method, interceptors[...]))
            }
        }
        self.routes = routes
    }

    static let empty = MethodRouter(services: [], interceptors: [])

    private static func chain(
        _ method: RPCMethod, _ interceptors: ArraySlice<any ServerInterceptor>
    ) -> @Sendable (RPCStream, ServerContext) async throws -> Void {
        guard let first = interceptors.first else { return method.run }
        let rest = chain(method, interceptors.dropFirst())
        return { stream, context in
            try await first.intercept(context: context) { try await rest(stream, $0) }
        }
    }
}
