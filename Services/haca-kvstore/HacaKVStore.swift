import ABCI
import KeyValueApplication
import KeyValueStore
import ServiceKit

/// The key-value application in a process of its own, behind the ABCI socket: for our validator or for CometBFT.
@main
struct HacaKVStore {
    static func main() async {
        await ServiceRunner.main(
            name: "haca-kvstore", summary: "a replicated key-value map behind an ABCI socket", keys: KVStoreKeys.all,
            arguments: KVStoreKeys.expanded(CommandLine.arguments.dropFirst())
        ) { service in
            let configuration = service.configuration
            let address = try listenAddress(configuration)
            let store: any KeyValueStore
            if let path = try configuration.optionalString("kvstore.data") {
                do {
                    store = try RocksDBKeyValueStore(path: path)
                } catch {
                    throw ServiceFailure(.cannotCreate, "cannot open the state in \(path): \(error)")
                }
            } else {
                store = InMemoryKeyValueStore()
            }
            let application = try KeyValueApplication(
                store: store,
                configuration: KeyValueConfiguration(
                    snapshotInterval: Int64(try configuration.int("kvstore.snapshot_interval")),
                    usesVoteExtensions: try configuration.bool("kvstore.vote_extensions"),
                    retainedBlocks: Int64(try configuration.int("kvstore.retained_blocks"))))
            let server = ABCIServer(
                application: application,
                configuration: ABCIServerConfiguration(address: address, logger: service.logger))
            let bound: ABCIAddress
            do {
                bound = try await server.start()
            } catch {
                throw ServiceFailure(.cannotCreate, "cannot listen on \(address): \(error)")
            }
            service.onStop("abci") { await server.shutdown() }
            service.logger.info(
                "serving the application on \(bound)",
                metadata: ["event": "abci.listening", "height": "\(application.height)"])
            service.started()
            await service.untilStopped()
        }
    }

    private static func listenAddress(_ configuration: ServiceConfiguration) throws -> ABCIAddress {
        do {
            return try ABCIAddress(parsing: try configuration.string("kvstore.listen"))
        } catch let error as ABCIAddress.ParseError {
            throw configuration.invalid("kvstore.listen", "\(error)")
        }
    }
}
