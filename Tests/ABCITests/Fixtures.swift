import ABCI
import ConsensusTypes
import Foundation
import KeyValueApplication
import KeyValueStore
import Logging
import Primitives

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// A quiet logger.
let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A key-value application that drives itself from block to block.
struct TestChain: Sendable {
    let application: KeyValueApplication

    init(store: any KeyValueStore = InMemoryKeyValueStore(), configuration: KeyValueConfiguration = .init()) throws {
        application = try KeyValueApplication(store: store, configuration: configuration)
    }

    static let validators = (1...4).map {
        ValidatorUpdate(publicKey: .ed25519([UInt8](repeating: UInt8($0), count: 32)), power: 10)
    }

    @discardableResult
    func start() throws -> InitChainResponse {
        let request = InitChainRequest(
            time: Timestamp(seconds: 1, nanoseconds: 0), chainID: "test", validators: Self.validators,
            initialHeight: 1)
        guard case .initChain(let answer) = try application.perform(.initChain(request)) else {
            throw UnexpectedAnswer()
        }
        return answer
    }

    func finalize(_ transactions: [String], height: Int64? = nil, misbehavior: [Misbehavior] = [])
        throws -> FinalizeBlockResponse
    {
        let request = FinalizeBlockRequest(
            transactions: transactions.map(bytes), misbehavior: misbehavior,
            height: height ?? application.height + 1)
        guard case .finalizeBlock(let answer) = try application.perform(.finalizeBlock(request)) else {
            throw UnexpectedAnswer()
        }
        return answer
    }

    @discardableResult
    func commit() throws -> CommitResponse {
        guard case .commit(let answer) = try application.perform(.commit(CommitRequest())) else {
            throw UnexpectedAnswer()
        }
        return answer
    }

    @discardableResult
    func block(_ transactions: String...) throws -> FinalizeBlockResponse {
        let answer = try finalize(transactions)
        try commit()
        return answer
    }

    func query(_ key: String, path: String = "", proves: Bool = false, height: Int64 = 0) throws -> QueryResponse {
        let request = QueryRequest(data: bytes(key), path: path, height: height, prove: proves)
        guard case .query(let answer) = try application.perform(.query(request)) else { throw UnexpectedAnswer() }
        return answer
    }
}

struct UnexpectedAnswer: Error {}

/// A folder that is removed with the test.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = FileManager.default.temporaryDirectory.appending(path: "abci-\(UUID().uuidString.prefix(8))").path()
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
