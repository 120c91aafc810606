import ArgumentParser
import NIOCore
import NIOPosix

/// An OpenAI-compatible engine that runs no model: every answer is canned. It stands behind a gateway or worker in
/// benchmarks, where the engine's own cost must be nothing, and in fault tests, where it misbehaves on request.
@main
struct CannedEngine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "haca-canned-engine",
        abstract: "Serve canned OpenAI and Anthropic answers for benchmarks and fault tests. Runs no model.")

    @Option(help: "TCP port on 127.0.0.1; 0 takes a free one.")
    var port = 0
    @Option(help: "Listen on this Unix socket instead of TCP.")
    var unix: String?
    @Option(help: "Tokens in each answer, unless the request's max_tokens is lower.")
    var tokens = 16
    @Option(help: "Milliseconds before each token.")
    var delayMs = 0
    @Option(help: "Width of embeddings.")
    var dimensions = 64
    @Option(help: "Answer every generation with this HTTP status and a JSON error.")
    var failStatus: Int?
    @Option(help: "Close the connection after this many tokens of every stream.")
    var breakAfter: Int?
    @Option(help: "Send nothing more after this many tokens of every stream, and keep the connection.")
    var stallAfter: Int?
    @Option(help: "Event loop threads.")
    var threads = 1

    func run() async throws {
        let behaviour = CannedBehaviour(
            tokens: max(0, tokens), delay: .milliseconds(Int64(max(0, delayMs))), dimensions: max(1, dimensions),
            failStatus: failStatus, breakAfter: breakAfter, stallAfter: stallAfter)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads))
        let load = CannedLoad()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(CannedHandler(behaviour: behaviour, load: load))
                }
            }
        let server: any Channel
        if let unix {
            server = try await bootstrap.bind(unixDomainSocketPath: unix, cleanupExistingSocketFile: true).get()
            print("listening unix:\(unix)")
        } else {
            server = try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: "127.0.0.1", port: port).get()
            print("listening 127.0.0.1:\(server.localAddress?.port ?? port)")
        }
        FlushedOutput.flush()
        try await server.closeFuture.get()
    }
}
