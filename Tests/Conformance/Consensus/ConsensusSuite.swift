import Primitives

/// `consensus`: what consensus hashes, signs, encodes and computes. The kind of a vector is read off its members; the formats are
/// in README.md. Files of the suite `light-client` and of transports that are not built are left out.
enum ConsensusSuite: Suite {
    static let name = "consensus"

    static func vectors(in document: JSON) throws -> [JSON] {
        if isLeftOut(document) { return [] }
        if KnownAnswers.isOne(document) { return KnownAnswers.vectors(in: document) }
        if WALVectors.isOne(document) { return WALVectors.vectors(in: document) }
        if RPCFixtures.isOne(document) { return [document] }
        return try VectorFile.split(document, listNames: ["cases", "vectors", "tests"])
    }

    static func check(_ vector: JSON) throws {
        if RPCFixtures.isOne(vector) { return try RPCFixtures.check(vector) }
        guard let kind = kinds.first(where: { $0.isOne(vector) }) else {
            let members = vector.objectValue?.keys.map(\.description).joined(separator: ", ") ?? vector.kindName
            throw VectorFailure("no known kind of vector: \(members)")
        }
        try kind.check(vector)
    }

    /// The kinds, those with the more telling members first.
    private static let kinds: [any ConsensusVector.Type] = [
        SignBytesVector.self, SignatureVector.self, EvidenceVector.self, SignerVector.self, BlockTimeVector.self,
        ValidatorSetVector.self, RotationVector.self, MerkleInnerVector.self, MerkleVector.self,
        BlockEncodingVector.self, HeaderHashVector.self, CommitHashVector.self, PartSetVector.self,
        TransactionsHashVector.self, ParametersHashVector.self, ResultsHashVector.self, WALFrameVector.self,
        WALStreamVector.self, ABCIFrameVector.self, MessageVector.self,
    ]

    private static func isLeftOut(_ document: JSON) -> Bool {
        let first = document["cases"]?.arrayValue?.first ?? document
        let isLightClient = first["scenarios"] != nil || (first["initial"]?["signed_header"] != nil)
        let isSecretConnection = first["dh_secret"] != nil
        return isLightClient || isSecretConnection
    }
}

/// One kind of vector of the suite `consensus`.
protocol ConsensusVector: Sendable {
    /// Whether the members are those of this kind.
    static func isOne(_ vector: JSON) -> Bool

    /// - Throws: `VectorFailure`, or what the library throws where it refuses what is valid.
    static func check(_ vector: JSON) throws
}

extension JSON {
    func has(_ members: String...) -> Bool { members.allSatisfy { self[$0] != nil } }

    /// Hex of a member, of either case.
    func hex(_ member: String) throws -> [UInt8] {
        guard let text = self[member]?.stringValue, let bytes = try? Hex.decode(text) else {
            throw VectorFailure("\(member): expected hex")
        }
        return bytes
    }

    /// An array of hex texts.
    func hexList(_ member: String) throws -> [[UInt8]] {
        guard let elements = self[member]?.arrayValue else { throw VectorFailure("\(member): expected an array") }
        return try elements.map { element in
            guard let text = element.stringValue, let bytes = try? Hex.decode(text) else {
                throw VectorFailure("\(member): expected hex")
            }
            return bytes
        }
    }

    /// A number, or the text of one.
    func integer(_ member: String) throws -> Int64 {
        guard let value = self[member], let integer = value.integer else {
            throw VectorFailure("\(member): expected an integer")
        }
        return integer
    }

    var integer: Int64? { intValue.map(Int64.init) ?? stringValue.flatMap { Int64($0) } }
}

enum Check {
    static func equal(_ actual: [UInt8], _ expected: [UInt8], _ what: String) throws {
        guard actual == expected else {
            throw VectorFailure("\(what) is \(Hex.encode(actual)), expected \(Hex.encode(expected))")
        }
    }

    static func equal<Value: Equatable>(_ actual: Value, _ expected: Value, _ what: String) throws {
        guard actual == expected else { throw VectorFailure("\(what) is \(actual), expected \(expected)") }
    }

    /// Decodes, encodes again, and compares.
    static func roundTrip<Message: ProtobufMessage>(_ type: Message.Type, _ bytes: [UInt8]) throws -> Message {
        let message = try Message(protobuf: bytes)
        try equal(message.protobufBytes, bytes, "the encoding of the decoded \(type)")
        return message
    }
}
