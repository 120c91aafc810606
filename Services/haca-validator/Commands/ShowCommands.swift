import ArgumentParser
import ConsensusEngine
import ConsensusTypes
import Primitives
import Replica
import ServiceKit

struct ShowNodeIDCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show-node-id", abstract: "Print the id by which peers know the node.")

    @OptionGroup var home: HomeOption

    func run() throws {
        do {
            guard let key = try NodeKey(file: home.layout.nodeKey) else {
                throw ServiceFailure(
                    .unavailable, "\(home.layout.nodeKey) is missing: make it with haca-validator init")
            }
            print(key.id)
        } catch let failure as FileFailure {
            throw ServiceFailure(.configuration, "\(failure)")
        }
    }
}

struct ShowValidatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show-validator", abstract: "Print the validator's public key and address as JSON.")

    @OptionGroup var home: HomeOption

    func run() throws {
        do {
            guard let key = try ValidatorKeyFile.read(home.layout.validatorKey) else {
                throw ServiceFailure(
                    .unavailable, "\(home.layout.validatorKey) is missing: make it with haca-validator init")
            }
            let json: JSON = ["address": JSON("\(key.address)"), "pub_key": key.publicKey.cometJSON]
            print(json.encodedString())
        } catch let failure as FileFailure {
            throw ServiceFailure(.configuration, "\(failure)")
        }
    }
}
