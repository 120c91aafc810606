import RPC
import WireOperations

/// The RPC services that every process serves beside its own: health, reflection, and an echo for benchmarks and tests.
public enum OperationsServices {
    /// - Parameters:
    ///   - health: what `Health` reports.
    ///   - methods: what else the process serves; reflection lists it after the operations' own methods.
    public static func all(
        health: HealthState, describing methods: @escaping @Sendable () -> [MethodDescriptor]
    ) -> [any RPCService] {
        [HealthResponder(health: health), ReflectionResponder(methods: methods), EchoResponder()]
    }
}

private struct HealthResponder: HealthService {
    let health: HealthState

    func check(
        _ request: Haca_Operations_V1_HealthRequest, context: ServerContext
    ) async throws -> Haca_Operations_V1_HealthReport {
        report
    }

    func watch(
        _ request: Haca_Operations_V1_HealthRequest, to response: ResponseWriter<Haca_Operations_V1_HealthReport>,
        context: ServerContext
    ) async throws {
        var last: Haca_Operations_V1_HealthReport?
        for await _ in health.changes() {
            let report = report
            if report != last { try await response.write(report) }
            last = report
        }
    }

    private var report: Haca_Operations_V1_HealthReport {
        var report = Haca_Operations_V1_HealthReport()
        report.status = health.isReady ? .serving : .notServing
        report.dependencies = health.dependencies.map { known in
            var dependency = Haca_Operations_V1_HealthReport.Dependency()
            dependency.name = known.name
            dependency.ready = known.isReady
            dependency.reason = known.reason
            return dependency
        }
        return report
    }
}

private struct ReflectionResponder: ReflectionService {
    let methods: @Sendable () -> [MethodDescriptor]

    func listServices(
        _ request: Haca_Operations_V1_ListServicesRequest, context: ServerContext
    ) async throws -> Haca_Operations_V1_ListServicesResponse {
        var response = Haca_Operations_V1_ListServicesResponse()
        for method in HealthMethods.all + ReflectionMethods.all + EchoMethods.all + methods() {
            if response.services.last?.name != method.service {
                var service = Haca_Operations_V1_ServiceDescription()
                service.name = method.service
                response.services.append(service)
            }
            var description = Haca_Operations_V1_MethodDescription()
            description.name = method.path
            description.clientStreaming = method.clientStreaming
            description.serverStreaming = method.serverStreaming
            description.requestType = method.requestType
            description.responseType = method.responseType
            description.idempotent = method.idempotent
            response.services[response.services.count - 1].methods.append(description)
        }
        return response
    }
}

private struct EchoResponder: EchoService {
    /// Messages that one download may ask for.
    private static let maximumCount: UInt64 = 10_000_000

    func unary(
        _ request: Haca_Operations_V1_EchoMessage, context: ServerContext
    ) async throws -> Haca_Operations_V1_EchoMessage {
        try fail(request)
        return request
    }

    func download(
        _ request: Haca_Operations_V1_EchoMessage, to response: ResponseWriter<Haca_Operations_V1_EchoMessage>,
        context: ServerContext
    ) async throws {
        guard request.count <= Self.maximumCount else {
            throw RPCError(.invalidArgument, "count is at most \(Self.maximumCount)")
        }
        var message = Haca_Operations_V1_EchoMessage()
        message.payload = request.payload
        var written: UInt64 = 0
        while written < request.count {
            try await response.write(message)
            written += 1
        }
        try fail(request)
    }

    func upload(
        _ requests: RequestStream<Haca_Operations_V1_EchoMessage>, context: ServerContext
    ) async throws -> Haca_Operations_V1_EchoMessage {
        var answer = Haca_Operations_V1_EchoMessage()
        for try await request in requests {
            try fail(request)
            answer.count += 1
            answer.bytes += UInt64(request.payload.count)
        }
        return answer
    }

    func chat(
        _ requests: RequestStream<Haca_Operations_V1_EchoMessage>,
        to response: ResponseWriter<Haca_Operations_V1_EchoMessage>, context: ServerContext
    ) async throws {
        for try await request in requests {
            try fail(request)
            try await response.write(request)
        }
    }

    private func fail(_ request: Haca_Operations_V1_EchoMessage) throws {
        guard request.failWith != 0 else { return }
        throw RPCError(StatusCode(rawValue: request.failWith) ?? .unknown, "asked to fail")
    }
}
