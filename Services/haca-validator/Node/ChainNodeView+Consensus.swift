import CometBFTRPC
import Consensus
import ConsensusEngine
import ConsensusTypes
import Replica

extension ChainNodeView {
    /// Rounds that are shown; a height that needs more is in trouble, and the last ones tell why.
    private static let maximumRounds: Int32 = 100

    func consensusState() async throws -> ConsensusStateView {
        guard let (state, rounds, chain) = await node.visit({ ($0.machine?.state, $0.peerRounds(), $0.state) }) else {
            throw Failure.stopped
        }
        let addresses = Dictionary(node.peers.peers.map { ($0.id, $0) }) { first, _ in first }
        let peers = rounds.map { round in
            ConsensusStateView.Peer(
                address: addresses[round.peer].map { "\($0.id)@\($0.remoteAddress)" } ?? "\(round.peer)",
                height: round.height, round: round.round, step: Int32(round.step.rawValue))
        }
        guard let state else {
            return ConsensusStateView(
                height: chain.nextHeight, round: 0, step: Int32(ConsensusStep.newHeight.rawValue),
                startTime: chain.lastBlockTime, proposalBlockHash: nil, lockedBlockHash: nil, validBlockHash: nil,
                validators: chain.validators, votes: [], peers: peers)
        }
        return ConsensusStateView(
            height: state.height, round: state.round, step: Int32(state.step.rawValue), startTime: state.startTime,
            proposalBlockHash: state.block?.id.hash, lockedRound: state.lockedRound,
            lockedBlockHash: state.locked?.block.id.hash, validRound: state.validRound,
            validBlockHash: state.valid?.block.id.hash, commitRound: state.commitRound ?? -1,
            validators: state.rotation.validators, votes: Self.votes(of: state), peers: peers)
    }

    private static func votes(of state: RoundState) -> [ConsensusStateView.RoundVotes] {
        let first = max(0, state.round - maximumRounds + 1)
        return (first...max(first, state.round)).map { round in
            ConsensusStateView.RoundVotes(
                round: round, prevotes: votes(of: state.votes.prevotes(round)),
                precommits: votes(of: state.votes.precommits(round)))
        }
    }

    private static func votes(of set: VoteSet?) -> [Vote?] {
        guard let set else { return [] }
        return (0..<set.validatorCount).map { set.vote(at: $0) }
    }
}
