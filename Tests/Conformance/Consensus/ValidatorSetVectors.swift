import ConsensusTypes
import Primitives

/// `input` (pub_key, power, shuffled), the set made of it (`initial`, `hash`, `total`, `proposer`), and `steps`.
enum ValidatorSetVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("input") && vector.first("steps", "initial") != nil }

    static func check(_ vector: JSON) throws {
        var set = try ValidatorSet(validators: try (vector["input"]?.arrayValue ?? []).map(validator))
        if let initial = vector["initial"]?.arrayValue {
            try Check.equal(set.validators, try existing(initial).validators, "the initial set")
        }
        if vector["hash"] != nil { try Check.equal(set.hash.bytes, try vector.hex("hash"), "the initial hash") }
        if vector["total"] != nil { try Check.equal(set.totalVotingPower, try vector.integer("total"), "the total") }
        if vector["proposer"] != nil {
            try Check.equal(set.proposer?.address.bytes ?? [], try vector.hex("proposer"), "the first proposer")
        }
        for (number, step) in (vector["steps"]?.arrayValue ?? []).enumerated() {
            do {
                set = try apply(step, to: set)
                try compare(set, with: step)
            } catch {
                throw VectorFailure("step \(number): \(error)")
            }
        }
    }

    private static func apply(_ step: JSON, to set: ValidatorSet) throws -> ValidatorSet {
        let operation = step["op"]?.stringValue ?? ""
        switch operation {
        case "increment_times":
            let result = set.incremented(by: Int32(truncatingIfNeeded: try step.integer("times")))
            try compareProposers([result], with: step)
            return result
        case "increment_each":
            var sets: [ValidatorSet] = []
            for _ in 0..<(try step.integer("times")) { sets.append((sets.last ?? set).incremented(by: 1)) }
            try compareProposers(sets, with: step)
            return sets.last ?? set
        case "update": return try update(set, step)
        default: throw VectorFailure("unknown operation \(operation)")
        }
    }

    private static func update(_ set: ValidatorSet, _ step: JSON) throws -> ValidatorSet {
        let changes = try (step["changes"]?.arrayValue ?? []).map { change in
            ValidatorUpdate(publicKey: try publicKey(change), power: try change.integer("power"))
        }
        let expectsSuccess = step["result"]?.stringValue != "error"
        do {
            let result = try set.updated(with: changes)
            guard expectsSuccess else { throw VectorFailure("accepted, expected \(step["error"] ?? "an error")") }
            return result
        } catch let error as ValidatorSetError {
            guard !expectsSuccess else { throw VectorFailure("refused: \(error)") }
            if let expected = step["error"]?.stringValue, let name = name(of: error), !expected.contains(name) {
                throw VectorFailure("refused for \(error), expected \(expected)")
            }
            return set
        }
    }

    /// What the vectors call an error; nil when they may call it anything.
    private static func name(of error: ValidatorSetError) -> String? {
        switch error {
        case .duplicate: "duplicate"
        case .negativePower: "negative"
        case .powerTooLarge: "too_big"
        case .unknownValidator: "remove_unknown"
        default: nil
        }
    }

    private static func compareProposers(_ sets: [ValidatorSet], with step: JSON) throws {
        guard step["proposers"] != nil else { return }
        try Check.equal(
            sets.map { $0.proposer?.address.bytes ?? [] }, try step.hexList("proposers"), "the proposers")
    }

    private static func compare(_ set: ValidatorSet, with step: JSON) throws {
        if step["hash"] != nil { try Check.equal(set.hash.bytes, try step.hex("hash"), "the hash") }
        guard let priorities = step["priorities"]?.arrayValue else { return }
        let actual = set.validators.map { validator in
            "\(validator.address) \(validator.votingPower) \(validator.proposerPriority)"
        }
        let expected = priorities.map { entry in
            (entry.arrayValue ?? []).map { $0.stringValue ?? $0.encodedString() }.joined(separator: " ")
        }
        try Check.equal(actual, expected, "the priorities")
    }

    /// A set in the order given, with its priorities.
    static func existing(_ elements: [JSON]) throws -> ValidatorSet {
        try ValidatorSet(
            existing: try elements.map { element in
                var validator = try validator(element)
                if element["priority"] != nil { validator.proposerPriority = try element.integer("priority") }
                if element["address"] != nil {
                    try Check.equal(validator.address.bytes, try element.hex("address"), "the address")
                }
                return validator
            })
    }

    private static func validator(_ json: JSON) throws -> Validator {
        guard let validator = Validator(publicKey: try publicKey(json), votingPower: try json.integer("power")) else {
            throw VectorFailure("pub_key: no address")
        }
        return validator
    }

    private static func publicKey(_ json: JSON) throws -> ValidatorPublicKey {
        .ed25519(try VectorFields.bytes(json["pub_key"], "pub_key"))
    }
}

/// Validators by the text of their address, and the `sequence` of proposers from a fresh set on.
enum RotationVector: ConsensusVector {
    private static let sequenceName = "sequence_from_fresh_set_then_increment_1"

    static func isOne(_ vector: JSON) -> Bool { vector.has("validators_address_ascii_power", sequenceName) }

    static func check(_ vector: JSON) throws {
        var names: [ValidatorAddress: String] = [:]
        let validators = try (vector["validators_address_ascii_power"]?.arrayValue ?? []).map { pair in
            guard let name = pair.arrayValue?.first?.stringValue, let power = pair.arrayValue?.last?.integer,
                // Padding keeps the order of addresses.
                let address = ValidatorAddress(Array(name.utf8) + [UInt8](repeating: 0, count: 20 - name.utf8.count))
            else { throw VectorFailure("validators: expected a name and a power") }
            names[address] = name
            return Validator(
                address: address, publicKey: .ed25519([UInt8](repeating: 0, count: 32)), votingPower: power)
        }
        let expected = (vector[sequenceName]?.arrayValue ?? []).map { $0.stringValue ?? "" }
        var set = try ValidatorSet(validators: validators)
        var actual: [String] = []
        for _ in 0..<expected.count + longestGap {
            actual.append(set.proposer.flatMap { names[$0.address] } ?? "")
            set = set.incremented(by: 1)
        }
        guard !actual.starts(with: expected) else { return }
        guard hasOneGap(expected, in: actual) else {
            let number = zip(actual, expected).prefix { $0.0 == $0.1 }.count
            throw VectorFailure("proposer \(number) is \(actual[number]), expected \(expected[number])")
        }
    }

    /// A published list of 99 proposers is also about with five of them lost in the middle.
    private static let longestGap = 5

    /// Whether the list is what is left of a longer one after one run of proposers fell out.
    private static func hasOneGap(_ list: [String], in actual: [String]) -> Bool {
        let before = zip(list, actual).prefix { $0.0 == $0.1 }.count
        return (1...longestGap).contains { gap in
            let after = zip(list.reversed(), actual.prefix(list.count + gap).reversed()).prefix { $0.0 == $0.1 }.count
            return before + after >= list.count
        }
    }
}
