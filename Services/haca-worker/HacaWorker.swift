import ServiceKit

/// The inference node: stateless, runs models behind one RPC service, and signs what it ran.
@main
struct HacaWorker {
    static func main() async {
        await ServiceRunner.main(name: "haca-worker", summary: "runs models for gateways", keys: WorkerKeys.all) {
            try await WorkerProcess(service: $0).run()
        }
    }
}
