import ABCI
import ConsensusTypes
import Primitives

/// Reads of the state after the last commit.
extension KeyValueApplication {
    private enum QueryCode {
        static let unknownPath: UInt32 = 1
        static let heightNotKept: UInt32 = 2
        static let malformedKey: UInt32 = 3
    }

    /// Path empty, `/key` or `/store`: the value of the key in `data`, with a proof when asked. `/val`: the power of the
    /// validator whose 20-byte address, or base64 public key, is in `data`. `/size`: the number of pairs.
    func query(_ request: QueryRequest) throws -> QueryResponse {
        let view = committed.withLock { $0 }
        guard request.height <= 0 || request.height == view.summary.height else {
            return QueryResponse(
                code: QueryCode.heightNotKept, log: "only height \(view.summary.height) can be read",
                height: view.summary.height)
        }
        switch request.path {
        case "", "/", "/key", "/store": return try value(of: request.data, proves: request.prove, in: view)
        case "/val": return try validator(request.data, in: view)
        case "/size":
            return QueryResponse(value: Array(String(view.summary.size).utf8), height: view.summary.height)
        default:
            return QueryResponse(
                code: QueryCode.unknownPath, log: "unknown path \(request.path)", height: view.summary.height)
        }
    }

    private func value(of key: [UInt8], proves: Bool, in view: CommittedView) throws -> QueryResponse {
        let value = try view.reading.value(for: StateKey.pair(key))
        let proof = proves ? try StateTree(over: view.reading).proof(of: key).operations(key: key) : nil
        return QueryResponse(
            log: value == nil ? "does not exist" : "exists", key: key, value: value ?? [], proof: proof,
            height: view.summary.height)
    }

    private func validator(_ key: [UInt8], in view: CommittedView) throws -> QueryResponse {
        var address = ValidatorAddress(key)
        if address == nil, let text = String(validating: key, as: UTF8.self), let raw = try? Base64.decode(text) {
            address = ValidatorPublicKey.ed25519(raw).address
        }
        guard let address else {
            return QueryResponse(
                code: QueryCode.malformedKey, log: "give a 20-byte address or a base64 public key",
                height: view.summary.height)
        }
        let state = PendingState(over: view.reading, summary: view.summary)
        let found = try state.validator(address: address.bytes)
        return QueryResponse(
            log: found == nil ? "does not exist" : "exists", key: key,
            value: found.map { Array(String($0.power).utf8) } ?? [], height: view.summary.height)
    }
}
