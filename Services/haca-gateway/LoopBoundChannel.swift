import HummingbirdCore
import Logging
import NIOCore
import RPC

/// A Hummingbird child channel whose requests are answered on the event loop of their connection: reading, the call to the
/// worker over the same loop's connection, and writing change no thread.
///
/// Handlers therefore must not compute for long: signatures, long bodies and documents have threads of their own.
struct LoopBoundChannel<Inner: ServerChildChannel>: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let inner: Inner.Value
        let executor: any TaskExecutor

        var channel: any Channel { inner.channel }
    }

    let inner: Inner

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let executor = EventLoopExecution.executor(here: channel.eventLoop)
        return inner.setup(channel: channel, logger: logger).map { Value(inner: $0, executor: executor) }
    }

    func handle(value: Value, logger: Logger) async {
        await withTaskExecutorPreference(value.executor) { await inner.handle(value: value.inner, logger: logger) }
    }
}
