import NIOCore
import Synchronization

/// Knows which HTTP connections (HTTP/1) or streams (HTTP/2) are open, so that a request whose client has left can be
/// cancelled at once.
final class ConnectionWatch: Sendable {
    private struct Entry {
        var isClosed = false
        var actions: [UInt64: @Sendable () -> Void] = [:]
    }
    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var nextAction: UInt64 = 0
    }
    private let state = Mutex(State())

    /// Ends one registration.
    struct Registration: Sendable {
        fileprivate let channel: ObjectIdentifier
        fileprivate let action: UInt64
    }

    func opened(_ channel: any Channel) {
        state.withLock { $0.entries[ObjectIdentifier(channel)] = Entry() }
    }

    /// The client will read no more.
    func left(_ channel: any Channel) {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard var entry = state.entries[ObjectIdentifier(channel)] else { return [] }
            entry.isClosed = true
            let actions = Array(entry.actions.values)
            entry.actions = [:]
            state.entries[ObjectIdentifier(channel)] = entry
            return actions
        }
        for action in actions { action() }
    }

    func closed(_ channel: any Channel) {
        left(channel)
        _ = state.withLock { $0.entries.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Runs `action` when the client leaves; at once if it has left already.
    func onLeave(_ channel: any Channel, _ action: @escaping @Sendable () -> Void) -> Registration {
        let key = ObjectIdentifier(channel)
        let (registration, isOpen) = state.withLock { state -> (Registration, Bool) in
            state.nextAction += 1
            let registration = Registration(channel: key, action: state.nextAction)
            guard state.entries[key]?.isClosed == false else { return (registration, false) }
            state.entries[key]?.actions[registration.action] = action
            return (registration, true)
        }
        if !isOpen { action() }
        return registration
    }

    func forget(_ registration: Registration) {
        state.withLock { _ = $0.entries[registration.channel]?.actions.removeValue(forKey: registration.action) }
    }
}
