import ConsensusTypes
import LightClient
import Primitives

/// Light-client verification: single steps from a model checker, and chains with scenarios of skipping verification. The formats
/// are in README.md; files are recognised by their content, others are left out.
enum LightClientSuite: Suite {
    static let name = "light-client"

    static func vectors(in document: JSON) throws -> [JSON] {
        if isSteps(document) { return [document] }
        let cases = document["cases"]?.arrayValue ?? document.arrayValue ?? [document]
        return cases.flatMap { element -> [JSON] in
            if isSteps(element) { return [element] }
            guard let chain = element["blocks"], let scenarios = element["scenarios"]?.arrayValue else { return [] }
            return scenarios.map { scenario in
                guard var own = scenario.objectValue else { return scenario }
                own["blocks"] = chain
                return .object(own)
            }
        }
    }

    static func check(_ vector: JSON) throws {
        if isSteps(vector) { try LightClientSteps.check(vector) } else { try LightClientScenario.check(vector) }
    }

    private static func isSteps(_ document: JSON) -> Bool {
        document["initial"]?["signed_header"] != nil && document["input"]?.arrayValue != nil
    }
}

/// A trusted header and blocks offered one after the other, each with a verdict.
private enum LightClientSteps {
    static func check(_ vector: JSON) throws {
        guard let initial = vector["initial"], let inputs = vector["input"]?.arrayValue else {
            throw VectorFailure("no initial or input")
        }
        let period = try LightVectorFields.integer(initial["trusting_period"], "trusting_period")
        let verifier = HeaderVerifier(
            policy: LightVerificationPolicy(trustingPeriod: .nanoseconds(period), maximumClockDrift: .zero))
        var trusted: SignedHeader = try LightVectorFields.value(initial["signed_header"])
        var validators: ValidatorSet = try LightVectorFields.set(initial["next_validator_set"])
        for (index, input) in inputs.enumerated() {
            let now = try LightVectorFields.time(input["now"])
            let found: String
            var reason = ""
            do {
                let block = try LightVectorFields.block(input["block"])
                try verifier.verify(block, trusted: trusted, trustedValidators: validators, now: now)
                validators = try LightVectorFields.set(input["block"]?["next_validator_set"])
                trusted = block.signedHeader
                found = "SUCCESS"
            } catch LightVerificationError.notEnoughTrust {
                found = "NOT_ENOUGH_TRUST"
            } catch let error as LightVerificationError {
                found = "INVALID"
                reason = error.description
            } catch let error as CometJSONError {
                found = "INVALID"
                reason = error.description
            }
            let expected = input["verdict"]?.stringValue ?? ""
            guard found == expected else {
                throw VectorFailure("step \(index): \(found) instead of \(expected): \(reason)")
            }
        }
    }
}

/// Skipping verification over a chain given in full.
private enum LightClientScenario {
    static func check(_ scenario: JSON) throws {
        var chain: [Int64: JSON] = [:]
        for block in scenario["blocks"]?.arrayValue ?? [] {
            let height = try LightVectorFields.integer(block["signed_header"]?["header"]?["height"], "height")
            chain[height] = block
        }
        for member in scenario["replace_block"]?.objectValue?.members ?? [] {
            guard let height = Int64(member.key.lossyString) else { throw VectorFailure("replace_block: no height") }
            chain[height] = member.value
        }
        let found = try run(scenario, chain: chain)
        try compare(found.isVerified ? "verified" : "failed", scenario["result"]?.stringValue, "result")
        try compare(found.verified, heights(scenario["verified_heights"]), "verified_heights")
        try compare(found.fetched, heights(scenario["fetched_heights"]), "fetched_heights")
    }

    private static func run(
        _ scenario: JSON, chain: [Int64: JSON]
    ) throws -> (isVerified: Bool, verified: [Int64], fetched: [Int64]) {
        let trustedHeight = try LightVectorFields.integer(scenario["trusted_height"], "trusted_height")
        let target = try LightVectorFields.integer(scenario["target_height"], "target_height")
        guard let policy = try policy(scenario) else { return (false, [trustedHeight], []) }
        let now = try LightVectorFields.time(scenario["now"])
        let trusted = try LightVectorFields.block(chain[trustedHeight])
        var fetched = [target]
        guard let last = try? LightVectorFields.block(chain[target]) else { return (false, [trustedHeight], fetched) }
        var skipping = SkippingVerification(
            trusted: trusted, target: last, verifier: HeaderVerifier(policy: policy))
        var isVerified = false
        do {
            while case .needs(let height) = try skipping.advance(now: now) {
                fetched.append(height)
                try skipping.provide(try LightVectorFields.block(chain[height]))
            }
            isVerified = true
        } catch is LightVerificationError, is CometJSONError, is VectorFailure {}
        return (isVerified, skipping.trace.map(\.height), fetched)
    }

    /// Nil for a trust level that does not exist.
    private static func policy(_ scenario: JSON) throws -> LightVerificationPolicy? {
        let period = try LightVectorFields.integer(scenario["trusting_period_ns"], "trusting_period_ns")
        let drift = try LightVectorFields.integer(scenario["max_clock_drift_ns"], "max_clock_drift_ns")
        let fraction = try heights(scenario["trust_level"])
        guard fraction.count == 2 else { throw VectorFailure("trust_level: expected two numbers") }
        guard let level = TrustLevel(numerator: fraction[0], denominator: fraction[1]) else { return nil }
        return LightVerificationPolicy(
            trustLevel: level, trustingPeriod: .nanoseconds(period), maximumClockDrift: .nanoseconds(drift))
    }

    private static func heights(_ value: JSON?) throws -> [Int64] {
        try (value?.arrayValue ?? []).map { try LightVectorFields.integer($0, "heights") }
    }

    private static func compare<Value: Equatable>(_ found: Value, _ expected: Value, _ field: String) throws {
        guard found == expected else { throw VectorFailure("\(field): \(found) instead of \(expected)") }
    }
}

private enum LightVectorFields {
    /// A number, or text of one.
    static func integer(_ value: JSON?, _ field: String) throws -> Int64 {
        guard let number = value?.intValue.map(Int64.init) ?? value?.stringValue.flatMap({ Int64($0) }) else {
            throw VectorFailure("\(field): expected an integer")
        }
        return number
    }

    static func time(_ value: JSON?) throws -> Timestamp {
        guard let time = value?.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else {
            throw VectorFailure("expected a time")
        }
        return time
    }

    static func value<Value: CometJSONCodable>(_ json: JSON?) throws -> Value {
        guard let json else { throw VectorFailure("a value is missing") }
        return try Value(cometJSON: renamed(json))
    }

    static func block(_ json: JSON?) throws -> LightBlock {
        guard let json else { throw VectorFailure("a block is missing") }
        return LightBlock(
            signedHeader: try value(json["signed_header"]), validators: try set(json["validator_set"]))
    }

    /// An array of validators, or an object with one.
    static func set(_ json: JSON?) throws -> ValidatorSet {
        if let validators = json?.arrayValue { return try value(["validators": .array(validators)]) }
        return try value(json)
    }

    /// The part-set header has two names, and the time of an absent signature two spellings: year 1, as it is hashed, and the epoch.
    private static func renamed(_ json: JSON) -> JSON {
        switch json {
        case .array(let elements): return .array(elements.map(renamed))
        case .object(let object):
            var copy = JSONObject()
            let isAbsent = object["block_id_flag"]?.intValue == 1
            for member in object.members {
                let key = member.key.lossyString
                if isAbsent, key == "timestamp", member.value == "1970-01-01T00:00:00Z" { continue }
                copy[key == "part_set_header" ? "parts" : key] = renamed(member.value)
            }
            return .object(copy)
        default: return json
        }
    }
}
