import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// Writes the Swift source for the services of one `.proto` file.
struct ServiceWriter {
    let file: FileDescriptor
    let visibility: String
    let namer = SwiftProtobufNamer()

    func contents() -> String {
        var printer = CodePrinter(addNewlines: true)
        printer.print(
            "// Written by protoc-gen-haca from \(file.name); `make proto` writes it anew.",
            "",
            "import RPC",
            "import SwiftProtobuf")
        for service in file.services {
            writeTable(service, to: &printer)
            writeProtocol(service, to: &printer)
            writeClient(service, to: &printer)
        }
        return printer.content
    }

    // MARK: - Parts

    private func writeTable(_ service: ServiceDescriptor, to printer: inout CodePrinter) {
        printer.print("", "/// The methods of `\(service.fullName)`, with their JSON transcoding.")
        printer.print("\(visibility) enum \(service.name)Methods {")
        printer.withIndentation { printer in
            for method in service.methods {
                printer.print(
                    "\(visibility) static let \(swiftName(method)) = Method<\(input(method)), \(output(method))>(")
                printer.withIndentation { printer in
                    printer.print(
                        "service: \"\(service.fullName)\", name: \"\(method.name)\",",
                        "clientStreaming: \(method.clientStreaming), serverStreaming: \(method.serverStreaming), "
                            + "idempotent: \(isIdempotent(method)))")
                }
            }
            printer.print("", "\(visibility) static let all: [MethodDescriptor] = [")
            printer.withIndentation { printer in
                for method in service.methods { printer.print("\(swiftName(method)).descriptor,") }
            }
            printer.print("]")
        }
        printer.print("}")
    }

    private func writeProtocol(_ service: ServiceDescriptor, to printer: inout CodePrinter) {
        printer.print("")
        document(service.protoSourceComments(commentPrefix: "///"), or: "`\(service.fullName)`.", to: &printer)
        printer.print("\(visibility) protocol \(service.name)Service: RPCService {")
        printer.withIndentation { printer in
            for method in service.methods {
                document(method.protoSourceComments(commentPrefix: "///"), or: nil, to: &printer)
                printer.print(handlerSignature(method))
            }
        }
        printer.print("}", "", "extension \(service.name)Service {")
        printer.withIndentation { printer in
            printer.print("\(visibility) var methods: [RPCMethod] {", "    [")
            printer.withIndentation { printer in
                printer.withIndentation { printer in
                    for method in service.methods { writeRegistration(method, of: service, to: &printer) }
                }
            }
            printer.print("    ]", "}")
        }
        printer.print("}")
    }

    private func writeRegistration(
        _ method: MethodDescriptor, of service: ServiceDescriptor, to printer: inout CodePrinter
    ) {
        let name = swiftName(method)
        let table = "\(service.name)Methods.\(name)"
        switch (method.clientStreaming, method.serverStreaming) {
        case (false, false):
            printer.print(".unary(\(table)) { try await self.\(name)($0, context: $1) },")
        case (false, true):
            printer.print(".serverStreaming(\(table)) { try await self.\(name)($0, to: $1, context: $2) },")
        case (true, false):
            printer.print(".clientStreaming(\(table)) { try await self.\(name)($0, context: $1) },")
        case (true, true):
            printer.print(".bidirectional(\(table)) { try await self.\(name)($0, to: $1, context: $2) },")
        }
    }

    private func writeClient(_ service: ServiceDescriptor, to printer: inout CodePrinter) {
        printer.print("", "/// Typed calls of `\(service.fullName)` over a channel.")
        printer.print("\(visibility) struct \(service.name)Client: Sendable {")
        printer.withIndentation { printer in
            printer.print("\(visibility) let channel: any RPCChannel", "")
            printer.print("\(visibility) init(_ channel: any RPCChannel) {", "    self.channel = channel", "}")
            for method in service.methods {
                printer.print("")
                document(method.protoSourceComments(commentPrefix: "///"), or: nil, to: &printer)
                writeCall(method, of: service, to: &printer)
            }
        }
        printer.print("}")
    }

    private func writeCall(
        _ method: MethodDescriptor, of service: ServiceDescriptor, to printer: inout CodePrinter
    ) {
        let name = swiftName(method)
        let table = "\(service.name)Methods.\(name)"
        let options = "options: CallOptions = .init()"
        switch (method.clientStreaming, method.serverStreaming) {
        case (false, false):
            printer.print(
                "\(visibility) func \(name)(_ request: \(input(method)), \(options)) async throws -> \(output(method)) {"
            )
            printer.print("    try await channel.call(\(table), request, options: options)")
        case (false, true):
            printer.print("\(visibility) func \(name)(")
            printer.print("    _ request: \(input(method)), \(options)")
            printer.print(") async throws -> ResponseStream<\(output(method))> {")
            printer.print("    try await channel.download(\(table), request, options: options)")
        case (true, false):
            printer.print("\(visibility) func \(name)(")
            printer.print("    \(options), _ write: (RequestWriter<\(input(method))>) async throws -> Void")
            printer.print(") async throws -> \(output(method)) {")
            printer.print("    try await channel.upload(\(table), options: options, write)")
        case (true, true):
            printer.print("\(visibility) func \(name)(")
            printer.print("    \(options)")
            printer.print(") async throws -> BidirectionalCall<\(input(method)), \(output(method))> {")
            printer.print("    try await channel.converse(\(table), options: options)")
        }
        printer.print("}")
    }

    // MARK: - Names

    private func handlerSignature(_ method: MethodDescriptor) -> String {
        let request =
            method.clientStreaming ? "_ requests: RequestStream<\(input(method))>" : "_ request: \(input(method))"
        if method.serverStreaming {
            return "func \(swiftName(method))(\(request), to response: ResponseWriter<\(output(method))>, "
                + "context: ServerContext) async throws"
        }
        return "func \(swiftName(method))(\(request), context: ServerContext) async throws -> \(output(method))"
    }

    private func document(_ comment: String, or fallback: String?, to printer: inout CodePrinter) {
        let lines = comment.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.isEmpty }
        if lines.isEmpty {
            if let fallback { printer.print("/// \(fallback)") }
            return
        }
        for line in lines { printer.print(String(line)) }
    }

    private func input(_ method: MethodDescriptor) -> String { namer.fullName(message: method.inputType) }
    private func output(_ method: MethodDescriptor) -> String { namer.fullName(message: method.outputType) }

    private func isIdempotent(_ method: MethodDescriptor) -> Bool {
        switch method.options.idempotencyLevel {
        case .noSideEffects, .idempotent: true
        case .idempotencyUnknown: false
        }
    }

    /// `WatchStatus` becomes `watchStatus`; a leading run of capitals is lowered as one word.
    private func swiftName(_ method: MethodDescriptor) -> String {
        let characters = Array(method.name)
        var run = characters.prefix { $0.isUppercase }.count
        if run > 1 && run < characters.count { run -= 1 }
        let name = method.name.prefix(run).lowercased() + method.name.dropFirst(run)
        return Self.reserved.contains(name) ? "`\(name)`" : name
    }

    private static let reserved: Set<String> = [
        "init", "self", "import", "func", "repeat", "return", "switch", "default", "public", "internal", "private",
        "static", "where", "while", "is", "as", "in", "for", "do", "try", "throw", "throws", "operator", "all",
    ]
}
