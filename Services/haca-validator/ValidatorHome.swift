import ConsensusEngine
import ConsensusTypes
import Foundation
import Replica
import ServiceKit

/// Where a node keeps everything, laid out like a CometBFT home.
struct ValidatorHome: Sendable {
    /// Absolute, without a trailing slash.
    let folder: String

    init(folder: String) {
        self.folder = URL(fileURLWithPath: folder).standardizedFileURL.path
    }

    var configurationFolder: String { folder + "/config" }
    var dataFolder: String { folder + "/data" }
    var genesis: String { configurationFolder + "/genesis.json" }
    var nodeKey: String { configurationFolder + "/node_key.json" }
    var validatorKey: String { configurationFolder + "/priv_validator_key.json" }
    /// In the data folder, as CometBFT has it; `unsafe-reset` keeps it.
    var signState: String { dataFolder + "/priv_validator_state.json" }
    var logFolder: String { dataFolder + "/cs.wal" }
    var chainStore: String { dataFolder + "/chain.db" }
    var indexStore: String { dataFolder + "/index.db" }
    var applicationStore: String { dataFolder + "/application.db" }

    func makeFolders() throws(ServiceFailure) {
        for path in [configurationFolder, dataFolder] {
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw ServiceFailure(.cannotCreate, "cannot make the folder \(path): \(error)")
            }
        }
    }

    /// The genesis document as it stands in the file, and what it says.
    func readGenesis() throws(ServiceFailure) -> (document: [UInt8], genesis: Genesis) {
        do {
            guard let document = try DurableFile.read(genesis, limit: Genesis.maximumBytes) else {
                throw ServiceFailure(.configuration, "\(genesis) is missing: make it with haca-validator init")
            }
            let parsed = try Genesis(parsing: document)
            try parsed.validate()
            return (document, parsed)
        } catch let failure as ServiceFailure {
            throw failure
        } catch {
            throw ServiceFailure(.configuration, "\(genesis): \(error)")
        }
    }

    /// The node's key, made and written when it is not there.
    func makeNodeKey() throws(ServiceFailure) -> NodeKey {
        do {
            if let key = try NodeKey(file: nodeKey) { return key }
            let key = try NodeKey()
            try key.save(to: nodeKey)
            return key
        } catch {
            throw ServiceFailure(.cannotCreate, "\(error)")
        }
    }

    /// The validator's key, made and written with an empty sign state when it is not there. A key without its sign state is
    /// refused later, so the state is written first.
    func makeValidatorKey() throws(ServiceFailure) -> ValidatorKey {
        do {
            if let key = try ValidatorKeyFile.read(validatorKey) { return key }
            guard access(signState, F_OK) != 0 else {
                throw ServiceFailure(
                    .cannotCreate, "\(signState) belongs to a key that is gone: bring \(validatorKey) back")
            }
            var generator = SystemRandomNumberGenerator()
            let key = try ValidatorKey(seed: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
            try SignStateFile.write(.initial, to: signState)
            try ValidatorKeyFile.write(key, to: validatorKey)
            return key
        } catch let failure as ServiceFailure {
            throw failure
        } catch {
            throw ServiceFailure(.cannotCreate, "\(error)")
        }
    }

    func write(_ genesis: Genesis) throws(ServiceFailure) {
        do {
            try DurableFile.replace(self.genesis, with: genesis.cometJSON.encoded(), permissions: 0o644)
        } catch {
            throw ServiceFailure(.cannotCreate, "\(error)")
        }
    }
}
