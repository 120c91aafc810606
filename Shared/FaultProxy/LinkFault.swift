/// What a link does to the bytes that travel over it in one direction.
public struct LinkFault: Sendable, Hashable {
    /// Nothing arrives; what was sent waits, as on a network that lost its packets, and travels on when the link is whole.
    public var isCut: Bool
    /// How much later everything arrives.
    public var latency: Duration
    /// Bytes a second that pass; nil: as many as come.
    public var bytesPerSecond: Int?

    public static let none = LinkFault()

    public init(isCut: Bool = false, latency: Duration = .zero, bytesPerSecond: Int? = nil) {
        self.isCut = isCut
        self.latency = latency
        self.bytesPerSecond = bytesPerSecond
    }
}

/// The faults of both directions of a link.
public struct LinkFaults: Sendable, Hashable {
    /// From the side that connects to the side that listens.
    public var forward: LinkFault
    /// From the side that listens to the side that connects.
    public var backward: LinkFault

    public static let none = LinkFaults()
    /// Nothing passes either way.
    public static let cut = LinkFaults(forward: LinkFault(isCut: true), backward: LinkFault(isCut: true))

    public init(forward: LinkFault = .none, backward: LinkFault = .none) {
        self.forward = forward
        self.backward = backward
    }
}
