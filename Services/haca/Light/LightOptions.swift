import ArgumentParser
import AsyncHTTPClient
import ConsensusTypes
import Foundation
import LightClient
import Primitives
import ServiceKit

/// Whom to ask and what to believe from the start.
struct LightOptions: ParsableArguments {
    @Option(help: "URL of the node to follow, for example http://127.0.0.1:26657.")
    var primary: String

    @Option(help: "URL of another node, run by someone else, to compare with; may be repeated.")
    var witness: [String] = []

    @Option(help: "Name of the chain.")
    var chainId: String

    @Option(help: "Height of a block known from elsewhere.")
    var trustedHeight: Int64

    @Option(help: "Its hash, 64 hex digits.")
    var trustedHash: String

    @Option(help: "How long a verified block can be built upon.")
    var trustPeriod = "168h"

    @Option(help: "Share of trusted power that must vouch for a distant block, from 1/3 to 1/1.")
    var trustLevel = "1/3"

    @Flag(help: "Verify every block in between.")
    var sequential = false

    @Option(help: "Folder of verified blocks; default: light/CHAIN in the network's folder.", completion: .directory)
    var store: String?

    @OptionGroup var folder: FolderOption

    /// Where the verified blocks are, and what is written when chains diverge.
    func storeFolder() throws -> URL {
        if let store { return URL(fileURLWithPath: store) }
        let isPlain = chainId.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, !chainId.isEmpty else {
            throw ServiceFailure(.usage, "give --store FOLDER: the chain's name makes no folder name")
        }
        return URL(fileURLWithPath: folder.layout.folder).appending(path: "light/\(chainId)")
    }

    func hash() throws -> Bytes32 {
        guard let hash = Bytes32(hex: trustedHash) else {
            throw ServiceFailure(.usage, "--trusted-hash takes 64 hex digits")
        }
        return hash
    }

    private func policy() throws -> LightVerificationPolicy {
        guard let period = DurationText.parse(trustPeriod), period > .zero else {
            throw ServiceFailure(.usage, "--trust-period takes a duration such as 168h")
        }
        let parts = trustLevel.split(separator: "/").compactMap { Int64($0) }
        guard parts.count == 2, let level = TrustLevel(numerator: parts[0], denominator: parts[1]) else {
            throw ServiceFailure(.usage, "--trust-level takes a fraction from 1/3 to 1/1")
        }
        return LightVerificationPolicy(trustLevel: level, trustingPeriod: period)
    }

    /// The client, started from the trusted block or from its store.
    func start(_ http: HTTPClient) async throws -> LightClient {
        guard trustedHeight > 0 else { throw ServiceFailure(.usage, "--trusted-height counts from 1") }
        let hash = try hash()
        let primary = CometRPCProvider(name: primary, transport: try NodeTransport(url: primary, client: http))
        let witnesses = try witness.map {
            CometRPCProvider(name: $0, transport: try NodeTransport(url: $0, client: http))
        }
        if witnesses.isEmpty {
            CommandOutput.error(
                "warning: no --witness; an attack by this node and its validators would go unnoticed")
        }
        let client = LightClient(
            chainID: chainId, policy: try policy(), mode: sequential ? .sequential : .skipping, primary: primary,
            witnesses: witnesses, store: try FileTrustedStore(folder: try storeFolder()), clock: .system)
        let status = try await primary.status()
        guard status.chainID == chainId else {
            throw ServiceFailure(
                .configuration, "\(self.primary) belongs to chain \(Terminal.plain(status.chainID)), not \(chainId)")
        }
        try await client.trust(height: trustedHeight, hash: hash)
        return client
    }
}

extension LightClientClock {
    /// The machine's clock.
    static let system = LightClientClock(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(truncatingIfNeeded: time.tv_nsec))
        },
        wait: { duration in try? await Task.sleep(for: duration) })
}
