import Attestation
import Foundation
import Inference
import Primitives
import Signing
import Testing

/// A gateway, a worker and one answer, as a network would make them.
private struct AnsweredNetwork {
    let authority: SimulatedAuthority
    let gatewayKey: RSASigningKey
    let bundle: ReceiptBundle
    let approved: ApprovedMeasurements

    static let request: JSON = ["model": "gpt-5", "messages": [["role": "user", "content": "hi"]]]
    static let answer: JSON = [
        "choices": [["message": ["role": "assistant", "content": "Hé!"], "finish_reason": "stop"]]
    ]

    /// - Parameter change: applied to the worker's statement and the receipt before they are signed.
    init(change: (inout WorkerStatement, inout ReceiptStatement) -> Void = { _, _ in }) throws {
        authority = try SimulatedAuthority()
        let gatewayMeasurements = EnclaveMeasurements(executable: [UInt8](repeating: 1, count: 48))
        let workerMeasurements = EnclaveMeasurements(executable: [UInt8](repeating: 2, count: 48))
        approved = ApprovedMeasurements(roles: [
            "gateway": [.init(gatewayMeasurements)], "worker": [.init(workerMeasurements)],
        ])

        gatewayKey = try RSASigningKey()
        let receiptKey = Ed25519SigningKey()
        let workerKey = Ed25519SigningKey()
        let requestHash = try ChatRequest(Self.request).requestHash
        let outputHash = OutputHash.of(text: "Hé!")
        let signature = try CompatibleSignature.sign(
            request: requestHash, output: outputHash, timestamp: 1_760_000_000, with: gatewayKey)

        var worker = WorkerStatement()
        worker.modelID = "local"
        worker.weightsHash = Data(repeating: 7, count: 32)
        worker.requestHash = Data(requestHash.bytes)
        worker.outputHash = Data(outputHash.bytes)
        worker.finishReason = "stop"
        worker.nonce = Data(repeating: 8, count: 32)
        var receipt = ReceiptStatement()
        receipt.teeID = Data(signature.teeID.bytes)
        receipt.requestedModel = "gpt-5"
        receipt.modelID = worker.modelID
        receipt.weightsHash = worker.weightsHash
        receipt.requestHash = worker.requestHash
        receipt.outputHash = worker.outputHash
        receipt.finishReason = worker.finishReason
        receipt.nonce = worker.nonce
        receipt.timeMilliseconds = 1_760_000_000_000
        receipt.compatibleTimestamp = signature.timestamp
        change(&worker, &receipt)
        receipt.worker = try worker.sign(with: workerKey)

        bundle = ReceiptBundle(
            signature: signature, publicKeyDER: gatewayKey.publicKeyDER, receipt: try receipt.sign(with: receiptKey),
            gatewayDocument: try Self.document(
                authority, gatewayMeasurements, signingKey: gatewayKey.publicKeyDER, receiptKey: receiptKey.publicKey),
            workerDocument: try Self.document(
                authority, workerMeasurements, signingKey: workerKey.publicKeyDER, receiptKey: []),
            rootCertificateHash: SHA2.sha256(authority.root.der))
    }

    static func document(
        _ authority: SimulatedAuthority, _ measurements: EnclaveMeasurements, signingKey: [UInt8], receiptKey: [UInt8]
    ) throws -> [UInt8] {
        let identity = try EnclaveIdentity(signingKey: signingKey, receiptKey: receiptKey)
        return try SimulatedSecurityModule(authority: authority, measurements: measurements)
            .makeDocument(nonce: nil, userData: identity.userData, publicKey: identity.publicKeyField)
    }

    /// The names of the steps that failed.
    func failures(
        _ bundle: ReceiptBundle? = nil, root: NitroRoot? = nil, request: JSON? = request, answer: JSON? = answer
    ) -> [String] {
        (bundle ?? self.bundle).verify(
            root: root ?? authority.root, approved: approved, request: request, answer: answer,
            nowMilliseconds: SystemTime.nowMilliseconds()
        ).filter(\.isFailed).map(\.name)
    }
}

@Suite("Receipt bundles")
struct ReceiptBundleTests {
    @Test("an honest bundle passes every step, before and after its JSON form")
    func honest() throws {
        let network = try AnsweredNetwork()
        let steps = network.bundle.verify(
            root: network.authority.root, approved: network.approved, request: AnsweredNetwork.request,
            answer: AnsweredNetwork.answer, nowMilliseconds: SystemTime.nowMilliseconds())
        for step in steps {
            guard case .passed = step.outcome else {
                Issue.record("\(step)")
                continue
            }
        }
        #expect(steps.count == 14)
        let read = try ReceiptBundle(JSON(parsing: network.bundle.json().encoded()))
        #expect(network.failures(read).isEmpty)
        #expect(try read.json() == network.bundle.json())
        #expect(read.isSimulated)
    }

    @Test("what was not given is skipped, not passed")
    func skipped() throws {
        let network = try AnsweredNetwork()
        let steps = network.bundle.verify(root: network.authority.root, nowMilliseconds: SystemTime.nowMilliseconds())
        let skipped = steps.filter { if case .skipped = $0.outcome { true } else { false } }.map(\.name)
        #expect(skipped == ["gateway measurements", "worker measurements", "request", "answer"])
    }

    @Test("another request or answer is found")
    func originals() throws {
        let network = try AnsweredNetwork()
        #expect(
            network.failures(request: ["model": "gpt-5", "messages": [["role": "user", "content": "ho"]]]) == [
                "request"
            ])
        #expect(network.failures(request: [:]) == ["request"])
        #expect(
            network.failures(answer: ["choices": [["message": ["content": "He!"], "finish_reason": "stop"]]]) == [
                "answer"
            ])
        #expect(network.failures(answer: [:]) == ["answer"])
    }

    @Test("another root, and documents under it, are found")
    func roots() throws {
        let network = try AnsweredNetwork()
        let other = try SimulatedAuthority()
        #expect(
            network.failures(root: other.root) == ["root certificate", "gateway attestation", "worker attestation"])
    }

    @Test("a worker that says something else than the receipt is found, field by field")
    func disagreement() throws {
        let changes: [(inout WorkerStatement) -> Void] = [
            { $0.modelID = "other" }, { $0.weightsHash = Data(repeating: 1, count: 32) },
            { $0.outputHash = Data(repeating: 1, count: 32) }, { $0.requestHash = Data(repeating: 1, count: 32) },
            { $0.parameters.temperature = "1.0" }, { $0.finishReason = "length" }, { $0.usage.promptTokens = 1 },
            { $0.nonce = Data(repeating: 1, count: 32) },
        ]
        for change in changes {
            let network = try AnsweredNetwork { worker, _ in change(&worker) }
            #expect(network.failures() == ["worker agreement"])
        }
    }

    @Test("a receipt that says something else than the signed answer is found, field by field")
    func receiptDisagreement() throws {
        let changes: [(inout ReceiptStatement) -> Void] = [
            { $0.teeID = Data(repeating: 1, count: 32) }, { $0.compatibleTimestamp += 1 },
        ]
        for change in changes {
            let network = try AnsweredNetwork { _, receipt in change(&receipt) }
            #expect(network.failures() == ["receipt agreement"])
        }
    }

    @Test("keys that no document attests are found")
    func foreignKeys() throws {
        let network = try AnsweredNetwork()
        let other = try AnsweredNetwork()
        var bundle = network.bundle
        bundle.receipt = try bundle.receipt.verified(expectedKey: nil).sign(with: Ed25519SigningKey())
        #expect(network.failures(bundle) == ["gateway keys"])
        bundle = network.bundle
        bundle.publicKeyDER = other.gatewayKey.publicKeyDER
        #expect(network.failures(bundle) == ["compatible signature", "gateway keys"])
        bundle = network.bundle
        bundle.workerDocument = bundle.gatewayDocument
        #expect(network.failures(bundle) == ["worker measurements", "worker keys"])
    }

    @Test("a statement signed with a broken signature makes what depends on it skipped")
    func brokenSignatures() throws {
        let network = try AnsweredNetwork()
        var bundle = network.bundle
        bundle.receipt.signature[3] ^= 1
        #expect(network.failures(bundle) == ["receipt signature"])
        bundle = network.bundle
        bundle.gatewayDocument[bundle.gatewayDocument.count - 1] ^= 1
        #expect(network.failures(bundle) == ["gateway attestation"])
    }

    @Test("a document that is no bundle is refused with the field's name")
    func malformed() throws {
        let json = try AnsweredNetwork().bundle.json()
        #expect(throws: ReceiptBundleError.notABundle) { try ReceiptBundle([:]) }
        for name in ["tee_signature", "tee_id", "tee_timestamp", "public_key", "receipt", "gateway_attestation"] {
            var object = try #require(json.objectValue)
            object[name] = "?"
            #expect(throws: ReceiptBundleError.field(name)) { try ReceiptBundle(.object(object)) }
        }
        var object = try #require(json.objectValue)
        object["version"] = 2
        #expect(throws: ReceiptBundleError.unsupportedVersion) { try ReceiptBundle(.object(object)) }
    }
}
