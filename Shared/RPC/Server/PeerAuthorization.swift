/// Lets a call through when the role in the peer's certificate may call the method.
public struct PeerAuthorization: ServerInterceptor {
    /// Which roles may call what. A pattern is a method's path, or a service followed by `/*`, as in
    /// `/haca.operations.v1.Health/*`; the more exact one counts.
    public struct Rules: Sendable {
        public enum Callers: Sendable, Hashable {
            case anyone
            case roles(Set<String>)
        }

        private var callers: [String: Callers] = [:]

        public init() {}

        public mutating func allow(_ callers: Callers, _ pattern: String) {
            self.callers[pattern] = callers
        }

        func callers(of method: MethodDescriptor) -> Callers? {
            callers[method.path] ?? callers["/\(method.service)/*"]
        }
    }

    private let rules: Rules

    public init(rules: Rules) {
        self.rules = rules
    }

    public func intercept(
        context: ServerContext, next: @Sendable (ServerContext) async throws -> Void
    ) async throws {
        switch rules.callers(of: context.method) {
        case .anyone?: break
        case .roles(let roles)?:
            guard let role = context.peer.role else {
                throw RPCError(.unauthenticated, "the method needs a certificate with a role")
            }
            guard roles.contains(role) else {
                throw RPCError(.permissionDenied, "the role \(role) may not call \(context.method.path)")
            }
        case nil:
            // What no rule names is closed.
            throw RPCError(.permissionDenied, "no rule lets anybody call \(context.method.path)")
        }
        try await next(context)
    }
}
