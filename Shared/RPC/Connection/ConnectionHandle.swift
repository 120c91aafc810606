import NIOCore

extension Connection: RPCConnectionHandle {
    var peer: PeerIdentity { shared.withLock { $0.peer } }

    var channel: any RPCChannel { self }

    func onClose(_ body: @escaping @Sendable () -> Void) {
        let runsNow = shared.withLock { shared in
            if !shared.isClosed { shared.onClose.append(body) }
            return shared.isClosed
        }
        if runsNow { body() }
    }

    func value<Key: RPCConnectionKey>(for key: Key.Type) -> Key.Value? {
        shared.withLock { $0.values[ObjectIdentifier(key)] as? Key.Value }
    }

    func setValue<Key: RPCConnectionKey>(_ value: Key.Value?, for key: Key.Type) {
        shared.withLock { $0.values[ObjectIdentifier(key)] = value }
    }

    func close() {
        onLoop {
            self.closed(RPCError(.unavailable, "the connection was closed"))
            self.context?.close(promise: nil)
        }
    }

    /// Runs on the event loop: at once if the caller is there.
    func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.inEventLoop {
            body()
        } else {
            loop.execute(body)
        }
    }
}
