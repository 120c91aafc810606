import ArgumentParser
import ConsensusEngine
import ConsensusTypes
import Foundation
import Replica
import ServiceKit

/// Makes a node's folder: keys, an empty sign state, and the genesis of a chain with this one validator. What is there
/// already stays.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make a node's folder, with the genesis of a chain of its own unless there is one.")

    @OptionGroup var home: HomeOption
    @Option(name: .customLong("chain-id"), help: "Name of the chain.") var chainID = "haca-local"
    @Option(help: "Power of this validator in the genesis.") var power: Int64 = 10
    @Option(help: "Name of this validator in the genesis.") var name = "validator"

    func run() throws {
        let layout = home.layout
        try layout.makeFolders()
        let node = try layout.makeNodeKey()
        let key = try layout.makeValidatorKey()
        if access(layout.genesis, F_OK) != 0 {
            let genesis = Genesis(
                time: SystemClock.wall, chainID: chainID,
                validators: [GenesisValidator(publicKey: key.publicKey, power: power, name: name)])
            try genesis.checked(in: layout)
        }
        print("\(node.id) \(key.address) \(layout.folder)")
    }
}

/// Makes the folders of all validators of a new chain. Folders that are there already stay, so that it can be run again.
struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "testnet", abstract: "Make the folders of all validators of a chain: NAME-0, NAME-1, …")

    /// Validators of one local network.
    static let maximumValidators = 64

    @Option(help: "Folder for the validators' folders.", completion: .directory) var output = "."
    @Option(help: "How many validators.") var validators = 4
    @Option(name: .customLong("chain-id"), help: "Name of the chain.") var chainID = "haca-local"
    @Option(help: "First part of the folders' names.") var name = "validator"
    @Option(help: "Power of each validator.") var power: Int64 = 10

    func validate() throws {
        guard (1...Self.maximumValidators).contains(validators) else {
            throw ValidationError("--validators is 1 to \(Self.maximumValidators)")
        }
    }

    func run() throws {
        let layouts = (0..<validators).map { ValidatorHome(folder: "\(output)/\(name)-\($0)") }
        var members: [GenesisValidator] = []
        var lines: [String] = []
        for (index, layout) in layouts.enumerated() {
            try layout.makeFolders()
            let node = try layout.makeNodeKey()
            let key = try layout.makeValidatorKey()
            members.append(
                GenesisValidator(publicKey: key.publicKey, power: power, name: "\(name)-\(index)"))
            lines.append("\(name)-\(index) \(node.id) \(key.address)")
        }
        var genesis = Genesis(time: SystemClock.wall, chainID: chainID, validators: members)
        if let existing = layouts.first(where: { access($0.genesis, F_OK) == 0 }) {
            genesis = try existing.readGenesis().genesis
        }
        for layout in layouts where access(layout.genesis, F_OK) != 0 { try genesis.checked(in: layout) }
        for line in lines { print(line) }
    }
}

extension Genesis {
    /// Checks the document and writes it into a node's folder.
    fileprivate func checked(in layout: ValidatorHome) throws(ServiceFailure) {
        do {
            try validate()
        } catch {
            throw ServiceFailure(.usage, "no chain can start so: \(error)")
        }
        try layout.write(self)
    }
}
