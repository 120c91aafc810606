import ConsensusTypes
import Primitives

extension Method {
    /// Where consensus stands.
    static let consensus: [Method] = [
        Method("consensus_state") { context, _ in
            ["round_state": try await context.view.consensusState().summaryJSON]
        },
        Method("dump_consensus_state") { context, _ in
            let state = try await context.view.consensusState()
            return ["round_state": state.fullJSON, "peers": .array(state.peers.map(\.cometJSON))]
        },
        Method("broadcast_evidence", ["evidence"]) { context, arguments in
            guard let document = try arguments.json("evidence") else {
                throw MethodError.internal("no evidence was provided")
            }
            let evidence: Evidence
            do {
                evidence = try Evidence(cometJSON: document)
            } catch {
                throw MethodError.invalidParameters("error converting params to arguments: \(error)")
            }
            try await context.view.submit(evidence: evidence)
            return ["hash": CometJSON.base64OrEmpty(evidence.hash.bytes)]
        },
    ]
}

extension ConsensusStateView {
    fileprivate var summaryJSON: JSON {
        let proposer = validators.proposerIndex.map { validators.validators[$0].address }
        return [
            "height/round/step": JSON("\(height)/\(round)/\(step)"), "start_time": CometJSON.time(startTime),
            "proposal_block_hash": CometJSON.hex(proposalBlockHash),
            "locked_block_hash": CometJSON.hex(lockedBlockHash),
            "valid_block_hash": CometJSON.hex(validBlockHash), "height_vote_set": votesJSON,
            "proposer": ["address": CometJSON.hex(proposer), "index": JSON(validators.proposerIndex ?? 0)],
        ]
    }

    fileprivate var fullJSON: JSON {
        [
            "height": CometJSON.string(height), "round": JSON(round), "step": JSON(step),
            "start_time": CometJSON.time(startTime), "validators": validators.cometJSON,
            "proposal_block_hash": CometJSON.hex(proposalBlockHash), "locked_round": JSON(lockedRound),
            "locked_block_hash": CometJSON.hex(lockedBlockHash), "valid_round": JSON(validRound),
            "valid_block_hash": CometJSON.hex(validBlockHash), "votes": votesJSON, "commit_round": JSON(commitRound),
        ]
    }

    private var votesJSON: JSON {
        .array(
            votes.map { round in
                [
                    "round": JSON(round.round), "prevotes": .array(round.prevotes.map(Self.text)),
                    "prevotes_bit_array": JSON(bits(round.prevotes)),
                    "precommits": .array(round.precommits.map(Self.text)),
                    "precommits_bit_array": JSON(bits(round.precommits)),
                ]
            })
    }

    /// A vote as the reference's `String()` prints it, hashes cut to six bytes.
    private static func text(_ vote: Vote?) -> JSON {
        guard let vote else { return "nil-Vote" }
        let kind = vote.type == .prevote ? "Prevote" : "Precommit"
        let address = short(vote.validatorAddress.bytes)
        let block = vote.blockID.isZero ? "nil" : short(vote.blockID.hash?.bytes ?? [])
        return JSON(
            "Vote{\(vote.validatorIndex):\(address) \(vote.height)/\(String(vote.round).leftPadded(to: 2))"
                + "/SIGNED_MSG_TYPE_\(kind.uppercased())(\(kind)) \(block) \(short(vote.signature)) "
                + "\(short(vote.voteExtension)) @ \(vote.timestamp)}")
    }

    private static func short(_ bytes: [UInt8]) -> String {
        Hex.encode(bytes.prefix(6) + [UInt8](repeating: 0, count: max(0, 6 - bytes.count))).uppercased()
    }

    /// `BA{4:x_x_} 20/40 = 0.50`: who voted, and with how much of the power.
    private func bits(_ votes: [Vote?]) -> String {
        var power: Int64 = 0
        for (index, vote) in votes.enumerated() where vote != nil && index < validators.validators.count {
            power += validators.validators[index].votingPower
        }
        let total = validators.totalVotingPower
        let hundredths = total > 0 ? (Double(power) / Double(total) * 100).rounded() : 0
        let share = "\(Int(hundredths) / 100).\(String(Int(hundredths) % 100).leftPadded(to: 2))"
        let marks = votes.map { $0 == nil ? "_" : "x" }.joined()
        return "BA{\(votes.count):\(marks)} \(power)/\(total) = \(share)"
    }
}

extension ConsensusStateView.Peer {
    fileprivate var cometJSON: JSON {
        [
            "node_address": JSON(address),
            "peer_state": [
                "round_state": [
                    "height": CometJSON.string(height), "round": JSON(round), "step": JSON(step),
                ]
            ],
        ]
    }
}

extension String {
    /// With zeros in front.
    func leftPadded(to count: Int) -> String {
        String(repeating: "0", count: max(0, count - utf8.count)) + self
    }
}
