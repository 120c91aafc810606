import ArgumentParser
import AsyncHTTPClient
import ConsensusTypes
import Foundation
import LightClient
import Primitives
import ServiceKit

struct LightCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "light", abstract: "Verify a chain's headers without trusting the node that sends them.",
        discussion: """
            Starts from one block whose height and hash you know from elsewhere, and goes on from the last verified block when it
            runs again. Exit status: 0 verified, 1 the chain does not verify or two chains diverge, 69 a node does not answer.
            """,
        subcommands: [Verify.self, Follow.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Verify one height, by default the newest.")

        @OptionGroup var options: LightOptions

        @Option(help: "Height to verify; also below the trusted one.")
        var height: Int64?

        func run() async throws {
            try await LightCommand.withClient(options) { client in
                let block = if let height { try await client.verify(height: height) } else { try await client.update() }
                LightCommand.show(block, "verified")
            }
        }
    }

    struct Follow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Verify new heights as they come.")

        @OptionGroup var options: LightOptions

        @Option(help: "Pause between two looks at the newest height.")
        var interval = "1s"

        @Option(help: "Stop once this height is verified.")
        var until: Int64?

        func run() async throws {
            guard let pause = DurationText.parse(interval), pause >= .milliseconds(10) else {
                throw ServiceFailure(.usage, "--interval takes a duration of at least 10ms")
            }
            try await LightCommand.withClient(options) { client in
                var last: Int64 = 0
                var complaint = ""
                while true {
                    do {
                        let block = try await client.update()
                        if block.height != last { LightCommand.show(block, "verified") }
                        last = block.height
                        complaint = ""
                        if let until, last >= until { return }
                    } catch let error as LightClientError where error.isTemporary {
                        // A node that restarts is no reason to stop; one line for each new reason.
                        if error.description != complaint {
                            CommandOutput.error("waiting: \(Terminal.plain(error.description))")
                        }
                        complaint = error.description
                    }
                    try await Task.sleep(for: pause)
                }
            }
        }
    }

    /// Runs the body with a started client, and says what went wrong.
    static func withClient(_ options: LightOptions, _ body: (LightClient) async throws -> Void) async throws {
        var configuration = HTTPClient.Configuration()
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(15))
        configuration.redirectConfiguration = .disallow
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let client = try await options.start(http)
            if let latest = try await client.latest() { show(latest, "trusted ") }
            try await body(client)
            try? await http.shutdown()
        } catch {
            try? await http.shutdown()
            throw try failure(error, options)
        }
    }

    /// Prints one line for a block, at once also into a pipe.
    static func show(_ block: LightBlock, _ word: String) {
        let header = block.signedHeader.header
        let hash = header.hash?.hex.uppercased() ?? "-"
        CommandOutput.write(
            "\(word) height \(Terminal.fitted(String(header.height), 9)) \(hash) \(header.time)"
                + " \(block.validators.count) validators, app \(Hex.encode(header.applicationHash.prefix(8)).uppercased())\n"
        )
    }

    private static func failure(_ error: any Error, _ options: LightOptions) throws -> any Error {
        switch error {
        case let error as LightBlockProviderError:
            return ServiceFailure(.unavailable, Terminal.plain("\(options.primary): \(error)"))
        case let error as TrustedStoreError: return ServiceFailure(.cannotCreate, "\(error)")
        case LightClientError.divergence(let divergence):
            try report(divergence, options)
            return ExitCode(1)
        case let error as LightClientError:
            if error.isTemporary { return ServiceFailure(.unavailable, Terminal.plain(error.description)) }
            CommandOutput.error("haca: NOT verified: \(Terminal.plain(error.description))")
            return ExitCode(1)
        default: return error
        }
    }

    /// As loud as a command line can be, with the evidence in a file.
    private static func report(_ divergence: Divergence, _ options: LightOptions) throws {
        let file = try options.storeFolder().appending(path: "divergence-\(divergence.height).json")
        let evidence = [divergence.againstPrimary, divergence.againstWitness].compactMap { $0 }
            .map { Evidence.lightClientAttack($0).cometJSON }
        let isWritten = (try? Data(JSON.array(evidence).encoded()).write(to: file, options: .atomic)) != nil
        CommandOutput.error(
            """
            haca: ATTACK: two nodes prove different blocks at height \(divergence.height)
              \(Terminal.plain(divergence.primary)) has \(divergence.primaryHash?.hex.uppercased() ?? "-")
              \(Terminal.plain(divergence.witness)) has \(divergence.witnessHash?.hex.uppercased() ?? "-")
              byzantine validators, if the witness is right: \(names(divergence.againstPrimary))
              byzantine validators, if the primary is right: \(divergence.againstWitness.map(names) ?? "not provable")
              Evidence went to both nodes\(isWritten ? " and to \(file.path)" : ""). Trust neither of them before you know more.
            """)
    }

    private static func names(_ evidence: LightClientAttackEvidence) -> String {
        let names = evidence.byzantineValidators.map(\.address.description)
        return names.isEmpty ? "none can be told (amnesia)" : names.joined(separator: ", ")
    }
}
