import RPC

/// The Reflection service: names the methods that a process serves.
public struct ReflectionHandlers: ReflectionService {
    private let response: Haca_Operations_V1_ListServicesResponse

    /// - Parameter services: What the process serves beside reflection itself.
    public init(services: [any RPCService]) {
        let own = ReflectionMethods.all
        let descriptors = services.flatMap { $0.methods.map(\.descriptor) } + own
        var response = Haca_Operations_V1_ListServicesResponse()
        for (name, methods) in Dictionary(grouping: descriptors, by: \.service).sorted(by: { $0.key < $1.key }) {
            var service = Haca_Operations_V1_ServiceDescription()
            service.name = name
            service.methods = methods.map { method in
                .with {
                    $0.name = method.path
                    $0.clientStreaming = method.clientStreaming
                    $0.serverStreaming = method.serverStreaming
                    $0.requestType = method.requestType
                    $0.responseType = method.responseType
                    $0.idempotent = method.idempotent
                }
            }
            response.services.append(service)
        }
        self.response = response
    }

    public func listServices(
        _ request: Haca_Operations_V1_ListServicesRequest, context: ServerContext
    ) async throws -> Haca_Operations_V1_ListServicesResponse {
        response
    }
}
