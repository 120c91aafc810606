import ConsensusTypes
import Primitives
import Testing

@Suite struct ConsensusParametersTests {
    @Test func `parameters keep their limits`() throws {
        try ConsensusParameters().validate()
        func refusal(_ change: (inout ConsensusParameters) -> Void) -> ConsensusParametersError? {
            var parameters = ConsensusParameters()
            change(&parameters)
            do {
                try parameters.validate()
                return nil
            } catch { return error }
        }
        #expect(refusal { $0.block.maximumBytes = -1 } == nil)
        #expect(refusal { $0.block.maximumBytes = 0 } == .invalidMaximumBlockBytes(0))
        #expect(refusal { $0.block.maximumBytes = 104_857_601 } == .invalidMaximumBlockBytes(104_857_601))
        #expect(refusal { $0.block.maximumGas = -2 } == .invalidMaximumGas(-2))
        #expect(refusal { $0.evidence.maximumAgeBlocks = 0 } == .invalidEvidence)
        #expect(refusal { $0.evidence.maximumBytes = $0.block.maximumBytes + 1 } == .invalidEvidence)
        #expect(refusal { $0.validator.publicKeyTypes = [] } == .invalidKeyTypes)
        #expect(refusal { $0.validator.publicKeyTypes = ["dsa"] } == .invalidKeyTypes)
        #expect(refusal { $0.abci.voteExtensionsEnableHeight = -1 } == .invalidVoteExtensionsHeight(-1))
    }

    @Test func `vote extensions are set for the future and never undone`() throws {
        func update(_ parameters: ConsensusParameters, to height: Int64, at current: Int64) throws
            -> ConsensusParameters
        {
            try parameters.updated(
                with: ConsensusParametersUpdate(
                    abci: ConsensusParameters.ABCIParameters(voteExtensionsEnableHeight: height)), height: current)
        }
        let off = ConsensusParameters()
        #expect(throws: ConsensusParametersError.invalidVoteExtensionsHeight(10)) { try update(off, to: 10, at: 10) }
        let planned = try update(off, to: 20, at: 10)
        #expect(!planned.areVoteExtensionsEnabled(at: 19))
        #expect(planned.areVoteExtensionsEnabled(at: 20))
        #expect(!off.areVoteExtensionsEnabled(at: 20))
        #expect(try update(planned, to: 30, at: 19).abci.voteExtensionsEnableHeight == 30)
        #expect(try update(planned, to: 0, at: 19).abci.voteExtensionsEnableHeight == 0)
        #expect(throws: ConsensusParametersError.invalidVoteExtensionsHeight(0)) {
            try update(planned, to: 0, at: 20)
        }
        #expect(try update(planned, to: 20, at: 25) == planned)
    }

    @Test func `a change leaves alone what it does not name`() throws {
        let parameters = ConsensusParameters()
        let changed = try parameters.updated(
            with: ConsensusParametersUpdate(version: ConsensusParameters.VersionParameters(application: 7)), height: 1)
        #expect(changed.version.application == 7)
        #expect(changed.hash == parameters.hash)
        #expect(try ConsensusParameters(protobuf: changed.protobufBytes) == changed)
        #expect(try ConsensusParameters(cometJSON: changed.cometJSON) == changed)
    }

    @Test func `a genesis is read as it was printed and refused when it cannot start a chain`() throws {
        let fixture = try ConsensusFixture(powers: [5, 3])
        let validators = fixture.validators.validators.map {
            GenesisValidator(publicKey: $0.publicKey, power: $0.votingPower, name: "v")
        }
        let genesis = Genesis(
            time: ConsensusFixture.time, chainID: "c", validators: validators, applicationHash: [1],
            applicationState: ["a": [1, 2.50]])
        try genesis.validate()
        let document = genesis.cometJSON.encoded()
        #expect(try Genesis(parsing: document) == genesis)
        #expect(genesis.applicationStateBytes == Array(#"{"a":[1,2.5]}"#.utf8))
        #expect(try genesis.validatorSet() == fixture.validators)
        func refusal(_ change: (inout Genesis) -> Void) -> GenesisError? {
            var changed = genesis
            change(&changed)
            do {
                try changed.validate()
                return nil
            } catch { return error }
        }
        #expect(refusal { $0.chainID = "" } == .invalidChainID)
        #expect(refusal { $0.chainID = String(repeating: "c", count: 51) } == .invalidChainID)
        #expect(refusal { $0.initialHeight = 0 } == .invalidInitialHeight(0))
        #expect(refusal { $0.validators[1].power = 0 } == .invalidValidator(index: 1))
        #expect(refusal { $0.validators = [] } == nil)
        #expect(throws: CometJSONError.self) { try Genesis(parsing: Array("[]".utf8)) }
        #expect(throws: CometJSONError.self) { try Genesis(parsing: [0xFF]) }
    }
}
