import Attestation
import Primitives
import Signing

/// One check of a receipt and how it went.
public struct VerificationStep: Sendable, Hashable {
    public enum Outcome: Sendable, Hashable {
        /// With what was found, for display.
        case passed(String)
        case failed(String)
        /// Not checked, and why.
        case skipped(String)
    }

    public let name: String
    public let outcome: Outcome

    public var isFailed: Bool {
        if case .failed = outcome { true } else { false }
    }
}

extension ReceiptBundle {
    /// Checks the bundle offline, step by step; it holds when no step failed.
    ///
    /// Documents are verified at the time they were made: they prove that the keys were made inside the enclaves and never
    /// left, whenever that was.
    ///
    /// - Parameters:
    ///   - root: The only root trusted.
    ///   - approved: Measurements to demand of roles `gateway` and `worker`; nil leaves them unchecked.
    ///   - request: The original request, to recompute its hash.
    ///   - answer: The original answer (not streamed), to recompute its hash.
    ///   - nowMilliseconds: The time of the check; nothing may come from its future.
    public func verify(
        root: NitroRoot, approved: ApprovedMeasurements? = nil, request: JSON? = nil, answer: JSON? = nil,
        nowMilliseconds: UInt64
    ) -> [VerificationStep] {
        var check = ReceiptCheck(bundle: self, root: root, approved: approved, nowMilliseconds: nowMilliseconds)
        check.signatures()
        check.attestations()
        check.originals(request: request, answer: answer)
        return check.steps
    }
}

/// The checks in their order; later ones skip what earlier ones could not read.
private struct ReceiptCheck {
    let bundle: ReceiptBundle
    let root: NitroRoot
    let approved: ApprovedMeasurements?
    let nowMilliseconds: UInt64
    var steps: [VerificationStep] = []
    private var workerKey: [UInt8]?

    /// How far clocks may differ.
    private static let clockToleranceMilliseconds: UInt64 = 60_000

    init(bundle: ReceiptBundle, root: NitroRoot, approved: ApprovedMeasurements?, nowMilliseconds: UInt64) {
        self.bundle = bundle
        self.root = root
        self.approved = approved
        self.nowMilliseconds = nowMilliseconds
    }

    private mutating func step(_ name: String, _ outcome: VerificationStep.Outcome) {
        steps.append(VerificationStep(name: name, outcome: outcome))
    }

    private mutating func step(_ name: String, _ faults: [String], passed: String) {
        step(name, faults.isEmpty ? .passed(passed) : .failed(faults.joined(separator: "; ")))
    }

    // MARK: Signatures and agreement

    mutating func signatures() {
        compatibleSignature()
        guard let receipt = receiptSignature() else {
            step("receipt agreement", .skipped("the receipt does not verify"))
            step("worker statement", .skipped("the receipt does not verify"))
            step("worker agreement", .skipped("the receipt does not verify"))
            return
        }
        agreement(receipt)
        guard let worker = workerStatement(receipt) else {
            step("worker agreement", .skipped("the worker's statement does not verify"))
            return
        }
        agreement(worker, with: receipt)
    }

    private mutating func compatibleSignature() {
        do {
            let key = try RSAPublicKey(der: bundle.publicKeyDER)
            guard CompatibleSignature.teeID(publicKeyDER: key.der) == bundle.signature.teeID else {
                return step("compatible signature", .failed("tee_id is not the hash of the public key"))
            }
            guard bundle.signature.isValid(for: key) else {
                return step("compatible signature", .failed("the RSA-PSS signature does not verify"))
            }
            step("compatible signature", .passed("RSA-PSS by \(bundle.signature.teeID)"))
        } catch {
            step("compatible signature", .failed("\(error)"))
        }
    }

    private mutating func receiptSignature() -> ReceiptStatement? {
        do {
            let receipt = try bundle.receipt.verified(expectedKey: nil)
            guard receipt.timeMilliseconds <= nowMilliseconds + Self.clockToleranceMilliseconds else {
                step("receipt signature", .failed("the receipt is from the future"))
                return nil
            }
            step("receipt signature", .passed("Ed25519 by \(Hex.encode(bundle.receipt.receiptKey))"))
            return receipt
        } catch {
            step("receipt signature", .failed("\(error)"))
            return nil
        }
    }

    private mutating func agreement(_ receipt: ReceiptStatement) {
        var faults: [String] = []
        if Bytes32(receipt.teeID) != bundle.signature.teeID { faults.append("tee_id differs") }
        if Bytes32(receipt.requestHash) != bundle.signature.requestHash { faults.append("request hash differs") }
        if Bytes32(receipt.outputHash) != bundle.signature.outputHash { faults.append("output hash differs") }
        if receipt.compatibleTimestamp != bundle.signature.timestamp { faults.append("timestamp differs") }
        step("receipt agreement", faults, passed: "the receipt covers the signed request, output and time")
    }

    private mutating func workerStatement(_ receipt: ReceiptStatement) -> WorkerStatement? {
        do {
            let worker = try receipt.worker.verified(expectedKey: nil)
            workerKey = Array(worker.signingKey)
            step("worker statement", .passed("Ed25519 by \(Hex.encode(worker.signingKey))"))
            return worker
        } catch {
            step("worker statement", .failed("\(error)"))
            return nil
        }
    }

    private mutating func agreement(_ worker: WorkerStatement, with receipt: ReceiptStatement) {
        var faults: [String] = []
        if worker.modelID != receipt.modelID { faults.append("model differs") }
        if worker.weightsHash != receipt.weightsHash { faults.append("weights hash differs") }
        if worker.requestHash != receipt.requestHash { faults.append("request hash differs") }
        if worker.outputHash != receipt.outputHash { faults.append("output hash differs") }
        if worker.parameters != receipt.parameters { faults.append("sampling parameters differ") }
        if worker.finishReason != receipt.finishReason { faults.append("finish reason differs") }
        if worker.usage != receipt.usage { faults.append("usage differs") }
        if worker.nonce != receipt.nonce { faults.append("nonce differs") }
        let weights = worker.weightsHash.isEmpty ? "held by a provider" : Hex.encode(worker.weightsHash)
        step("worker agreement", faults, passed: "model \(worker.modelID), weights \(weights)")
    }

    // MARK: Enclaves

    mutating func attestations() {
        let rootHash = SHA2.sha256(root.der)
        step(
            "root certificate", rootHash == bundle.rootCertificateHash ? [] : ["the bundle names another root"],
            passed: rootHash.hex)
        if let gateway = document(bundle.gatewayDocument, role: "gateway") {
            var faults: [String] = []
            if gateway.signingKey != bundle.publicKeyDER { faults.append("the RSA key is not the attested one") }
            if gateway.receiptKey != Array(bundle.receipt.receiptKey) {
                faults.append("the receipt key is not the attested one")
            }
            step("gateway keys", faults, passed: "RSA and receipt key were made in the attested enclave")
        }
        if let worker = document(bundle.workerDocument, role: "worker") {
            guard let workerKey else {
                return step("worker keys", .skipped("the worker's statement does not verify"))
            }
            let attested = (try? Ed25519PublicKey(der: worker.signingKey))?.bytes
            step(
                "worker keys", attested == workerKey ? [] : ["the signing key is not the attested one"],
                passed: "the signing key was made in the attested enclave")
        }
    }

    private struct AttestedKeys {
        let signingKey: [UInt8]
        let receiptKey: [UInt8]
    }

    /// Verifies a document at its own time; adds the steps of the document and of its measurements.
    private mutating func document(_ bytes: [UInt8], role: String) -> AttestedKeys? {
        do {
            let document = try NitroDocument(parsing: bytes)
            let time = document.timestampMilliseconds
            guard time <= nowMilliseconds + Self.clockToleranceMilliseconds else {
                step("\(role) attestation", .failed("the document is from the future"))
                return nil
            }
            let verified = try document.verified(root: root, atMilliseconds: time)
            let keys = try verified.keys()
            let kind = verified.isSimulated ? "SIMULATED enclave, " : ""
            step("\(role) attestation", .passed("\(kind)PCR hash \(verified.pcrHash)"))
            measurements(document, role: role)
            return AttestedKeys(signingKey: Array(keys.signingKey), receiptKey: Array(keys.receiptKey))
        } catch {
            step("\(role) attestation", .failed("\(error)"))
            return nil
        }
    }

    private mutating func measurements(_ document: NitroDocument, role: String) {
        guard let approved else {
            return step("\(role) measurements", .skipped("no approved measurements given"))
        }
        let isApproved = approved.role(of: document, among: [role]) != nil
        step(
            "\(role) measurements", isApproved ? [] : ["the measurements are not approved"],
            passed: "PCR0 \(Hex.encode(document.registers[0] ?? []))")
    }

    // MARK: Original texts

    mutating func originals(request: JSON?, answer: JSON?) {
        if let request {
            do {
                let canonical = try CanonicalRequest.of(request)
                let isEqual = Keccak256OfCanonical.hash(canonical) == bundle.signature.requestHash
                step(
                    "request", isEqual ? [] : ["the request has another hash"], passed: "the request is the signed one")
            } catch {
                step("request", .failed("\(error)"))
            }
        } else {
            step("request", .skipped("no request given"))
        }
        if let answer {
            let isEqual = AnswerOutput.hash(ofAnswer: answer) == bundle.signature.outputHash
            step("answer", isEqual ? [] : ["the answer has another hash"], passed: "the answer is the signed one")
        } else {
            step("answer", .skipped("no answer given"))
        }
    }
}
