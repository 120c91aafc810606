import ConsensusTypes
import Primitives

extension ExecTxResult {
    public var isSuccess: Bool { code == 0 }

    /// What the next header commits to: code, data and gas. Log, info, events and codespace may differ between nodes.
    public var deterministicBytes: [UInt8] {
        ExecTxResult(code: code, data: data, gasWanted: gasWanted, gasUsed: gasUsed).protobufBytes
    }

    /// The `last_results_hash` of the header after a block with these results.
    public static func resultsHash(of results: [ExecTxResult]) -> Bytes32 {
        MerkleTree.root(of: results.map(\.deterministicBytes))
    }
}
