import NIOCore
import Synchronization

/// Channels that are closed together: the connections of one client, or those that a server has open.
final class ABCIConnectionSet: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.channels.count } }

    /// False, with the channel not taken, when there are `limit` already or the set was closed.
    func add(_ channel: any Channel, limit: Int = .max) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = state.withLock { state in
            guard !state.isClosed, state.channels.count < limit else { return false }
            state.channels[id] = channel
            return true
        }
        if isAdded { channel.closeFuture.whenComplete { _ in self.state.withLock { $0.channels[id] = nil } } }
        return isAdded
    }

    /// Closes all of them, and any that is still to come is refused.
    func startClosing() {
        for channel in channels() { channel.close(promise: nil) }
    }

    /// As `startClosing`, and waits until they are closed.
    func closeAll() async {
        for channel in channels() {
            channel.close(promise: nil)
            try? await channel.closeFuture.get()
        }
    }

    private func channels() -> [any Channel] {
        state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
    }
}
