import ABCI
import ConsensusTypes
import Primitives
import Testing

@Suite struct ABCIFrameTests {
    /// Every kind of request with something in every field.
    static let requests: [ABCIRequest] = {
        let time = Timestamp(seconds: 1_700_000_000, nanoseconds: 5)
        let validator = ABCIValidator(address: [UInt8](repeating: 7, count: 20), power: 10)
        let commit = CommitInfo(round: 1, votes: [VoteInfo(validator: validator, flag: .commit)])
        let extended = ExtendedCommitInfo(
            round: 2,
            votes: [
                ExtendedVoteInfo(validator: validator, voteExtension: [1], extensionSignature: [2], flag: .nil)
            ])
        let misbehavior = Misbehavior(
            type: .duplicateVote, validator: validator, height: 3, time: time, totalVotingPower: 40)
        let hash = [UInt8](repeating: 9, count: 32)
        return [
            .echo(EchoRequest(message: "hello")), .flush,
            .info(InfoRequest(version: "1", blockVersion: 11, peerVersion: 8, abciVersion: "2.0.0")),
            .initChain(
                InitChainRequest(
                    time: time, chainID: "c",
                    consensusParameters: ConsensusParametersUpdate(ConsensusParameters()),
                    validators: [ValidatorUpdate(publicKey: .ed25519(hash), power: 10)], applicationState: [1],
                    initialHeight: 1)),
            .query(QueryRequest(data: [1], path: "/p", height: 2, prove: true)),
            .checkTx(CheckTxRequest(transaction: [1, 2], type: .recheck)), .commit(CommitRequest()),
            .listSnapshots(ListSnapshotsRequest()),
            .offerSnapshot(
                OfferSnapshotRequest(
                    snapshot: Snapshot(height: 1, format: 2, chunks: 3, hash: hash, metadata: [4]),
                    applicationHash: hash)),
            .loadSnapshotChunk(LoadSnapshotChunkRequest(height: 1, format: 2, chunk: 3)),
            .applySnapshotChunk(ApplySnapshotChunkRequest(index: 1, chunk: [2], sender: "s")),
            .prepareProposal(
                PrepareProposalRequest(
                    maximumTransactionBytes: 100, transactions: [[1], []], localLastCommit: extended,
                    misbehavior: [misbehavior], height: 4, time: time, nextValidatorsHash: hash,
                    proposerAddress: validator.address)),
            .processProposal(
                ProcessProposalRequest(
                    transactions: [[1]], proposedLastCommit: commit, misbehavior: [misbehavior], hash: hash, height: 4,
                    time: time, nextValidatorsHash: hash, proposerAddress: validator.address)),
            .extendVote(
                ExtendVoteRequest(
                    hash: hash, height: 4, time: time, transactions: [[1]], proposedLastCommit: commit,
                    misbehavior: [misbehavior], nextValidatorsHash: hash, proposerAddress: validator.address)),
            .verifyVoteExtension(
                VerifyVoteExtensionRequest(
                    hash: hash, validatorAddress: validator.address, height: 4, voteExtension: [1])),
            .finalizeBlock(
                FinalizeBlockRequest(
                    transactions: [[1]], decidedLastCommit: commit, misbehavior: [misbehavior], hash: hash, height: 4,
                    time: time, nextValidatorsHash: hash, proposerAddress: validator.address)),
            .insertTx(InsertTxRequest(transaction: [1])), .reapTxs(ReapTxsRequest(maximumBytes: 1, maximumGas: 2)),
        ]
    }()

    static let responses: [ABCIResponse] = {
        let event = Event(type: "t", attributes: [EventAttribute(key: "k", value: "v", isIndexed: true)])
        let result = ExecTxResult(
            code: 1, data: [2], log: "l", info: "i", gasWanted: 3, gasUsed: 4, events: [event], codespace: "c")
        let snapshot = Snapshot(height: 1, format: 2, chunks: 3, hash: [4], metadata: [5])
        return [
            .exception(ExceptionResponse(error: "e")), .echo(EchoResponse(message: "m")), .flush,
            .info(
                InfoResponse(
                    data: "d", version: "v", applicationVersion: 1, lastBlockHeight: 2,
                    lastBlockApplicationHash: [3])),
            .initChain(InitChainResponse(applicationHash: [1])),
            .query(
                QueryResponse(
                    code: 1, log: "l", info: "i", index: -1, key: [2], value: [3],
                    proof: ProofOperations(operations: [ProofOperation(type: "t", key: [1], data: [2])]), height: 4,
                    codespace: "c")),
            .checkTx(result), .commit(CommitResponse(retainHeight: 7)),
            .listSnapshots(ListSnapshotsResponse(snapshots: [snapshot])),
            .offerSnapshot(OfferSnapshotResponse(result: .rejectSender)),
            .loadSnapshotChunk(LoadSnapshotChunkResponse(chunk: [1])),
            .applySnapshotChunk(
                ApplySnapshotChunkResponse(result: .retry, refetchChunks: [0, 300], rejectSenders: ["a"])),
            .prepareProposal(PrepareProposalResponse(transactions: [[1], [2]])),
            .processProposal(ProcessProposalResponse(status: .reject)),
            .extendVote(ExtendVoteResponse(voteExtension: [1])),
            .verifyVoteExtension(VerifyVoteExtensionResponse(status: .accept)),
            .finalizeBlock(
                FinalizeBlockResponse(
                    events: [event], transactionResults: [result],
                    validatorUpdates: [
                        ValidatorUpdate(publicKey: .ed25519([UInt8](repeating: 1, count: 32)), power: 0)
                    ],
                    consensusParameterUpdates: ConsensusParametersUpdate(
                        block: ConsensusParameters.BlockParameters(maximumBytes: 1, maximumGas: -1)),
                    applicationHash: [1])),
            .insertTx(InsertTxResponse(code: InsertTxCode.retry)), .reapTxs(ReapTxsResponse(transactions: [[1]])),
        ]
    }()

    @Test(arguments: requests)
    func `a request survives its frame`(_ request: ABCIRequest) throws {
        let frame = ABCIFrame.encode(request)
        #expect(try ABCIFrame.decodeRequest(frame) == request)
    }

    @Test(arguments: responses)
    func `a response survives its frame`(_ response: ABCIResponse) throws {
        let frame = ABCIFrame.encode(response)
        #expect(try ABCIFrame.decodeResponse(frame) == response)
    }

    @Test func `requests have the wire form of the reference`() throws {
        let echo = ABCIFrame.encode(ABCIRequest.echo(EchoRequest(message: "hello")))
        #expect(Hex.encode(echo) == "090a070a0568656c6c6f")
        #expect(Hex.encode(ABCIFrame.encode(ABCIRequest.flush)) == "021200")
        #expect(Hex.encode(ABCIFrame.encode(ABCIRequest.commit(CommitRequest()))) == "025a00")
        let chunk = ABCIResponse.applySnapshotChunk(
            ApplySnapshotChunkResponse(result: .retry, refetchChunks: [0, 2], rejectSenders: ["bad"]))
        #expect(Hex.encode(ABCIFrame.encode(chunk)) == "0e82010b0803120200021a03626164")
    }

    @Test func `the check type of the 1.x line is understood`() throws {
        // {1 tx: "a", 3 type: 1} and {1 tx: "a", 3 type: 2} in field 8.
        let recheck = try ABCIRequest(protobuf: Hex.decode("42050a01611801"))
        let check = try ABCIRequest(protobuf: Hex.decode("42050a01611802"))
        #expect(recheck == .checkTx(CheckTxRequest(transaction: [0x61], type: .recheck)))
        #expect(check == .checkTx(CheckTxRequest(transaction: [0x61], type: .new)))
    }

    @Test func `the 1.x synchrony parameters are not taken for an authority`() throws {
        var synchrony = ProtobufWriter()
        synchrony.nested(6) {
            $0.message(1, ProtobufDuration(nanoseconds: 505_000_000))
            $0.message(2, ProtobufDuration(nanoseconds: 15_000_000_000))
        }
        #expect(try ConsensusParametersUpdate(protobuf: synchrony.bytes).authority == nil)
        var authority = ProtobufWriter()
        authority.nested(6) { $0.string(1, "council") }
        #expect(try ConsensusParametersUpdate(protobuf: authority.bytes).authority == "council")
    }

    @Test func `damaged frames are refused, never a crash`() throws {
        for request in Self.requests {
            let frame = ABCIFrame.encode(request)
            for length in 0..<frame.count {
                #expect(throws: ProtobufError.self) { try ABCIFrame.decodeRequest(Array(frame.prefix(length))) }
            }
            for index in frame.indices {
                var damaged = frame
                damaged[index] ^= 0xFF
                _ = try? ABCIFrame.decodeRequest(damaged)
            }
        }
    }

    @Test func `the results hash ignores log, info, events and codespace`() {
        let full = ExecTxResult(
            code: 1, data: [2], log: "a", info: "b", gasWanted: 3, gasUsed: 4, events: [Event(type: "e")],
            codespace: "c")
        let bare = ExecTxResult(code: 1, data: [2], gasWanted: 3, gasUsed: 4)
        #expect(ExecTxResult.resultsHash(of: [full]) == ExecTxResult.resultsHash(of: [bare]))
        #expect(ExecTxResult.resultsHash(of: [bare]) != ExecTxResult.resultsHash(of: [ExecTxResult(code: 1)]))
    }

    @Test func `the size of a list is that of its encoding`() {
        for lengths in [[], [0], [1, 127, 128], [16_383, 16_384], [2_097_151, 2_097_152]] {
            let transactions = lengths.map { [UInt8](repeating: 1, count: $0) }
            var writer = ProtobufWriter()
            writer.repeatedBytes(1, transactions)
            #expect(TransactionList.size(of: transactions) == Int64(writer.bytes.count))
        }
    }
}
