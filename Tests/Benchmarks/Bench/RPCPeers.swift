import Foundation
import ProcessSupervision

/// The programs whose rows the RPC table has.
struct RPCPeers: Sendable {
    static let ours = "haca RPC"
    static let fromPool = "haca RPC, called from the global pool"
    static let bare = "bare NIO"
    static let bareBytes = "bare NIO, bytes only"
    static let grpcSwift = "grpc-swift-2"
    static let grpcCxx = "gRPC C++"

    let folder: String
    let buildMissing: Bool

    struct Missing: Sendable {
        let name: String
        let reason: String
    }

    func programs() async -> (programs: [PeerProgram], missing: [Missing]) {
        let own = CommandLine.arguments.first.map { URL(fileURLWithPath: $0).path } ?? ""
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? own
        func layer(_ name: String, _ layer: EchoPeer.Layer) -> PeerProgram {
            PeerProgram(
                name: name, executable: executable, prefix: ["echo-peer"], suffix: ["--layer", layer.rawValue])
        }
        var programs = [
            layer(Self.ours, .rpc), layer(Self.fromPool, .rpcPool), layer(Self.bare, .nio),
            layer(Self.bareBytes, .nioBytes),
        ]
        var missing: [Missing] = []
        do {
            programs.append(PeerProgram(name: Self.grpcSwift, executable: try await grpcSwift()))
        } catch {
            missing.append(Missing(name: Self.grpcSwift, reason: "\(error)"))
        }
        do {
            programs.append(PeerProgram(name: Self.grpcCxx, executable: try await grpcCxx()))
        } catch {
            missing.append(Missing(name: Self.grpcCxx, reason: "\(error)"))
        }
        return (programs, missing)
    }

    private func grpcSwift() async throws -> String {
        let package = folder + "/GRPCSwift"
        let product = package + "/.build/release/grpc-swift-echo"
        if FileManager.default.isExecutableFile(atPath: product) { return product }
        guard buildMissing else {
            throw PeerProgram.Failure(reason: "not built; --build-peers builds it, in about eight minutes")
        }
        try await build("swift", ["build", "-c", "release", "--scratch-path", ".build"], in: package)
        return product
    }

    private func grpcCxx() async throws -> String {
        let sources = folder + "/GRPCCxx"
        try await build("make", ["-s"], in: sources)
        return sources + "/.build/grpc-cxx-echo"
    }

    private func build(_ program: String, _ arguments: [String], in folder: String) async throws {
        let process = try await ChildProcess.launch(
            LaunchSpecification(executable: .path(program), arguments: arguments, workingDirectory: folder))
        guard await process.wait().isSuccess else {
            throw PeerProgram.Failure(reason: process.lastLines(4).map(\.text).joined(separator: "; "))
        }
    }
}
