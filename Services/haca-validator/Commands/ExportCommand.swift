import ArgumentParser
import ConsensusTypes
import KeyValueStore
import Primitives
import Replica
import ServiceKit

/// Prints where the stored chain stands as a genesis document: its validators and parameters, to begin another chain with.
struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the chain's validators and parameters after the last block as a genesis document.",
        discussion:
            "The application's state is the old genesis document's: what it stores is the application's to export.")

    @OptionGroup var home: HomeOption
    @Option(name: .customLong("chain-id"), help: "Name of the new chain; default: the old one's.") var chainID: String?

    func run() throws {
        let layout = home.layout
        let old = try layout.readGenesis().genesis
        let state: ChainState?
        do {
            state = try ChainReader(RocksDBKeyValueStore(path: layout.chainStore)).state()
        } catch {
            throw ServiceFailure(.unavailable, "\(layout.chainStore): \(error)")
        }
        guard let state, state.lastBlockHeight > 0 else {
            throw ServiceFailure(.unavailable, "there is no block yet: the genesis is \(layout.genesis)")
        }
        let names = Dictionary(old.validators.map { ($0.publicKey, $0.name) }) { first, _ in first }
        let genesis = Genesis(
            time: state.lastBlockTime, chainID: chainID ?? old.chainID, initialHeight: state.lastBlockHeight + 1,
            parameters: state.parameters,
            validators: state.nextValidators.validators.map {
                GenesisValidator(
                    publicKey: $0.publicKey, power: $0.votingPower, name: names[$0.publicKey] ?? "")
            },
            applicationState: old.applicationState)
        print(genesis.cometJSON.encodedString())
    }
}
