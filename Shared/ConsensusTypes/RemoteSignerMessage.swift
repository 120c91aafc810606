import Primitives

/// Why a remote signer does not sign.
public struct RemoteSignerError: Sendable, Hashable {
    public var code: Int32
    public var description: String

    public init(code: Int32, description: String) {
        self.code = code
        self.description = description
    }
}

/// What a node and a signer in another process say to each other, each message behind its length.
public enum RemoteSignerMessage: Sendable, Hashable {
    case publicKeyRequest(chainID: String)
    case publicKeyResponse(ValidatorPublicKey, RemoteSignerError?)
    case signVoteRequest(Vote, chainID: String)
    case signedVoteResponse(Vote, RemoteSignerError?)
    case signProposalRequest(Proposal, chainID: String)
    case signedProposalResponse(Proposal, RemoteSignerError?)
    case pingRequest
    case pingResponse
}

extension RemoteSignerMessage: ProtobufMessage {
    /// oneof {1 pub_key_request {1 chain_id}, 2 pub_key_response {1 pub_key always, 2 error}, 3 sign_vote_request {1 vote,
    /// 2 chain_id}, 4 signed_vote_response {1 vote always, 2 error}, 5 sign_proposal_request {1 proposal, 2 chain_id},
    /// 6 signed_proposal_response {1 proposal always, 2 error}, 7 ping_request, 8 ping_response}.
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .publicKeyRequest(let chainID): writer.nested(1) { $0.string(1, chainID) }
        case .publicKeyResponse(let key, let error): Self.write(2, key, error, to: &writer)
        case .signVoteRequest(let vote, let chainID): Self.write(3, vote, chainID, to: &writer)
        case .signedVoteResponse(let vote, let error): Self.write(4, vote, error, to: &writer)
        case .signProposalRequest(let proposal, let chainID): Self.write(5, proposal, chainID, to: &writer)
        case .signedProposalResponse(let proposal, let error): Self.write(6, proposal, error, to: &writer)
        case .pingRequest: writer.nested(7) { _ in }
        case .pingResponse: writer.nested(8) { _ in }
        }
    }

    private static func write(
        _ field: Int, _ message: some ProtobufMessage, _ chainID: String, to writer: inout ProtobufWriter
    ) {
        writer.nested(field) {
            $0.message(1, message)
            $0.string(2, chainID)
        }
    }

    private static func write(
        _ field: Int, _ message: some ProtobufMessage, _ error: RemoteSignerError?, to writer: inout ProtobufWriter
    ) {
        writer.nested(field) {
            $0.message(1, message)
            $0.message(2, error)
        }
    }

    /// Refuses a message of no known kind.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var message: RemoteSignerMessage?
        while let field = try reader.nextField() {
            guard (1...8).contains(field) else {
                try reader.skip()
                continue
            }
            message = try Self.read(field, try reader.submessage())
        }
        guard let message else { throw .missingField(1) }
        self = message
    }

    private static func read(_ kind: Int, _ reader: ProtobufReader) throws(ProtobufError) -> RemoteSignerMessage {
        var reader = reader
        var content: ArraySlice<UInt8>?
        var text = ""
        var error: RemoteSignerError?
        while let field = try reader.nextField() {
            switch (field, kind) {
            case (1, 1): text = try reader.string()
            case (1, 2...6): try reader.merge(into: &content)
            case (2, 3), (2, 5): text = try reader.string()
            case (2, 2), (2, 4), (2, 6): error = try reader.message()
            default: try reader.skip()
            }
        }
        switch kind {
        case 1: return .publicKeyRequest(chainID: text)
        case 7: return .pingRequest
        case 8: return .pingResponse
        default: break
        }
        guard let content else { throw .missingField(1) }
        switch kind {
        case 2: return .publicKeyResponse(try ValidatorPublicKey(protobuf: content), error)
        case 3: return .signVoteRequest(try Vote(protobuf: content), chainID: text)
        case 4: return .signedVoteResponse(try Vote(protobuf: content), error)
        case 5: return .signProposalRequest(try Proposal(protobuf: content), chainID: text)
        default: return .signedProposalResponse(try Proposal(protobuf: content), error)
        }
    }
}

extension RemoteSignerError: ProtobufMessage {
    /// {1 code, 2 description}.
    public func write(to writer: inout ProtobufWriter) {
        writer.int32(1, code)
        writer.string(2, description)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init(code: 0, description: "")
        while let field = try reader.nextField() {
            switch field {
            case 1: code = try reader.int32()
            case 2: description = try reader.string()
            default: try reader.skip()
            }
        }
    }
}
