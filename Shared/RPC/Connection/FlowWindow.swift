/// Credit to send, bytes. A peer that grants more than 2^62 in all breaks the protocol.
struct FlowWindow: Sendable {
    private(set) var available: Int64

    static let maximum = Int64(1) << 62

    init(_ initial: UInt64) {
        available = Int64(min(initial, UInt64(Self.maximum)))
    }

    mutating func spend(_ bytes: Int) {
        available -= Int64(bytes)
    }

    mutating func grant(_ bytes: UInt64) throws(ProtocolViolation) {
        guard bytes <= UInt64(Self.maximum), available + Int64(bytes) <= Self.maximum else { throw .creditOverflow }
        available += Int64(bytes)
    }
}

/// Credit given to the peer, bytes: what it may still send, and what waits to be given back.
struct ReceiveWindow: Sendable {
    /// What the peer may have in flight or unread.
    private(set) var size: Int
    private(set) var available: Int
    private(set) var owed = 0

    init(_ size: Int) {
        self.size = size
        available = size
    }

    mutating func receive(_ bytes: Int) throws(ProtocolViolation) {
        guard bytes <= available else { throw .flowControl }
        available -= bytes
    }

    mutating func owe(_ bytes: Int) {
        owed += bytes
    }

    /// Makes the window larger; the difference is owed to the peer.
    mutating func grow(by bytes: Int) {
        size += bytes
        owed += bytes
    }

    /// A fourth of the window has come together.
    var isDue: Bool { owed > 0 && owed >= size / 4 }

    /// Gives back all that is owed.
    mutating func take() -> Int {
        let bytes = owed
        owed = 0
        available += bytes
        return bytes
    }
}
