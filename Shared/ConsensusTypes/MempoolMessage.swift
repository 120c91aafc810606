import Primitives

/// Transactions for a peer's mempool, on channel 0x30.
public struct MempoolMessage: Sendable, Hashable {
    public var transactions: [[UInt8]]

    /// How many transactions one message may have.
    public static let maximumTransactions = 10_000

    public init(transactions: [[UInt8]]) { self.transactions = transactions }
}

extension MempoolMessage: ProtobufMessage {
    /// oneof {1 txs {1 repeated bytes}}.
    public func write(to writer: inout ProtobufWriter) {
        writer.nested(1) { $0.repeatedBytes(1, transactions) }
    }

    /// Refuses a message of no known kind and too many transactions.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var transactions: [[UInt8]]?
        while let field = try reader.nextField() {
            guard field == 1 else {
                try reader.skip()
                continue
            }
            var list = try reader.submessage()
            var elements: [[UInt8]] = []
            while let field = try list.nextField() {
                if field == 1 {
                    try list.appendBytes(to: &elements, maximum: Self.maximumTransactions)
                } else {
                    try list.skip()
                }
            }
            transactions = elements
        }
        guard let transactions else { throw .missingField(1) }
        self.init(transactions: transactions)
    }
}

/// Evidence for a peer's pool, on channel 0x38.
public struct EvidenceMessage: Sendable, Hashable {
    public var evidence: [Evidence]

    /// How many items one message may have.
    public static let maximumEvidence = 1000

    public init(evidence: [Evidence]) { self.evidence = evidence }
}

extension EvidenceMessage: ProtobufMessage {
    /// {1 repeated evidence}.
    public func write(to writer: inout ProtobufWriter) { writer.repeatedMessages(1, evidence) }

    /// Refuses too many items.
    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        var evidence: [Evidence] = []
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.append(to: &evidence, maximum: Self.maximumEvidence)
            default: try reader.skip()
            }
        }
        self.init(evidence: evidence)
    }
}
