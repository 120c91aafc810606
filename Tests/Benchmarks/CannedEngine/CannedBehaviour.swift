import NIOCore
import Synchronization

/// What every answer looks like and how it misbehaves.
struct CannedBehaviour: Sendable {
    /// Tokens in an answer; a request's lower `max_tokens` wins.
    let tokens: Int
    /// Pause before each token.
    let delay: TimeAmount
    /// Width of an embedding.
    let dimensions: Int
    /// HTTP status of every generation instead of an answer.
    let failStatus: Int?
    /// The connection closes after this many tokens of a stream.
    let breakAfter: Int?
    /// The stream goes silent after this many tokens.
    let stallAfter: Int?

    /// The words of an answer, repeated as needed.
    static let words = ["The", " quick", " brown", " fox", " jumps", " over", " the", " lazy", " dog", "."]

    static func word(_ index: Int) -> String {
        words[index % words.count]
    }
}

/// How many generations run and ran; `GET /stats` shows it, so that a test can see a cancelled stream end.
final class CannedLoad: Sendable {
    let running = Atomic<Int>(0)
    let started = Atomic<Int>(0)
    let cancelled = Atomic<Int>(0)

    var json: String {
        """
        {"running":\(running.load(ordering: .relaxed)),"started":\(started.load(ordering: .relaxed)),\
        "cancelled":\(cancelled.load(ordering: .relaxed))}
        """
    }
}
