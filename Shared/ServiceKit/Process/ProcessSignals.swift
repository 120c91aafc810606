import Dispatch
import Foundation

/// Delivers process signals to closures on a queue, where anything may be called.
///
/// Unchecked: the sources are made in `init` and only cancelled in `deinit`, and Dispatch allows that from any thread.
public final class ProcessSignals: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]
    private let numbers: [CInt]

    /// Takes over the given signals until the value is released, which restores their default. SIGPIPE is ignored from
    /// now on.
    ///
    /// The default action of each is switched off for this process; programs it executes get the default back, because
    /// the launcher resets them.
    public init(_ handlers: [CInt: @Sendable () -> Void]) {
        signal(SIGPIPE, SIG_IGN)
        numbers = Array(handlers.keys)
        let queue = DispatchQueue(label: "haca.signals")
        sources = handlers.map { number, handler in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: handler)
            source.resume()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
        for number in numbers { signal(number, SIG_DFL) }
    }
}
