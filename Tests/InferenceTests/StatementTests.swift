import Foundation
import Inference
import Primitives
import Signing
import SwiftProtobuf
import Testing

@Suite("Signed statements")
struct StatementTests {
    static func workerStatement() -> WorkerStatement {
        var statement = WorkerStatement()
        statement.modelID = "m"
        statement.requestHash = Data(repeating: 1, count: 32)
        statement.outputHash = Data(repeating: 2, count: 32)
        statement.nonce = Data(repeating: 3, count: 32)
        statement.timeMilliseconds = 5
        return statement
    }

    static func receipt(worker: SignedWorkerStatement) -> ReceiptStatement {
        var statement = ReceiptStatement()
        statement.teeID = Data(repeating: 9, count: 32)
        statement.requestHash = Data(repeating: 1, count: 32)
        statement.outputHash = Data(repeating: 2, count: 32)
        statement.nonce = Data(repeating: 3, count: 32)
        statement.worker = worker
        return statement
    }

    @Test("a worker statement verifies and carries version and key")
    func worker() throws {
        let key = Ed25519SigningKey()
        let signed = try Self.workerStatement().sign(with: key)
        let read = try signed.verified(expectedKey: key.publicKey)
        #expect(read.version == 1)
        #expect(Array(read.signingKey) == key.publicKey)
        #expect(throws: StatementError.wrongKey) { try signed.verified(expectedKey: Ed25519SigningKey().publicKey) }
    }

    @Test("one changed byte anywhere breaks a statement")
    func tampering() throws {
        let key = Ed25519SigningKey()
        let signed = try Self.workerStatement().sign(with: key)
        for position in signed.statement.indices {
            var damaged = signed
            damaged.statement[position] ^= 1
            #expect(throws: StatementError.self) { try damaged.verified(expectedKey: nil) }
        }
        var damaged = signed
        damaged.signature[0] ^= 1
        #expect(throws: StatementError.badSignature) { try damaged.verified(expectedKey: nil) }
        damaged.signature = Data()
        #expect(throws: StatementError.badSignature) { try damaged.verified(expectedKey: nil) }
    }

    @Test("unknown fields and second encodings are refused even under a good signature")
    func canonicalEncoding() throws {
        let key = Ed25519SigningKey()
        let signed = try Self.workerStatement().sign(with: key)
        // Field 100 as a varint; field 4 with an explicit empty value; the version written twice.
        for extra in [[0xA0, 0x06, 0x01], [0x22, 0x00], [0x08, 0x01]] as [[UInt8]] {
            var other = SignedWorkerStatement()
            other.statement = signed.statement + Data(extra)
            other.signature = Data(
                try key.sign(Array(WorkerStatement.signatureDomain.utf8) + [0] + Array(other.statement)))
            #expect(throws: StatementError.notCanonical) { try other.verified(expectedKey: nil) }
        }
    }

    @Test("a receipt verifies, and its signature is not one of a worker statement")
    func receipt() throws {
        let key = Ed25519SigningKey()
        let signed = try Self.receipt(worker: Self.workerStatement().sign(with: Ed25519SigningKey())).sign(with: key)
        #expect(try signed.verified(expectedKey: key.publicKey).version == 2)
        #expect(throws: StatementError.wrongKey) { try signed.verified(expectedKey: Ed25519SigningKey().publicKey) }
        var crossed = signed
        crossed.signature = Data(
            try key.sign(Array(WorkerStatement.signatureDomain.utf8) + [0] + Array(signed.statement)))
        #expect(throws: StatementError.badSignature) { try crossed.verified(expectedKey: nil) }
    }

    @Test("fields of a wrong length cannot be signed")
    func lengths() {
        var statement = Self.workerStatement()
        statement.nonce = Data([1])
        #expect(throws: StatementError.self) { try statement.sign(with: Ed25519SigningKey()) }
        #expect(throws: StatementError.self) {
            try Self.receipt(worker: .init()).sign(with: Ed25519SigningKey()).verified(expectedKey: [1])
        }
    }
}
