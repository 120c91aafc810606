import Primitives
import Signing

/// A validator of the first block.
public struct GenesisValidator: Sendable, Hashable {
    public var publicKey: ValidatorPublicKey
    public var power: Int64
    public var name: String

    public init(publicKey: ValidatorPublicKey, power: Int64, name: String = "") {
        self.publicKey = publicKey
        self.power = power
        self.name = name
    }
}

/// Why a genesis document cannot start a chain.
public enum GenesisError: Error, Hashable, Sendable {
    case invalidChainID
    case invalidInitialHeight(Int64)
    case invalidParameters(ConsensusParametersError)
    case invalidValidator(index: Int)
    case invalidValidators(ValidatorSetError)
}

/// Where a chain starts: every node has the same.
public struct Genesis: Sendable, Hashable {
    /// The time of the first block.
    public var time: Timestamp
    public var chainID: String
    /// The height of the first block, 1 or more.
    public var initialHeight: Int64
    public var parameters: ConsensusParameters
    /// May be empty when the application names them in its answer to InitChain.
    public var validators: [GenesisValidator]
    public var applicationHash: [UInt8]
    /// Handed to the application as JSON text; nil when there is none.
    public var applicationState: JSON?

    /// A larger document is refused.
    public static let maximumBytes = 256 << 20

    public init(
        time: Timestamp, chainID: String, initialHeight: Int64 = 1,
        parameters: ConsensusParameters = ConsensusParameters(), validators: [GenesisValidator],
        applicationHash: [UInt8] = [], applicationState: JSON? = nil
    ) {
        self.time = time
        self.chainID = chainID
        self.initialHeight = initialHeight
        self.parameters = parameters
        self.validators = validators
        self.applicationHash = applicationHash
        self.applicationState = applicationState
    }

    /// A genesis file.
    public init(parsing document: [UInt8]) throws(CometJSONError) {
        let json: JSON
        do {
            json = try JSON(
                parsing: document, limits: JSONLimits(maximumBytes: Self.maximumBytes, maximumValues: 1 << 24))
        } catch {
            throw .malformed("\(error)")
        }
        try self.init(cometJSON: json)
    }

    /// What InitChain hands to the application.
    public var applicationStateBytes: [UInt8] { applicationState?.encoded() ?? [] }

    /// SHA-256 of the compact document: nodes of one chain can compare it.
    public var hash: Bytes32 { SHA2.sha256(cometJSON.encoded()) }

    /// The limits that a genesis must keep.
    public func validate() throws(GenesisError) {
        guard (1...SignatureLimits.maximumChainIDBytes).contains(chainID.utf8.count) else { throw .invalidChainID }
        guard initialHeight >= 1 else { throw .invalidInitialHeight(initialHeight) }
        do {
            try parameters.validate()
        } catch {
            throw .invalidParameters(error)
        }
        for (index, validator) in validators.enumerated() {
            guard validator.power > 0, parameters.validator.publicKeyTypes.contains(validator.publicKey.typeName) else {
                throw .invalidValidator(index: index)
            }
        }
        if !validators.isEmpty { _ = try validatorSet() }
    }

    /// The first validator set.
    public func validatorSet() throws(GenesisError) -> ValidatorSet {
        var members: [Validator] = []
        for (index, validator) in validators.enumerated() {
            guard let member = Validator(publicKey: validator.publicKey, votingPower: validator.power) else {
                throw .invalidValidator(index: index)
            }
            members.append(member)
        }
        do {
            return try ValidatorSet(validators: members)
        } catch {
            throw .invalidValidators(error)
        }
    }
}

extension GenesisValidator: CometJSONCodable {
    public var cometJSON: JSON {
        [
            "address": CometJSON.hex(publicKey.address),
            "pub_key": publicKey.cometJSON,
            "power": CometJSON.string(power),
            "name": JSON(name),
        ]
    }

    /// Refuses an address that is not the key's.
    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        self.init(
            publicKey: try fields.required("pub_key"), power: try fields.integer("power"),
            name: try fields.string("name"))
        let stated = try fields.address("address")
        guard stated == nil || publicKey.address == nil || stated == publicKey.address else {
            throw .expected("the address of the key", member: "address")
        }
    }
}

extension Genesis: CometJSONCodable {
    public var cometJSON: JSON {
        var object: JSONObject = [
            "genesis_time": CometJSON.time(time),
            "chain_id": JSON(chainID),
            "initial_height": CometJSON.string(initialHeight),
            "consensus_params": parameters.cometJSON,
            "validators": .array(validators.map(\.cometJSON)),
            "app_hash": CometJSON.hex(applicationHash),
        ]
        if let applicationState { object["app_state"] = applicationState }
        return .object(object)
    }

    /// An initial height of 0, or none, is 1.
    public init(cometJSON: JSON) throws(CometJSONError) {
        let fields = try CometJSONFields(cometJSON)
        let initialHeight: Int64 = try fields.integer("initial_height")
        self.init(
            time: try fields.time("genesis_time"), chainID: try fields.string("chain_id"),
            initialHeight: initialHeight == 0 ? 1 : initialHeight,
            parameters: try fields.value("consensus_params") ?? ConsensusParameters(),
            validators: try fields.values("validators", maximum: ValidatorSet.maximumCount),
            applicationHash: try fields.hex("app_hash"), applicationState: fields["app_state"])
    }
}
