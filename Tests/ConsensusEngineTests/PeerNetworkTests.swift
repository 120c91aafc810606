import Consensus
import FaultProxy
import Logging
import RPC
import Testing

import ConsensusEngine

/// One node's side of a peer network, on loopback without TLS.
private final class Node: Sendable {
    let key: NodeKey
    let peers: RecordedPeers
    let network: PeerNetwork
    let port: Int

    init(
        chain: String = "chain", key: NodeKey? = nil, incarnation: UInt64? = nil, port: Int = 0,
        dialing others: [PersistentPeer] = [], peers: RecordedPeers = RecordedPeers(), limits: PeerLimits = .init()
    ) async throws {
        self.key = try key ?? NodeKey()
        self.peers = peers
        let description = NodeDescription(
            id: self.key.id, network: chain, software: "test", moniker: "test",
            incarnation: incarnation ?? .random(in: .min ... .max))
        var configuration = PeerNetwork.Configuration(
            node: description, key: self.key, network: "test", security: .plaintext, certificate: nil)
        configuration.roles = nil
        configuration.listen = .tcp(host: "127.0.0.1", port: port)
        configuration.persistentPeers = others
        configuration.limits = limits
        configuration.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        network = PeerNetwork(configuration, events: peers)
        guard case .tcp(_, let bound)? = try await network.start() else { throw PeerError.closed("no port") }
        self.port = bound
    }

    var id: PeerID { key.id }
    var address: PersistentPeer { PersistentPeer(id: id, endpoint: .tcp(host: "127.0.0.1", port: port)) }

    func connected(to other: Node) async { await peers.wait { $0.contains(.connected(other.id)) } }
}

@Suite struct PeerNetworkTests {
    private let patient: PeerLimits = {
        var limits = PeerLimits()
        limits.redial = Backoff(initial: .milliseconds(10), maximum: .milliseconds(50), jitter: 0)
        return limits
    }()

    @Test func `two nodes introduce themselves and carry messages both ways in order`() async throws {
        let b = try await Node()
        let a = try await Node(dialing: [b.address])
        await a.connected(to: b)
        await b.connected(to: a)
        let sent = (0..<500).map { [UInt8](repeating: UInt8($0 & 0xFF), count: 1 + $0) }
        for message in sent {
            a.network.send(message, on: .data, to: [b.id])
            b.network.send(message, on: .vote, to: [a.id])
        }
        await a.peers.wait { $0.count >= 501 }
        await b.peers.wait { $0.count >= 501 }
        #expect(a.peers.messages == sent)
        #expect(b.peers.messages == sent)
        #expect(b.peers.events.last == .message(sent[499], .data, a.id))
        await a.network.shutdown()
        await b.network.shutdown()
    }

    @Test func `a message longer than every window arrives whole`() async throws {
        let b = try await Node()
        let a = try await Node(dialing: [b.address])
        await a.connected(to: b)
        let block = [UInt8](repeating: 0x5A, count: 9 << 20)
        a.network.send(block, on: .blocks, to: [b.id])
        await b.peers.wait { $0.count >= 2 }
        #expect(b.peers.messages == [block])
        await a.network.shutdown()
        await b.network.shutdown()
    }

    @Test func `nodes of another chain never become peers`() async throws {
        let b = try await Node(chain: "other")
        let c = try await Node()
        let a = try await Node(dialing: [b.address, c.address], limits: patient)
        await a.connected(to: c)
        await c.connected(to: a)
        #expect(!a.peers.events.contains(.connected(b.id)))
        #expect(b.peers.events.isEmpty)
        await a.network.shutdown()
        await b.network.shutdown()
        await c.network.shutdown()
    }

    @Test func `a node that is not the expected one is left`() async throws {
        let b = try await Node()
        let c = try await Node()
        let wrong = PersistentPeer(id: try NodeKey().id, endpoint: b.address.endpoint)
        let a = try await Node(dialing: [wrong, c.address], limits: patient)
        await a.connected(to: c)
        #expect(!a.peers.events.contains(.connected(b.id)))
        #expect(!a.peers.events.contains(.connected(wrong.id)))
        await a.network.shutdown()
        await b.network.shutdown()
        await c.network.shutdown()
    }

    @Test func `an introduction signed for another certificate is refused`() throws {
        let key = try NodeKey()
        let node = NodeDescription(id: key.id, network: "chain", software: "", moniker: "", incarnation: 1)
        let other = NodeDescription(
            id: try NodeKey().id, network: "chain", software: "", moniker: "", incarnation: 1)
        let introduction = try PeerIntroduction.make(node, key: key, certificate: [1, 2, 3])
        #expect(try PeerIntroduction.verify(introduction, certificate: [1, 2, 3], ours: other) == node)
        #expect(throws: PeerError.self) {
            try PeerIntroduction.verify(introduction, certificate: [1, 2, 4], ours: other)
        }
        var stolen = introduction
        stolen.publicKey = .init(try NodeKey().key.publicKey)
        #expect(throws: PeerError.self) { try PeerIntroduction.verify(stolen, certificate: [1, 2, 3], ours: other) }
        #expect(throws: PeerError.ourselves) {
            try PeerIntroduction.verify(introduction, certificate: [1, 2, 3], ours: node)
        }
    }

    @Test func `nodes that connect to each other at the same time end with one connection`() async throws {
        let b = try await Node(limits: patient)
        let a = try await Node(dialing: [b.address], limits: patient)
        let dialer = PeerDialer(peer: a.address, network: b.network)
        let tasks = [
            Task { await dialer.run() },
            // What is sent over the connection that loses is lost with it, so each says it over every one.
            Task { for await id in a.peers.connections { a.network.send([1], on: .state, to: [id]) } },
            Task { for await id in b.peers.connections { b.network.send([2], on: .state, to: [id]) } },
        ]
        await a.peers.wait { $0.contains(.message([2], .state, b.id)) }
        await b.peers.wait { $0.contains(.message([1], .state, a.id)) }
        #expect(a.network.peers.count == 1)
        #expect(b.network.peers.count == 1)
        for task in tasks { task.cancel() }
        await a.network.shutdown()
        await b.network.shutdown()
        for task in tasks { await task.value }
    }

    @Test func `a lost connection is made again`() async throws {
        let b = try await Node()
        let proxy = LinkProxy(host: "127.0.0.1", port: b.port)
        let port = try await proxy.start()
        let a = try await Node(
            dialing: [PersistentPeer(id: b.id, endpoint: .tcp(host: "127.0.0.1", port: port))], limits: patient)
        await a.connected(to: b)
        proxy.reset()
        await a.peers.wait { events in events.count { $0 == .connected(b.id) } >= 2 }
        await b.peers.wait { events in events.count { $0 == .connected(a.id) } >= 2 }
        #expect(a.peers.events.contains(.disconnected(b.id)))
        a.network.send([9], on: .vote, to: [b.id])
        await b.peers.wait { $0.contains(.message([9], .vote, a.id)) }
        await a.network.shutdown()
        await b.network.shutdown()
        await proxy.stop()
    }

    @Test func `a peer that does not keep up is cut off when its queue is full`() async throws {
        var limits = patient
        limits.queuedBytes.high = 256 << 10
        limits.receivedBytes.high = 64 << 10
        limits.redial = Backoff(initial: .seconds(60), maximum: .seconds(60), jitter: 0)
        let b = try await Node(peers: RecordedPeers(consumes: false), limits: limits)
        let a = try await Node(dialing: [b.address], limits: limits)
        await a.connected(to: b)
        let part = [UInt8](repeating: 1, count: 64 << 10)
        var sent = 0
        while !a.peers.events.contains(.disconnected(b.id)), sent < 10_000 {
            a.network.send(part, on: .data, to: [b.id])
            sent += 1
        }
        await a.peers.wait { $0.contains(.disconnected(b.id)) }
        #expect(sent < 10_000)
        await a.network.shutdown()
        await b.network.shutdown()
    }

    @Test func `votes arrive while a stream of blocks is held up`() async throws {
        var limits = patient
        limits.receivedBytes.bulk = 64 << 10
        let b = try await Node(peers: RecordedPeers(consumes: false), limits: limits)
        let a = try await Node(dialing: [b.address], limits: limits)
        await a.connected(to: b)
        for _ in 0..<8 { a.network.send([UInt8](repeating: 1, count: 1 << 20), on: .blocks, to: [b.id]) }
        a.network.send([7], on: .vote, to: [b.id])
        await b.peers.wait { $0.contains(.message([7], .vote, a.id)) }
        await a.network.shutdown()
        await b.network.shutdown()
    }

    @Test func `a peer that sends what is no message is cut off and kept out`() async throws {
        let b = try await Node(limits: patient)
        let a = try await Node(dialing: [b.address], limits: patient)
        // The side that accepts has its peer earlier than the side that connects.
        await a.connected(to: b)
        a.network.send([0xBA, 0xD0], on: .vote, to: [b.id])
        await b.peers.wait { $0.contains(.disconnected(a.id)) }
        await a.peers.wait { $0.contains(.disconnected(b.id)) }
        #expect(b.network.peers.isEmpty)
        await a.network.shutdown()
        await b.network.shutdown()
    }

    @Test func `every sent message is counted as written once`() async throws {
        let b = try await Node()
        let a = try await Node(dialing: [b.address])
        await a.connected(to: b)
        for index in 0..<300 { a.network.send([UInt8(index & 0xFF)], on: .state, to: [b.id]) }
        await b.peers.wait { $0.count >= 301 }
        // Counted when the transport took them, which is before they arrived.
        let rest = a.network.peers.first?.takeWritten() ?? 0
        #expect(a.peers.written + rest == 300)
        await a.network.shutdown()
        await b.network.shutdown()
    }
}
