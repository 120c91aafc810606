import ABCI
import CometBFTRPC
import ConsensusEngine
import ConsensusTypes
import KeyValueApplication
import KeyValueStore
import Logging
import NIOPosix
import RPC
import Replica
import ServiceKit
import Signing

/// Wires a node together and runs it until it is asked to stop.
struct ValidatorProcess: Sendable {
    let service: ServiceContext

    private var configuration: ServiceConfiguration { service.configuration }

    func run() async throws {
        let home = ValidatorHome(folder: try configuration.string("validator.home"))
        let files = try await NIOThreadPool.singleton.runIfActive { [self] in try open(home) }
        let node = ConsensusNode(
            try nodeConfiguration(home, files), store: files.chain, application: try await application(files),
            lightBlocks: try LightNodeSource(
                configuration, chainID: files.genesis.chainID, logger: service.log.logger(label: "statesync")),
            metrics: ConsensusMetrics(service.metrics), logger: service.log.logger(label: "node"))
        let report = NodeReport(service: service, node: node)
        report.begin()
        let events = EventBus()
        let index = files.index.map { ChainIndex(store: $0) }
        let publisher = ChainPublisher(
            node: node, events: events, index: index, store: files.index,
            logger: service.log.logger(label: "publisher"))
        let bound: RPCEndpoint?
        do {
            bound = try await node.start()
        } catch let failure as FileFailure {
            throw ServiceFailure(.cannotCreate, "\(failure)")
        } catch {
            throw ServiceFailure(
                .cannotCreate, "cannot listen on \(try configuration.string("validator.listen")): \(error)")
        }
        service.onStop("node") { await node.shutdown() }
        service.logger.notice(
            "listening",
            metadata: [
                "event": "validator.listening", "peers": "\(bound.map { "\($0)" } ?? "nowhere")",
                "node": "\(files.nodeKey.id)", "chain": "\(files.genesis.chainID)",
            ])
        try await serve(node, files, events, index)
        let publishing = Task { await publisher.run() }
        service.onStop("publisher") { publishing.cancel() }
        service.started()
        try await report.untilEnded()
    }

    private func serve(_ node: ConsensusNode, _ files: Files, _ events: EventBus, _ index: ChainIndex?) async throws {
        guard case .tcp(let host, let port) = try endpoint("validator.rpc_listen") else {
            throw configuration.invalid("validator.rpc_listen", "write host:port")
        }
        let view = ChainNodeView(
            node: node, genesis: files.document, rpcAddress: "tcp://\(host):\(port)", isIndexing: index != nil)
        let server = CometBFTRPCServer(
            view: view, events: events, index: index,
            configuration: CometBFTRPCConfiguration(
                host: host, port: port, allowsUnsafeMethods: try configuration.bool("validator.rpc_unsafe"),
                logger: service.log.logger(label: "rpc")))
        let bound: Int
        do {
            bound = try await server.start()
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot listen on \(host):\(port): \(error)")
        }
        service.onStop("rpc") {
            events.close()
            await server.shutdown()
        }
        service.logger.notice("RPC", metadata: ["event": "validator.rpc", "port": "\(bound)"])
    }

    // MARK: - Files

    /// What is read and opened before anything runs.
    private struct Files: Sendable {
        let document: [UInt8]
        let genesis: Genesis
        let nodeKey: NodeKey
        let validatorKey: ValidatorKey?
        let chain: any KeyValueStore
        let application: KeyValueApplication?
        /// Nil when transactions are not indexed.
        let index: (any KeyValueStore)?
    }

    private func open(_ home: ValidatorHome) throws -> Files {
        try home.makeFolders()
        let (document, genesis) = try home.readGenesis()
        var validatorKey: ValidatorKey?
        if try configuration.string("validator.role") == "validator" {
            do {
                validatorKey = try ValidatorKeyFile.read(home.validatorKey)
            } catch {
                throw ServiceFailure(.configuration, "\(error)")
            }
            guard validatorKey != nil else {
                throw ServiceFailure(
                    .configuration,
                    "\(home.validatorKey) is missing: make it with haca-validator init, or set validator.role to full")
            }
        }
        var application: KeyValueApplication?
        if try configuration.string("validator.application") == "kvstore" {
            let settings = KeyValueConfiguration(
                snapshotInterval: Int64(try configuration.int("kvstore.snapshot_interval")),
                retainedBlocks: Int64(try configuration.int("kvstore.retain_blocks")))
            application = try KeyValueApplication(
                store: try store(home.applicationStore), configuration: settings)
        }
        return Files(
            document: document, genesis: genesis, nodeKey: try home.makeNodeKey(), validatorKey: validatorKey,
            chain: try store(home.chainStore), application: application,
            index: try configuration.bool("tx_index.enable") ? try store(home.indexStore) : nil)
    }

    private func store(_ path: String) throws(ServiceFailure) -> any KeyValueStore {
        do {
            return try RocksDBKeyValueStore(path: path)
        } catch {
            throw ServiceFailure(.cannotCreate, "cannot open \(path): \(error)")
        }
    }

    // MARK: - Parts

    private func application(_ files: Files) async throws -> any ABCIClient {
        if let application = files.application { return InProcessABCIClient(application: application) }
        let text = try configuration.string("validator.application")
        let address: ABCIAddress
        do {
            address = try ABCIAddress(parsing: text)
        } catch {
            throw configuration.invalid("validator.application", "\(error)")
        }
        do {
            return try await SocketABCIClient.connect(SocketABCIClient.Configuration(address: address))
        } catch {
            throw ServiceFailure(.unavailable, "no application answers at \(address): \(error)")
        }
    }

    private func nodeConfiguration(_ home: ValidatorHome, _ files: Files) throws -> ConsensusNode.Configuration {
        ConsensusNode.Configuration(
            replica: try ValidatorSettings.replica(configuration, chainID: files.genesis.chainID),
            genesis: files.genesis, key: files.validatorKey, signStatePath: home.signState, logFolder: home.logFolder,
            peers: try peerConfiguration(files))
    }

    private func peerConfiguration(_ files: Files) throws -> PeerNetwork.Configuration {
        let listen = try endpoint("validator.listen")
        var description = NodeDescription(
            id: files.nodeKey.id, network: files.genesis.chainID, software: BuildVersion.number,
            moniker: try configuration.optionalString("validator.moniker") ?? service.instance,
            incarnation: .random(in: .min ... .max))
        description.listenAddress = try configuration.optionalString("validator.external_address") ?? "\(listen)"
        description.rpcAddress = try configuration.string("validator.rpc_listen")
        let identity = try ServiceIdentity(configuration: configuration)
        if identity == nil { try requireLoopback(listen) }
        var peers = PeerNetwork.Configuration(
            node: description, key: files.nodeKey, network: try configuration.string("network.id"),
            security: identity?.security ?? .plaintext, certificate: try identity.map(leaf))
        if identity == nil { peers.roles = nil }
        peers.listen = listen
        peers.persistentPeers = try ValidatorSettings.persistentPeers(configuration)
        peers.limits.inboundPeers = try configuration.int("validator.maximum_inbound_peers")
        peers.logger = service.log.logger(label: "peers")
        return peers
    }

    /// Without certificates anybody who reaches the port is let in, so nobody but this machine may reach it.
    private func requireLoopback(_ endpoint: RPCEndpoint) throws {
        guard case .tcp(let host, _) = endpoint, !["127.0.0.1", "::1", "localhost"].contains(host) else {
            service.logger.warning(
                "peers are not asked for certificates: set identity.certificate, identity.key and identity.authority",
                metadata: ["event": "validator.plaintext"])
            return
        }
        throw configuration.invalid(
            "validator.listen", "without identity.certificate peers may only be on this machine: listen on 127.0.0.1")
    }

    private func leaf(of identity: ServiceIdentity) throws -> [UInt8] {
        do {
            return try PEMBlock.decode(identity.certificateChainPEM, label: "CERTIFICATE")
        } catch {
            throw configuration.invalid("identity.certificate", "\(error)")
        }
    }

    private func endpoint(_ key: String) throws -> RPCEndpoint {
        do {
            return try RPCEndpoint(parsing: try configuration.string(key))
        } catch let error as RPCEndpoint.ParseError {
            throw configuration.invalid(key, "\(error)")
        }
    }
}
