import ArgumentParser
import ConsensusEngine
import Foundation
import Replica
import ServiceKit

/// Forgets the chain: blocks, state, application and log go, keys stay.
struct ResetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unsafe-reset",
        abstract: "Remove the chain's data; keys, genesis and the sign state stay.",
        discussion: """
            The sign state stays because it keeps the key from signing twice. A key that is to sign on a new chain from \
            height 1 needs --sign-state; on the chain that it signed before, that can cost its stake.
            """)

    @OptionGroup var home: HomeOption
    @Flag(name: .customLong("sign-state"), help: "Begin the sign state anew as well.") var resetsSignState = false

    func run() throws {
        let layout = home.layout
        guard access(layout.dataFolder, F_OK) == 0 else {
            throw ServiceFailure(.usage, "\(layout.folder) is no node's folder: give --home")
        }
        let kept = (layout.signState as NSString).lastPathComponent
        let manager = FileManager.default
        do {
            for name in try manager.contentsOfDirectory(atPath: layout.dataFolder) where name != kept {
                try manager.removeItem(atPath: "\(layout.dataFolder)/\(name)")
            }
            if resetsSignState { try SignStateFile.write(.initial, to: layout.signState) }
        } catch {
            throw ServiceFailure(.cannotCreate, "\(layout.dataFolder): \(error)")
        }
        print("removed the chain's data in \(layout.dataFolder)")
    }
}
