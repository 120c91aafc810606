import ConsensusTypes
import Primitives

/// Carries JSON-RPC requests to a node. The transport bounds the size of an answer and the time it takes.
public protocol CometRPCTransport: Sendable {
    /// - Parameter body: a JSON-RPC request, to be POSTed.
    /// - Returns: the body of the answer, whatever its status.
    func post(_ body: [UInt8]) async throws(LightBlockProviderError) -> [UInt8]
}

/// A node that is asked through CometBFT's JSON-RPC: `commit`, `validators` in pages, `status`, `broadcast_evidence`.
public struct CometRPCProvider: LightBlockProvider {
    /// The most a page can hold.
    static let validatorsPerPage = 100
    /// An answer is not read when it is larger: a commit of 10,000 signatures takes 3 MB.
    public static let maximumAnswerBytes = 8 << 20

    public let name: String
    private let transport: any CometRPCTransport

    public init(name: String, transport: any CometRPCTransport) {
        self.name = name
        self.transport = transport
    }

    /// What a node says of itself.
    public struct Status: Sendable, Hashable {
        public var chainID: String
        public var latestHeight: Int64
        public var latestTime: Timestamp
        public var isCatchingUp: Bool
    }

    public func status() async throws(LightBlockProviderError) -> Status {
        let result = try await call("status", [:])
        do {
            let fields = try CometJSONFields(result)
            guard let node = fields["node_info"], let sync = fields["sync_info"] else {
                throw CometJSONError.missing(member: "node_info or sync_info")
            }
            let progress = try CometJSONFields(sync)
            return Status(
                chainID: try CometJSONFields(node).string("network"),
                latestHeight: try progress.integer("latest_block_height"),
                latestTime: try progress.time("latest_block_time"), isCatchingUp: try progress.bool("catching_up"))
        } catch {
            throw .malformed("status: \(error)")
        }
    }

    public func lightBlock(at height: Int64?) async throws(LightBlockProviderError) -> LightBlock {
        let result = try await call("commit", height.map { ["height": CometJSON.string($0)] } ?? [:])
        let signedHeader: SignedHeader
        do {
            signedHeader = try CometJSONFields(result).required("signed_header")
        } catch {
            throw .malformed("commit: \(error)")
        }
        return LightBlock(
            signedHeader: signedHeader, validators: try await validators(at: signedHeader.header.height))
    }

    public func report(_ evidence: LightClientAttackEvidence) async throws(LightBlockProviderError) {
        _ = try await call("broadcast_evidence", ["evidence": Evidence.lightClientAttack(evidence).cometJSON])
    }

    /// All pages; the node's order is the canonical one, which the header's hash proves.
    private func validators(at height: Int64) async throws(LightBlockProviderError) -> ValidatorSet {
        var validators: [Validator] = []
        var total = Int.max
        var page = 1
        while validators.count < total {
            let result = try await call(
                "validators",
                [
                    "height": CometJSON.string(height), "page": CometJSON.string(page),
                    "per_page": CometJSON.string(Self.validatorsPerPage),
                ])
            do {
                let fields = try CometJSONFields(result)
                let found: Int64 = try fields.integer("block_height")
                guard found == height else { throw CometJSONError.expected("height \(height)", member: "block_height") }
                let added: [Validator] = try fields.values("validators", maximum: Self.validatorsPerPage)
                total = try fields.integer("total")
                // Every page is full but the last, which bounds their number.
                guard (1...ValidatorSet.maximumCount).contains(total), validators.count < total,
                    added.count == min(Self.validatorsPerPage, total - validators.count)
                else { throw CometJSONError.expected("as many validators as it says", member: "validators") }
                validators += added
            } catch {
                throw .malformed("validators: \(error)")
            }
            page += 1
        }
        do {
            return try ValidatorSet(existing: validators)
        } catch {
            throw .malformed("validators: \(error)")
        }
    }

    /// The result of a method.
    private func call(_ method: String, _ parameters: JSON) async throws(LightBlockProviderError) -> JSON {
        let request: JSON = ["jsonrpc": "2.0", "id": 1, "method": JSON(method), "params": parameters]
        let answer = try await transport.post(request.encoded())
        guard answer.count <= Self.maximumAnswerBytes else { throw .malformed("\(method): the answer is too large") }
        guard let document = try? JSON(parsing: answer, limits: Self.limits) else {
            throw .malformed("\(method): the answer is not JSON")
        }
        if let error = document["error"], !error.isNull { throw Self.failure(error, of: method) }
        guard let result = document["result"], !result.isNull else {
            throw .malformed("\(method): the answer has neither result nor error")
        }
        return result
    }

    private static let limits = JSONLimits(
        maximumBytes: maximumAnswerBytes, maximumDepth: 32, maximumValues: 1 << 20, maximumIntegerDigits: 32,
        acceptsNonFiniteNumbers: false)

    /// Nodes tell these errors apart in their texts only.
    private static func failure(_ error: JSON, of method: String) -> LightBlockProviderError {
        let text = [error["message"]?.stringValue, error["data"]?.stringValue].compactMap { $0 }
            .joined(separator: ": ")
        if text.contains("must be less than or equal to") { return .heightTooHigh }
        if text.contains("is not available") || text.contains("could not find") { return .notFound }
        return .noResponse("\(method): \(text.prefix(500))")
    }
}
