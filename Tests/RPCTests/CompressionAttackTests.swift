import Foundation
import RPC
import Testing
import WireOperations

@Suite("Compressed attacks")
struct CompressionAttackTests {
    /// 64 MiB of zeros: the frame says so in its header.
    static let announcedBomb: [UInt8] = zeros(blocks: 512, header: [0xa0, 0, 0, 0, 4])
    /// The same without saying so: a frame with a window of 128 KiB and no content size.
    static let silentBomb: [UInt8] = zeros(blocks: 512, header: [0x00, 0x38])

    /// A zstd frame of run-length blocks, 128 KiB of zeros each, written by hand (RFC 8878, 3.1.1).
    static func zeros(blocks: Int, header: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd] + header
        for index in 0..<blocks {
            let last = index == blocks - 1
            let block = UInt32(128 << 10) << 3 | 1 << 1 | (last ? 1 : 0)
            bytes += [UInt8(block & 0xff), UInt8(block >> 8 & 0xff), UInt8(block >> 16 & 0xff), 0]
        }
        return bytes
    }

    @Test(arguments: [
        (announcedBomb, StatusCode.resourceExhausted), (silentBomb, .resourceExhausted),
        ([0x28, 0xb5, 0x2f, 0xfd], .internalError), (Array("no zstd at all".utf8), .internalError),
        ([], .internalError),
        (zeros(blocks: 1, header: [0x00, 0x38]).dropLast(), .internalError),
        (zeros(blocks: 1, header: [0x00, 0x38]) + [1], .internalError),
    ])
    func `bytes that inflate badly end in a status`(bytes: [UInt8], expected: StatusCode) async throws {
        let code = try await HostilePeerTests.attack { peer in
            try await peer.greet()
            try await peer.send(
                RawFrame.request(EchoPath.unary, stream: 1)
                    + RawFrame.message(bytes, stream: 1, flags: [.endStream, .compressed]))
            return try await peer.status(of: 1)
        }
        #expect(code == expected.rawValue)
    }

    @Test
    func `a stream's next message is compressed or not by its own flag`() async throws {
        let code = try await HostilePeerTests.attack { peer in
            try await peer.greet()
            // A frame of 128 KiB of zeros is no EchoMessage: field 0 does not exist.
            try await peer.send(
                RawFrame.request(EchoPath.upload, stream: 1) + RawFrame.message([0x10, 1], stream: 1)
                    + RawFrame.message(
                        Self.zeros(blocks: 1, header: [0x00, 0x38]), stream: 1, flags: [.endStream, .compressed]))
            return try await peer.status(of: 1)
        }
        #expect(code == StatusCode.invalidArgument.rawValue)
    }
}
