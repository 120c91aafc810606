/// Names an effect whose end the driver reports back.
public struct CompletionID: Sendable, Hashable, Comparable {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }

    public static func < (left: CompletionID, right: CompletionID) -> Bool { left.value < right.value }
}

/// Names a transaction that a local client handed in; chosen by the driver.
public struct SubmissionID: Sendable, Hashable {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }
}
