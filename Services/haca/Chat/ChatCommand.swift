import ArgumentParser
import Foundation
import ServiceKit
import Synchronization

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk to a model; the answer streams into the terminal.",
        discussion: "^C stops an answer; /help lists what else can be typed.")

    @Argument(help: "One question; without it, a conversation.")
    var question: [String] = []

    @OptionGroup var folder: FolderOption

    @Option(help: "The gateway (default: $HACA_GATEWAY_URL, else the local network's).")
    var url: String?

    @Option(help: "Accept exactly this certificate (PEM) for an https:// gateway.", completion: .file())
    var certificate: String?

    @Option(help: "The model (default: the gateway's first).")
    var model: String?

    @Option(help: "Tokens an answer may have.")
    var maximumTokens: Int?

    @Flag(help: "Use the local network's TLS listener, with its certificate pinned.")
    var tls = false

    func run() async throws {
        let (base, pinned) = try address()
        let gateway = try GatewayConnection(base: base, pinned: pinned)
        do {
            let models = try await gateway.models()
            guard let model = model ?? models.first else {
                throw ServiceFailure(.unavailable, "the gateway at \(base) has no model now")
            }
            var conversation = Conversation(
                gateway: gateway, models: models, model: model, maximumTokens: maximumTokens)
            if question.isEmpty {
                try await conversation.run()
            } else {
                let finished = try await conversation.ask(question.joined(separator: " "))
                // What a shell reports for a program that ^C ended.
                if !finished { throw ExitCode(128 + SIGINT) }
            }
            await gateway.close()
        } catch {
            await gateway.close()
            throw error
        }
    }

    private func address() throws -> (base: String, pinned: String?) {
        let given = url ?? (tls ? nil : ProcessInfo.processInfo.environment["HACA_GATEWAY_URL"])
        if let given {
            guard let parsed = URL(string: given), let scheme = parsed.scheme, ["http", "https"].contains(scheme),
                parsed.host != nil
            else { throw ServiceFailure(.usage, "\(given) is no http:// or https:// address") }
            var base = given
            while base.hasSuffix("/") { base.removeLast() }
            if base.hasSuffix("/v1") { base.removeLast(3) }
            return (base, certificate)
        }
        let layout = folder.layout
        let description = try TestnetDescription.load(from: layout)
        return tls
            ? (description.httpsURL, certificate ?? layout.gatewayCertificate) : (description.httpURL, certificate)
    }
}

/// A conversation at the terminal.
struct Conversation {
    /// Messages that are sent along; older ones are forgotten.
    private static let maximumHistory = 64

    let gateway: GatewayConnection
    let models: [String]
    var model: String
    let maximumTokens: Int?
    private var history: [GatewayConnection.Message] = []

    init(gateway: GatewayConnection, models: [String], model: String, maximumTokens: Int?) {
        self.gateway = gateway
        self.models = models
        self.model = model
        self.maximumTokens = maximumTokens
    }

    /// Reads lines until the end of input.
    mutating func run() async throws {
        let isInteractive = isatty(STDIN_FILENO) == 1
        if isInteractive { print("\(model) at \(gateway.base)   /help for commands, ^D to leave") }
        while let line = await LineInput.next(prompt: isInteractive ? "> " : "") {
            let text = line.trimmingCharacters(in: .whitespaces)
            guard !text.isEmpty else { continue }
            if text.hasPrefix("/") {
                if !command(text) { return }
                continue
            }
            do {
                let finished = try await ask(text)
                if !finished { print(" [stopped]") }
            } catch let failure as ServiceFailure where isInteractive {
                CommandOutput.error("haca: \(failure.message)")
            }
        }
        if isInteractive { print("") }
    }

    /// Streams one answer. ^C stops it.
    ///
    /// - Returns: whether the answer came to its end.
    mutating func ask(_ text: String) async throws -> Bool {
        history.append(.init(role: "user", content: text))
        if history.count > Self.maximumHistory { history.removeFirst(history.count - Self.maximumHistory) }
        let (gateway, model, messages, limit) = (gateway, model, history, maximumTokens)
        let partial = PartialAnswer()
        let answer = Task {
            try await gateway.chat(model: model, messages: messages, maximumTokens: limit) { piece in
                partial.append(piece)
                CommandOutput.write(Self.printable(piece))
            }
        }
        let signals = ProcessSignals([SIGINT: { answer.cancel() }])
        defer { withExtendedLifetime(signals) {} }
        do {
            let (text, _) = try await answer.value
            CommandOutput.write("\n")
            history.append(.init(role: "assistant", content: text))
            return true
        } catch {
            if partial.isEmpty {
                history.removeLast()
            } else {
                history.append(.init(role: "assistant", content: partial.text))
            }
            guard answer.isCancelled else {
                CommandOutput.write(partial.isEmpty ? "" : "\n")
                throw error
            }
            return false
        }
    }

    /// False when the conversation is over.
    private mutating func command(_ text: String) -> Bool {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch words[0] {
        case "/exit", "/quit": return false
        case "/models":
            for name in models { print(name == model ? "* \(name)" : "  \(name)") }
        case "/model":
            guard words.count > 1, models.contains(words[1]) else {
                let nearest = words.count > 1 ? NearestName.to(words[1], among: models) : nil
                print("which? " + models.joined(separator: ", ") + (nearest.map { "; did you mean \($0)?" } ?? ""))
                return true
            }
            model = words[1]
        case "/clear": history = []
        default: print("/models  /model NAME  /clear (forget the conversation)  /exit")
        }
        return true
    }

    /// A model's text without what would drive the terminal; new lines and tabs stay.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { scalar in
                    scalar == "\n" || scalar == "\t" || !(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value))
                }))
    }
}

/// What has arrived of an answer.
private final class PartialAnswer: Sendable {
    private let pieces = Mutex("")

    var text: String { pieces.withLock { $0 } }
    var isEmpty: Bool { text.isEmpty }

    func append(_ piece: String) { pieces.withLock { $0 += piece } }
}

/// Lines of standard input, read on a thread of their own, because reading blocks.
enum LineInput {
    static func next(prompt: String) async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                CommandOutput.write(prompt)
                continuation.resume(returning: readLine(strippingNewline: true))
            }
        }
    }
}
