import Logging
import RPC
import WireConsensus

/// Serves the peers that connect to this node.
struct PeerAcceptor: PeerService {
    private enum ConnectionKey: RPCConnectionKey {
        typealias Value = PeerConnection
    }

    let network: PeerNetwork

    /// Long messages are decoded here, which an event loop has no time for.
    var execution: HandlerExecution { .globalPool }

    func introduce(
        _ request: Haca_Consensus_V1_Introduction, context: ServerContext
    ) async throws -> Haca_Consensus_V1_Introduction {
        let handle = context.connection
        guard handle.value(for: ConnectionKey.self) == nil else {
            throw RPCError(.failedPrecondition, "the connection is introduced already")
        }
        let connection: PeerConnection
        do throws(PeerError) {
            let node = try network.verify(request, by: context.peer)
            connection = PeerConnection(
                node: node, isOutbound: false, remoteAddress: context.peer.address,
                limits: network.configuration.limits, closeTransport: { [weak handle] in handle?.close() })
            handle.setValue(connection, for: ConnectionKey.self)
            try network.registry.admit(connection)
        } catch {
            network.configuration.logger.info(
                "peer refused", metadata: ["address": "\(context.peer.address)", "reason": "\(error)"])
            throw Self.status(of: error)
        }
        network.configuration.logger.info(
            "peer accepted", metadata: ["peer": "\(connection.id)", "address": "\(connection.remoteAddress)"])
        handle.onClose { [network] in network.ended(connection, PeerError.closed("the connection ended")) }
        Task { [network] in
            try await Task.sleep(for: network.configuration.limits.introductionTimeout)
            if !connection.isComplete {
                network.ended(connection, PeerError.badIntroduction("the streams were not opened in time"))
            }
        }
        return try network.introduction()
    }

    func gossip(
        _ requests: RequestStream<Haca_Consensus_V1_Envelope>,
        to response: ResponseWriter<Haca_Consensus_V1_Envelope>, context: ServerContext
    ) async throws {
        guard let connection = context.connection.value(for: ConnectionKey.self) else {
            throw RPCError(.failedPrecondition, "introduce yourself first")
        }
        do {
            try await connection.carry(
                context.priority, requests, to: network.events, write: { try await response.write($0) })
        } catch {
            network.ended(connection, error)
            throw (error as? PeerError).map(Self.status(of:)) ?? error
        }
    }

    func describe(
        _ request: Haca_Consensus_V1_DescribeRequest, context: ServerContext
    ) async throws -> Haca_Consensus_V1_NodeInfo {
        network.description.message
    }

    private static func status(of error: PeerError) -> RPCError {
        let code: StatusCode =
            switch error {
            case .wrongRole, .banned: .permissionDenied
            case .badIntroduction, .badMessage, .rule: .invalidArgument
            case .otherChain, .otherVersion, .unexpectedNode, .ourselves: .failedPrecondition
            case .duplicate: .alreadyExists
            case .tooManyPeers, .tooSlow: .resourceExhausted
            case .closed: .unavailable
            }
        return RPCError(code, "\(error)")
    }
}
