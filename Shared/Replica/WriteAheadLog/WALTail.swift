/// Collects what a restarting replica needs of its log: the last `endHeight` and everything after it.
public struct WALTail: Sendable {
    public private(set) var records: [WALRecord] = []

    public init() {}

    public mutating func append(_ record: WALRecord) {
        if case .endHeight = record.content { records.removeAll(keepingCapacity: true) }
        records.append(record)
    }
}
