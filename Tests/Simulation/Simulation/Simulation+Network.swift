import Consensus
import ConsensusTypes
import Primitives
import Replica

extension Simulation {
    func link(_ from: Int, _ to: Int) -> SimulatedLink { links[from * nodes.count + to] }

    func change(_ from: Int, _ to: Int, _ body: (inout SimulatedLink) -> Void) {
        body(&links[from * nodes.count + to])
    }

    // MARK: - Connections

    func connect(_ left: Int, _ right: Int) {
        guard left != right, nodes[left].isUp, nodes[right].isUp, !link(left, right).isUp,
            !strangers.contains([min(left, right), max(left, right)])
        else { return }
        for (from, to) in [(left, right), (right, left)] {
            change(from, to) {
                $0.isUp = true
                $0.epoch += 1
                $0.held = []
                $0.wasNoisy = $0.noises > 0
                $0.lastArrival = now
            }
        }
        feed(.peerConnected(nodes[right].id), to: left)
        feed(.peerConnected(nodes[left].id), to: right)
    }

    /// Both ends learn of it; what was under way is lost.
    func disconnect(_ left: Int, _ right: Int) {
        guard link(left, right).isUp else { return }
        for (from, to) in [(left, right), (right, left)] {
            change(from, to) {
                $0.isUp = false
                $0.epoch += 1
                $0.held = []
            }
        }
        for (node, peer) in [(left, right), (right, left)] where nodes[node].replica != nil {
            queue.add(
                .input(node: node, life: nodes[node].life, .peerDisconnected(nodes[peer].id)), at: now)
        }
    }

    func reset(_ left: Int, _ right: Int) {
        disconnect(left, right)
        queue.add(.connect(left, right), at: now + random.number(20...300) * Self.millisecond)
    }

    /// A replica drops a peer. Honest nodes never give each other a reason, short of silence.
    func drop(_ peer: PeerID, _ reason: DisconnectReason, by index: Int) {
        guard let other = nodes.firstIndex(where: { $0.id == peer }) else { return }
        note(4, UInt64(index), UInt64(other))
        if nodes[index].isHonest, nodes[other].isHonest, !link(other, index).wasNoisy, reason.isAccusation {
            invariants.fail("node \(index) dropped honest node \(other): \(reason)")
        }
        reset(index, other)
    }

    // MARK: - Messages

    func send(_ message: PeerMessage, from: Int, to: Int) {
        let link = link(from, to)
        guard link.isUp else { return }
        if link.cuts > 0 {
            change(from, to) { $0.held.append(message) }
        } else if link.noises > 0 {
            sendThroughNoise(message, from, to)
        } else {
            deliver(message, from, to, overtakes: false)
        }
    }

    private func deliver(_ message: PeerMessage, _ from: Int, _ to: Int, overtakes: Bool) {
        let travel = random.number(1...10) * Self.millisecond + slowness
        let arrival = overtakes ? now + travel : max(now + travel, link(from, to).lastArrival)
        change(from, to) { $0.lastArrival = max($0.lastArrival, arrival) }
        queue.add(.message(from: from, to: to, epoch: link(from, to).epoch, message), at: arrival)
    }

    private func sendThroughNoise(_ message: PeerMessage, _ from: Int, _ to: Int) {
        switch random.index(20) {
        case 0, 1: break
        case 2:
            deliver(message, from, to, overtakes: true)
            deliver(message, from, to, overtakes: true)
        case 3: if let garbled = garbled(message) { deliver(garbled, from, to, overtakes: false) }
        case 4, 5, 6: deliver(message, from, to, overtakes: true)
        default: deliver(message, from, to, overtakes: false)
        }
    }

    /// The message with one byte changed, if that is still a message.
    private func garbled(_ message: PeerMessage) -> PeerMessage? {
        guard case .consensus(let inner) = message else { return nil }
        var bytes = inner.protobufBytes
        guard !bytes.isEmpty else { return nil }
        bytes[random.index(bytes.count)] ^= UInt8(truncatingIfNeeded: random.number(1...255))
        return (try? ConsensusMessage(protobuf: bytes)).map { .consensus($0) }
    }

    func arrive(_ message: PeerMessage, from: Int, to: Int, epoch: Int) {
        guard link(from, to).epoch == epoch else { return }
        note(5, UInt64(from), UInt64(to))
        if nodes[to].isPuppet {
            playPuppet(to, message, from)
        } else {
            feed(.message(message, from: nodes[from].id), to: to)
        }
    }

    private func playPuppet(_ index: Int, _ message: PeerMessage, _ from: Int) {
        guard case .consensus(let inner) = message, var puppet = puppets[index] else { return }
        let lies = puppet.answer(inner, validators: validators(at:), &random)
        puppets[index] = puppet
        for lie in lies {
            judge(.consensus(lie), sentBy: index)
            send(.consensus(lie), from: index, to: from)
        }
    }

    /// The validators of a height that some honest node works on.
    private func validators(at height: Int64) -> ValidatorSet? {
        for index in honest {
            if let start = nodes[index].replica?.machine?.state.start, start.height == height {
                return start.validators
            }
        }
        return nil
    }

    // MARK: - Judging

    /// What a node says about its votes and the round's proposals.
    func judge(_ message: PeerMessage, sentBy index: Int) {
        guard case .consensus(let inner) = message else { return }
        switch inner {
        case .vote(let vote):
            invariants.sent(vote)
            guard nodes[index].isHonest, vote.validatorAddress == keys[nodes[index].validator].address,
                let start = nodes[index].replica?.machine?.state.start, start.height == vote.height
            else { return }
            invariants.released(vote, validators: start.validators)
        case .proposal(let proposal):
            guard nodes[index].isHonest, let start = nodes[index].replica?.machine?.state.start,
                start.height == proposal.height
            else { return }
            invariants.forwarded(
                proposal, validators: start.validators, chainID: Self.chainID, verifier: verifier)
        default: break
        }
    }

    /// Evidence that reached a block accuses none but the guilty.
    func judgeMisbehavior(of index: Int) {
        guard nodes[index].isHonest, let last = nodes[index].application.misbehavior.last else { return }
        let guilty = nodes.filter { !$0.isHonest }.map { keys[$0.validator].address.bytes }
        if !guilty.contains(last.validator.address) { invariants.fail("evidence against an honest validator") }
    }
}

extension DisconnectReason {
    /// Whether the reason says that the peer did wrong, rather than that it was slow.
    fileprivate var isAccusation: Bool {
        switch self {
        case .timedOut, .tooSlow: false
        case .invalidMessage, .unexpectedMessage, .outOfRange, .conflictingClaim, .invalidBlock, .invalidEvidence,
            .flooding, .rejectedByApplication:
            true
        }
    }
}
