import NIOCore
import SwiftProtobuf
final class RPCStream: Sendable {
    func singleRequest<M: Message>() async throws -> M { throw RPCError(.unimplemented, "") }
    func respond(_ m: EncodedMessage) throws {}
    func nextMessage() async throws -> ReceivedMessage? { nil }
    func decode<M: Message>(_ m: ReceivedMessage) async throws -> M { try m.decode() }
    func write(_ m: EncodedMessage) async throws {}
}
public final class ClientCall: Sendable {
    func write(_ m: EncodedMessage) async throws {}
    func finishWriting() async throws {}
    func read() async throws -> ReceivedMessage? { nil }
    func decode<M: Message>(_ m: ReceivedMessage) async throws -> M { try m.decode() }
    var trailingMetadata: Metadata? { nil }
    var endedWith: RPCError? { nil }
    func cancel() {}
}
enum OffLoop { static func decode<M: Message>(_ m: ReceivedMessage) async throws -> M { try m.decode() } }
