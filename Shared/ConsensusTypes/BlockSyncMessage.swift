import Primitives

/// What peers say while one of them catches up with the chain, on channel 0x40.
public enum BlockSyncMessage: Sendable, Hashable {
    case blockRequest(height: Int64)
    case noBlockResponse(height: Int64)
    /// The extended commit stands beside blocks of heights at which extensions are enabled.
    case blockResponse(Block, ExtendedCommit?)
    case statusRequest
    /// The highest and the lowest block that the peer has.
    case statusResponse(height: Int64, base: Int64)
}

extension BlockSyncMessage: ProtobufMessage {
    /// oneof {1 block_request {1 height}, 2 no_block_response {1 height}, 3 block_response {1 block, 2 ext_commit},
    /// 4 status_request {}, 5 status_response {1 height, 2 base}}.
    public func write(to writer: inout ProtobufWriter) {
        switch self {
        case .blockRequest(let height): writer.nested(1) { $0.int64(1, height) }
        case .noBlockResponse(let height): writer.nested(2) { $0.int64(1, height) }
        case .blockResponse(let block, let extendedCommit):
            writer.nested(3) {
                $0.message(1, block)
                $0.message(2, extendedCommit)
            }
        case .statusRequest: writer.nested(4) { _ in }
        case .statusResponse(let height, let base):
            writer.nested(5) {
                $0.int64(1, height)
                $0.int64(2, base)
            }
        }
    }

    /// Refuses a message of no known kind.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var message: BlockSyncMessage?
        while let field = try reader.nextField() {
            switch field {
            case 1: message = .blockRequest(height: try reader.integers(1)[0])
            case 2: message = .noBlockResponse(height: try reader.integers(1)[0])
            case 3: message = try Self.blockResponse(try reader.submessage())
            case 4:
                _ = try reader.integers(0)
                message = .statusRequest
            case 5:
                let numbers = try reader.integers(2)
                message = .statusResponse(height: numbers[0], base: numbers[1])
            default: try reader.skip()
            }
        }
        guard let message else { throw .missingField(1) }
        self = message
    }

    private static func blockResponse(_ reader: ProtobufReader) throws(ProtobufError) -> BlockSyncMessage {
        var reader = reader
        var block: Block?
        var extendedCommit: ExtendedCommit?
        while let field = try reader.nextField() {
            switch field {
            case 1: block = try reader.message()
            case 2: extendedCommit = try reader.message()
            default: try reader.skip()
            }
        }
        guard let block else { throw .missingField(1) }
        return .blockResponse(block, extendedCommit)
    }
}

extension ProtobufReader {
    /// The fields 1 to `count` of a message of integers.
    fileprivate mutating func integers(_ count: Int) throws(ProtobufError) -> [Int64] {
        var numbers = [Int64](repeating: 0, count: count)
        var message = try submessage()
        while let field = try message.nextField() {
            if field <= count { numbers[field - 1] = try message.int64() } else { try message.skip() }
        }
        return numbers
    }
}
