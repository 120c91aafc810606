import Primitives

extension ConsensusMessage: ProtobufMessage {
    /// oneof {1 NewRoundStep, 2 NewValidBlock, 3 Proposal, 4 ProposalPOL, 5 BlockPart, 6 Vote, 7 HasVote, 8 VoteSetMaj23,
    /// 9 VoteSetBits}.
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .newRoundStep(let message): writer.message(1, message)
        case .newValidBlock(let message): writer.message(2, message)
        case .proposal(let proposal): writer.nested(3) { $0.message(1, proposal) }
        case .proposalProofOfLock(let message): writer.message(4, message)
        case .blockPart(let message): writer.message(5, message)
        case .vote(let vote): writer.nested(6) { $0.message(1, vote) }
        case .hasVote(let message): writer.message(7, message)
        case .majorityClaim(let message): writer.message(8, message)
        case .voteSetBits(let message): writer.message(9, message)
        }
    }

    /// Refuses a message of no known kind.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var message: ConsensusMessage?
        while let field = try reader.nextField() {
            switch field {
            case 1: message = .newRoundStep(try reader.message())
            case 2: message = .newValidBlock(try reader.message())
            case 3: message = .proposal(try reader.onlyMessage())
            case 4: message = .proposalProofOfLock(try reader.message())
            case 5: message = .blockPart(try reader.message())
            case 6: message = .vote(try reader.onlyMessage())
            case 7: message = .hasVote(try reader.message())
            case 8: message = .majorityClaim(try reader.message())
            case 9: message = .voteSetBits(try reader.message())
            default: try reader.skip()
            }
        }
        guard let message else { throw .missingField(1) }
        self = message
    }
}

extension ProtobufReader {
    /// The message in field 1 of a message that has no other.
    mutating func onlyMessage<Message: ProtobufMessage>() throws(ProtobufError) -> Message {
        var wrapper = try submessage()
        var content: ArraySlice<UInt8>?
        while let field = try wrapper.nextField() {
            if field == 1 { try wrapper.merge(into: &content) } else { try wrapper.skip() }
        }
        guard let content else { throw .missingField(1) }
        return try Message(protobuf: content)
    }
}

extension NewRoundStep: ProtobufMessage {
    /// {1 height, 2 round, 3 step uint32, 4 seconds_since_start, 5 last_commit_round}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.uint32(3, step)
        writer.int64(4, secondsSinceStart)
        writer.int32(5, lastCommitRound)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, step: 0, secondsSinceStart: 0, lastCommitRound: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: step = try reader.uint32()
            case 4: secondsSinceStart = try reader.int64()
            case 5: lastCommitRound = try reader.int32()
            default: try reader.skip()
            }
        }
    }
}

extension NewValidBlock: ProtobufMessage {
    /// {1 height, 2 round, 3 part_set_header always, 4 block_parts, 5 is_commit}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.message(3, partSetHeader)
        writer.message(4, parts, always: false)
        writer.bool(5, isCommit)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, partSetHeader: .zero, parts: BitArray(count: 0), isCommit: false)
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: partSetHeader = try reader.message()
            case 4: parts = try reader.message()
            case 5: isCommit = try reader.bool()
            default: try reader.skip()
            }
        }
    }
}

extension ProposalProofOfLock: ProtobufMessage {
    /// {1 height, 2 pol_round, 3 bits always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, proofOfLockRound)
        writer.message(3, prevotes)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, proofOfLockRound: 0, prevotes: BitArray(count: 0))
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: proofOfLockRound = try reader.int32()
            case 3: prevotes = try reader.message()
            default: try reader.skip()
            }
        }
    }
}

extension BlockPartMessage: ProtobufMessage {
    /// {1 height, 2 round, 3 part always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.message(3, part)
    }

    /// Refuses a message without a part.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var height: Int64 = 0
        var round: Int32 = 0
        var part: Part?
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: part = try reader.message()
            default: try reader.skip()
            }
        }
        guard let part else { throw .missingField(3) }
        self.init(height: height, round: round, part: part)
    }
}

extension HasVote: ProtobufMessage {
    /// {1 height, 2 round, 3 type, 4 index}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.int32(3, type.rawValue)
        writer.int32(4, index)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, type: .unknown, index: 0)
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: type = try reader.signedMessageType()
            case 4: index = try reader.int32()
            default: try reader.skip()
            }
        }
    }
}

extension MajorityClaim: ProtobufMessage {
    /// {1 height, 2 round, 3 type, 4 block_id always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.int32(3, type.rawValue)
        writer.message(4, blockID)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, type: .unknown, blockID: .zero)
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: type = try reader.signedMessageType()
            case 4: blockID = try reader.message()
            default: try reader.skip()
            }
        }
    }
}

extension VoteSetBits: ProtobufMessage {
    /// {1 height, 2 round, 3 type, 4 block_id always, 5 votes always}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, height)
        writer.int32(2, round)
        writer.int32(3, type.rawValue)
        writer.message(4, blockID)
        writer.message(5, votes)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(height: 0, round: 0, type: .unknown, blockID: .zero, votes: BitArray(count: 0))
        while let field = try reader.nextField() {
            switch field {
            case 1: height = try reader.int64()
            case 2: round = try reader.int32()
            case 3: type = try reader.signedMessageType()
            case 4: blockID = try reader.message()
            case 5: votes = try reader.message()
            default: try reader.skip()
            }
        }
    }
}
