import ConsensusEngine
import Logging
import Replica
import ServiceKit
import Synchronization

/// Tells operators how the node is: health, details and log lines. Ends the process when the replica has halted for good.
final class NodeReport: Sendable {
    private let service: ServiceContext
    private let node: ConsensusNode
    private let logger: Logger
    private let failure = Mutex<ReplicaFailure?>(nil)

    init(service: ServiceContext, node: ConsensusNode) {
        self.service = service
        self.node = node
        logger = service.log.logger(label: "node")
    }

    func begin() {
        service.health.set("consensus", ready: false, reason: ReplicaMode.starting.rawValue)
        _ = node.events.listen { [weak self] in self?.note($0) }
        node.events.onHalt { [weak self] in self?.halted($0) }
    }

    /// Returns when a stop was asked for.
    ///
    /// - Throws: why the replica stopped, when it did.
    func untilEnded() async throws {
        await service.untilStopped()
        if let failure = failure.withLock({ $0 }) {
            throw ServiceFailure(.software, "the replica stopped: \(failure)")
        }
    }

    private func note(_ event: ReplicaEvent) {
        switch event {
        case .newBlock(let block, let id, let results):
            let height = block.header.height
            node.peers.setHeight(height)
            service.health.setDetail("height", String(height))
            service.health.setDetail("peers", String(node.peers.peers.count))
            logger.debug(
                "block executed",
                metadata: [
                    "height": "\(height)", "transactions": "\(block.transactions.count)",
                    "hash": "\(id.hash.map { "\($0)" } ?? "")", "results": "\(results.transactionResults.count)",
                ])
        case .roundStep(let height, let round, let step):
            service.health.setDetail("round", String(round))
            logger.trace("step", metadata: ["height": "\(height)", "round": "\(round)", "step": "\(step)"])
            if round > 0, step == .propose {
                logger.info("another round", metadata: ["height": "\(height)", "round": "\(round)"])
            }
        case .modeChanged(let mode):
            service.health.setDetail("mode", mode.rawValue)
            service.health.set("consensus", ready: mode == .consensus, reason: mode.rawValue)
            logger.notice("mode changed", metadata: ["event": "node.mode", "mode": "\(mode.rawValue)"])
        case .signatureRefused(let height, let round, let reason):
            logger.warning(
                "not signed", metadata: ["height": "\(height)", "round": "\(round)", "reason": "\(reason)"])
        case .ownKeyUsedElsewhere(let evidence):
            logger.critical(
                "this validator's key signed something elsewhere",
                metadata: ["event": "node.key_used_elsewhere", "height": "\(evidence.voteA.height)"])
        case .newEvidence(_, let height):
            logger.warning("evidence was committed", metadata: ["event": "node.evidence", "height": "\(height)"])
        case .validatorSetUpdates(let updates):
            logger.notice("validators change", metadata: ["event": "node.validators", "updates": "\(updates.count)"])
        case .notice(let text): logger.notice("\(text)")
        case .vote: break
        }
    }

    private func halted(_ failure: ReplicaFailure) {
        self.failure.withLock { $0 = failure }
        service.health.set("consensus", ready: false, reason: "halted: \(failure)")
        logger.critical("the replica has stopped", metadata: ["event": "node.halted", "reason": "\(failure)"])
        switch failure {
        // It never began: there is nothing worth serving, and the exit status says whether starting again helps.
        case .misconfigured, .corruptedStore, .handshake: service.stop()
        default: break
        }
    }
}
