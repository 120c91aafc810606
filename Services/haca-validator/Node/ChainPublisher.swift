import CometBFTRPC
import Consensus
import ConsensusEngine
import DequeModule
import Foundation
import KeyValueStore
import Logging
import NIOPosix
import Replica
import Synchronization

/// Indexes every executed block and tells subscribers, in order of height, on a thread that may wait. Blocks that were
/// executed while it was behind, or in an earlier run, are read from the store again, so that none is left out and few are
/// held in memory.
final class ChainPublisher: Sendable {
    /// Executed blocks that wait in memory.
    private static let maximumHeld = 16
    /// Height of the last indexed block, big-endian; beside the index's own keys.
    private static let heightKey: [UInt8] = [0xFF] + Array("indexed height".utf8)

    private let node: ConsensusNode
    private let events: EventBus
    private let index: ChainIndex?
    private let store: (any KeyValueStore)?
    private let logger: Logger
    private let held = Mutex<Deque<CommittedBlock>>([])
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// - Parameter store: where the index keeps its entries; nil for a node without an index.
    init(node: ConsensusNode, events: EventBus, index: ChainIndex?, store: (any KeyValueStore)?, logger: Logger) {
        self.node = node
        self.events = events
        self.index = index
        self.store = store
        self.logger = logger
        (wakeUps, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        _ = node.events.listen { [weak self] in self?.note($0) }
    }

    /// Runs until its task is cancelled.
    func run() async {
        do {
            var next = try await NIOThreadPool.singleton.runIfActive { [self] in try firstHeight() }
            wakeUp.yield()
            for await _ in wakeUps {
                next = try await NIOThreadPool.singleton.runIfActive { [self, next] in try publish(from: next) }
            }
        } catch {
            logger.error(
                "blocks are neither indexed nor published any more",
                metadata: ["event": "node.index_failed", "reason": "\(error)"])
        }
    }

    private func note(_ event: ReplicaEvent) {
        switch event {
        case .newBlock(let block, let id, let results):
            held.withLock { held in
                held.append(CommittedBlock(id: id, block: block, results: results))
                if held.count > Self.maximumHeld { held.removeFirst() }
            }
            wakeUp.yield()
        case .vote(let vote): if events.subscriptionCount > 0 { events.publish(.vote(vote)) }
        case .roundStep(let height, let round, let step):
            guard events.subscriptionCount > 0 else { return }
            events.publish(.newRoundStep(RoundPosition(height: height, round: round, step: step.cometName)))
        default: break
        }
    }

    // MARK: - Where waiting is allowed

    /// The first block that is not indexed. Without an index nothing of earlier runs is published again.
    private func firstHeight() throws -> Int64 {
        let range = try node.chain.blockRange()
        guard let store, let bytes = try store.value(for: Self.heightKey) else {
            return index == nil ? range.height + 1 : max(1, range.base)
        }
        return bytes.reduce(0) { $0 << 8 | Int64($1) } + 1
    }

    /// Publishes everything executed from a height on. Gives the next height.
    private func publish(from first: Int64) throws -> Int64 {
        var height = max(first, try node.chain.blockRange().base)
        while let block = try executedBlock(at: height) {
            try index?.add(block)
            if let store {
                var batch = WriteBatch()
                batch.put(Self.heightKey, withUnsafeBytes(of: height.bigEndian) { Array($0) })
                try store.write(batch, sync: false)
            }
            events.publish(block)
            height += 1
        }
        return height
    }

    /// Nil for a block that is not there or not executed yet.
    private func executedBlock(at height: Int64) throws -> CommittedBlock? {
        let recent = held.withLock { held in
            while let first = held.first, first.block.header.height < height { held.removeFirst() }
            return held.first?.block.header.height == height ? held.popFirst() : nil
        }
        if let recent { return recent }
        guard let meta = try node.chain.meta(at: height), let block = try node.chain.block(at: height),
            let results = try node.chain.results(at: height),
            let state = try node.chain.state(), state.lastBlockHeight >= height
        else { return nil }
        return CommittedBlock(id: meta.blockID, block: block, results: results)
    }
}

extension ConsensusStep {
    /// As CometBFT names steps in events.
    var cometName: String {
        switch self {
        case .newHeight: "RoundStepNewHeight"
        case .newRound: "RoundStepNewRound"
        case .propose: "RoundStepPropose"
        case .prevote: "RoundStepPrevote"
        case .prevoteWait: "RoundStepPrevoteWait"
        case .precommit: "RoundStepPrecommit"
        case .precommitWait: "RoundStepPrecommitWait"
        case .commit: "RoundStepCommit"
        }
    }
}
