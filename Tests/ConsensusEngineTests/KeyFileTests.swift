import Consensus
import ConsensusTypes
import Foundation
import Primitives
import Replica
import Testing

import ConsensusEngine

@Suite struct KeyFileTests {
    @Test func `a node key comes back from its file and names the same node`() throws {
        let folder = try TemporaryFolder()
        let key = try NodeKey()
        try key.save(to: folder.file("node_key.json"))
        let read = try #require(try NodeKey(file: folder.file("node_key.json")))
        #expect(read.id == key.id)
        #expect(try NodeKey(file: folder.file("none.json")) == nil)
    }

    @Test func `a node's id is the first twenty bytes of its key's hash`() {
        // SHA-256 of 32 zero bytes.
        let id = PeerID(nodeKey: [UInt8](repeating: 0, count: 32))
        #expect("\(id)" == "66687aadf862bd776c8fc18b8e9f8e2008971485")
    }

    @Test func `key files hold keys that only the owner reads`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("priv_validator_key.json")
        try ValidatorKeyFile.write(try ValidatorKey(seed: [UInt8](repeating: 7, count: 32)), to: path)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }

    @Test func `a missing or broken sign state is an error and not a fresh one`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("priv_validator_state.json")
        #expect(throws: FileFailure.self) { try SignStateFile.read(path) }
        try DurableFile.replace(path, with: Array(#"{"height":"5","round":0"#.utf8))
        #expect(throws: FileFailure.self) { try SignStateFile.read(path) }
        let state = LastSignState(
            height: 5, round: 1, step: .precommit, signature: [UInt8](repeating: 1, count: 64), signBytes: [1, 2, 3])
        try SignStateFile.write(state, to: path)
        #expect(try SignStateFile.read(path) == state)
    }

    @Test func `a replaced file is whole and leaves nothing beside it`() throws {
        let folder = try TemporaryFolder()
        for content in [[1, 2, 3], [], [UInt8](repeating: 9, count: 100_000)] as [[UInt8]] {
            try DurableFile.replace(folder.file("state"), with: content)
            #expect(try DurableFile.read(folder.file("state")) == content)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state"])
    }
}
