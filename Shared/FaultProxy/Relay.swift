import NIOCore
import NIOPosix

/// One connection through a link: the accepted side, the side to the target, and a stream each way between them. Both
/// sides live on one event loop, which alone touches the state.
///
/// `@unchecked Sendable`: every method hops to the event loop first.
final class Relay: @unchecked Sendable {
    /// How long an attempt to reach the target may take.
    private static let connectTimeout: TimeAmount = .seconds(5)

    private let near: any Channel
    private let host: String
    private let port: Int
    private var far: (any Channel)?
    private var isConnecting = false
    private var faults = LinkFaults.none
    private let forward: RelayStream
    private let backward: RelayStream

    init(near: any Channel, host: String, port: Int) {
        self.near = near
        self.host = host
        self.port = port
        forward = RelayStream(loop: near.eventLoop)
        backward = RelayStream(loop: near.eventLoop)
    }

    /// Called on the event loop, while the accepted channel is set up.
    func begin(_ faults: LinkFaults) throws {
        self.faults = faults
        forward.source = near
        backward.sink = near
        // The target may answer before the accepted channel is active, so nothing begins before that.
        let handler = RelayHandler(stream: forward) { self.applyOnLoop(self.faults) }
        try near.pipeline.syncOperations.addHandler(handler)
    }

    func onEnd(_ body: @escaping @Sendable () -> Void) {
        near.closeFuture.whenComplete { _ in
            body()
            self.far?.close(promise: nil)
        }
    }

    func apply(_ faults: LinkFaults) { near.eventLoop.execute { self.applyOnLoop(faults) } }

    func close() {
        near.eventLoop.execute {
            self.near.close(promise: nil)
            self.far?.close(promise: nil)
        }
    }

    private func applyOnLoop(_ faults: LinkFaults) {
        self.faults = faults
        connectIfAllowed()
        forward.apply(faults.forward)
        backward.apply(faults.backward)
    }

    /// A connection needs packets both ways: while one way is cut the attempt waits.
    private func connectIfAllowed() {
        guard near.isActive, far == nil, !isConnecting, !faults.forward.isCut, !faults.backward.isCut else { return }
        isConnecting = true
        let backward = backward
        ClientBootstrap(group: near.eventLoop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RelayHandler(stream: backward))
                }
            }
            .connect(host: host, port: port)
            .whenComplete { result in
                switch result {
                case .success(let channel): self.connected(channel)
                case .failure: self.near.close(promise: nil)
                }
            }
    }

    private func connected(_ channel: any Channel) {
        guard near.isActive else {
            channel.close(promise: nil)
            return
        }
        far = channel
        backward.source = channel
        forward.sink = channel
        forward.pump()
        backward.pump()
    }
}
