import Primitives

extension Header {
    /// The block's hash: the Merkle root over the fourteen fields. Nil while the validators' hash is missing.
    public var hash: Bytes32? {
        guard validatorsHash != nil else { return nil }
        return MerkleTree.root(of: hashLeaves)
    }

    /// The fourteen encoded fields. Scalars are wrapped in a message of one field; what is empty is an empty leaf.
    public var hashLeaves: [[UInt8]] {
        [
            version.protobufBytes,
            wrapped { $0.string(1, chainID) },
            wrapped { $0.int64(1, height) },
            time.protobufBytes,
            lastBlockID.protobufBytes,
            wrapped { $0.bytes(1, lastCommitHash) },
            wrapped { $0.bytes(1, dataHash) },
            wrapped { $0.bytes(1, validatorsHash) },
            wrapped { $0.bytes(1, nextValidatorsHash) },
            wrapped { $0.bytes(1, consensusHash) },
            wrapped { $0.bytes(1, applicationHash) },
            wrapped { $0.bytes(1, lastResultsHash) },
            wrapped { $0.bytes(1, evidenceHash) },
            wrapped { $0.bytes(1, proposerAddress?.bytes ?? []) },
        ]
    }

    private func wrapped(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter(capacity: 40)
        write(&writer)
        return writer.bytes
    }
}
