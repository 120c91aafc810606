import ABCI
import ConsensusTypes
import Primitives

/// A peer's or signer's message as `bytes`, whose `kind` names it, and optionally its integers as `fields`.
enum MessageVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("kind", "bytes") }

    static func check(_ vector: JSON) throws {
        let kind = vector["kind"]?.stringValue ?? ""
        let bytes = try vector.hex("bytes")
        let fields: [Int64]?
        switch kind.split(separator: ".").first.map({ $0.lowercased() }) ?? "" {
        case "blocksync": fields = integers(try Check.roundTrip(BlockSyncMessage.self, bytes))
        case "statesync": fields = integers(try Check.roundTrip(StateSyncMessage.self, bytes))
        case "mempool":
            _ = try Check.roundTrip(MempoolMessage.self, bytes)
            fields = nil
        case "evidence":
            _ = try Check.roundTrip(EvidenceMessage.self, bytes)
            fields = nil
        case "privval":
            _ = try Check.roundTrip(RemoteSignerMessage.self, bytes)
            fields = nil
        default: fields = integers(try Check.roundTrip(ConsensusMessage.self, bytes))
        }
        guard let fields, let expected = vector["fields"]?.arrayValue else { return }
        try Check.equal(fields, expected.compactMap(\.integer), "the fields")
    }

    private static func integers(_ message: ConsensusMessage) -> [Int64]? {
        switch message {
        case .newRoundStep(let message):
            [
                message.height, Int64(message.round), Int64(message.step), message.secondsSinceStart,
                Int64(message.lastCommitRound),
            ]
        case .hasVote(let message):
            [message.height, Int64(message.round), Int64(message.type.rawValue), Int64(message.index)]
        default: nil
        }
    }

    private static func integers(_ message: BlockSyncMessage) -> [Int64]? {
        switch message {
        case .blockRequest(let height), .noBlockResponse(let height): [height]
        case .statusResponse(let height, let base): [height, base]
        case .blockResponse, .statusRequest: nil
        }
    }

    private static func integers(_ message: StateSyncMessage) -> [Int64]? {
        switch message {
        case .chunkRequest(let height, let format, let index): [Int64(height), Int64(format), Int64(index)]
        case .chunkResponse(let chunk) where chunk.isMissing:
            [Int64(chunk.height), Int64(chunk.format), Int64(chunk.index)]
        default: nil
        }
    }
}

/// A request or response between node and application, `message`, and as it travels, `framed`.
enum ABCIFrameVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("message", "framed") }

    static func check(_ vector: JSON) throws {
        let (message, framed) = (try vector.hex("message"), try vector.hex("framed"))
        let kind = vector["kind"]?.stringValue ?? ""
        if kind.lowercased().hasPrefix("request") {
            let request = try ABCIFrame.decodeRequest(framed)
            try Check.equal(request, try ABCIRequest(protobuf: message), "the request without its frame")
            try Check.equal(request.protobufBytes, message, "the encoded \(kind)")
            try Check.equal(ABCIFrame.encode(request), framed, "the framed \(kind)")
        } else {
            let response = try ABCIFrame.decodeResponse(framed)
            try Check.equal(response, try ABCIResponse(protobuf: message), "the response without its frame")
            try Check.equal(response.protobufBytes, message, "the encoded \(kind)")
            try Check.equal(ABCIFrame.encode(response), framed, "the framed \(kind)")
        }
    }
}
