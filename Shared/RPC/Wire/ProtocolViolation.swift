/// What a peer did that no correct peer does. Each closes the connection.
public enum ProtocolViolation: Error, Sendable, Hashable {
    case badMagic
    case unsupportedVersion(UInt16)
    case wrongNetwork
    case wrongApplicationProtocol
    case frameTooLarge(length: UInt32, limit: Int)
    case unknownType(UInt8)
    case reservedBits
    case unknownFlags(UInt8)
    /// Flags, stream or payload that the frame's type does not allow.
    case malformedFrame(FrameType)
    case malformedPayload(FrameType)
    case settingsExpected
    case settingsTwice
    case settingsOutOfRange
    case streamOrder
    case streamLimit
    case idleStream
    case afterEnd
    case flowControl
    case creditOverflow
    case slowFrame
    case handshakeTimeout
    case noAnswer
    case backlog

    /// A short stable name, used in GOAWAY, in logs and by conformance vectors.
    public var code: String {
        switch self {
        case .badMagic: "bad_magic"
        case .unsupportedVersion: "unsupported_version"
        case .wrongNetwork: "wrong_network"
        case .wrongApplicationProtocol: "wrong_application_protocol"
        case .frameTooLarge: "frame_too_large"
        case .unknownType: "unknown_type"
        case .reservedBits: "reserved_bits"
        case .unknownFlags: "unknown_flags"
        case .malformedFrame: "malformed_frame"
        case .malformedPayload: "malformed_payload"
        case .settingsExpected: "settings_expected"
        case .settingsTwice: "settings_twice"
        case .settingsOutOfRange: "settings_out_of_range"
        case .streamOrder: "stream_order"
        case .streamLimit: "stream_limit"
        case .idleStream: "idle_stream"
        case .afterEnd: "after_end"
        case .flowControl: "flow_control"
        case .creditOverflow: "credit_overflow"
        case .slowFrame: "slow_frame"
        case .handshakeTimeout: "handshake_timeout"
        case .noAnswer: "no_answer"
        case .backlog: "backlog"
        }
    }
}
