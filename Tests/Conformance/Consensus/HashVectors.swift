import ABCI
import ConsensusTypes
import Primitives
import Signing

/// `items`, `root` and, optionally, `proofs` (total, index, leaf_hash, aunts): built, proved, verified; proofs with a flipped bit
/// are refused.
enum MerkleVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("items", "root") }

    static func check(_ vector: JSON) throws {
        let items = try vector.hexList("items")
        let expected = try VectorFields.hash(vector["root"], "root")
        let (root, proofs) = MerkleTree.proofs(of: items)
        try Check.equal(MerkleTree.root(of: items).bytes, expected.bytes, "the root")
        try Check.equal(root.bytes, expected.bytes, "the root of the proofs")
        for (index, stated) in (vector["proofs"]?.arrayValue ?? []).enumerated() {
            let proof = MerkleProof(
                total: try stated.integer("total"), index: try stated.integer("index"),
                leafHash: try VectorFields.hash(stated["leaf_hash"], "leaf_hash"),
                aunts: try stated.hexList("aunts").compactMap { Bytes32($0) })
            guard let place = Int(exactly: proof.index), items.indices.contains(place) else {
                throw VectorFailure("proof \(index) has no item")
            }
            try Check.equal(proofs[place], proof, "proof \(place)")
            guard proof.verify(root: root, leaf: items[place]) else { throw VectorFailure("proof \(place) is refused") }
            try checkRefusals(of: proof, root: root, leaf: items[place])
        }
    }

    private static func checkRefusals(of proof: MerkleProof, root: Bytes32, leaf: [UInt8]) throws {
        var damaged = [proof, proof, proof, proof]
        damaged[0].index = proof.index + 1
        damaged[1].total = proof.total + 1
        damaged[2].aunts.append(root)
        damaged[3].leafHash = flipped(root)
        for index in proof.aunts.indices {
            var other = proof
            other.aunts[index] = flipped(proof.aunts[index])
            damaged.append(other)
        }
        // One leaf more or less may leave the path as it was; then only the stated place is another.
        for (number, other) in damaged.enumerated() where number > 1 || other.computedRoot() != proof.computedRoot() {
            if other.verify(root: root, leaf: leaf) { throw VectorFailure("damaged proof \(number) is accepted") }
        }
        if proof.verify(root: root, leaf: leaf + [0]) { throw VectorFailure("a proof of another leaf is accepted") }
    }

    private static func flipped(_ hash: Bytes32) -> Bytes32 {
        var bytes = hash.bytes
        bytes[bytes.count - 1] ^= 1
        return Bytes32(bytes) ?? .zero
    }
}

/// `left_ascii`, `right_ascii` and the `hash` of the inner node over them.
enum MerkleInnerVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("left_ascii", "right_ascii", "hash") }

    static func check(_ vector: JSON) throws {
        let left = Array((vector["left_ascii"]?.stringValue ?? "").utf8)
        let right = Array((vector["right_ascii"]?.stringValue ?? "").utf8)
        let hash = left.withUnsafeBytes { left in right.withUnsafeBytes { MerkleTree.innerHash(left, $0) } }
        try Check.equal(hash.bytes, try vector.hex("hash"), "the inner hash")
    }
}

/// `header` (RPC JSON), its `hash`, and optionally the fourteen `leaves`.
enum HeaderHashVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("header", "hash") }

    static func check(_ vector: JSON) throws {
        var header = try Header(cometJSON: vector["header"] ?? .null)
        if vector["leaves"] != nil {
            for (index, leaf) in zip(try vector.hexList("leaves"), header.hashLeaves).enumerated() {
                try Check.equal(leaf.1, leaf.0, "leaf \(index + 1)")
            }
        }
        try Check.equal(header.hash?.bytes ?? [], try vector.hex("hash"), "the header's hash")
        try RPCComparison.check(header.cometJSON, vector["header"] ?? .null, "header")
        _ = try Check.roundTrip(Header.self, header.protobufBytes)
        header.validatorsHash = nil
        guard header.hash == nil else { throw VectorFailure("a header without validators has a hash") }
    }
}

/// `commit` (RPC JSON), its `hash`, and optionally the `leaves`.
enum CommitHashVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("commit", "hash") }

    static func check(_ vector: JSON) throws {
        let commit = try Commit(cometJSON: vector["commit"] ?? .null)
        if vector["leaves"] != nil {
            let leaves = try vector.hexList("leaves")
            try Check.equal(commit.signatures.count, leaves.count, "the number of entries")
            for (index, leaf) in zip(leaves, commit.signatures).enumerated() {
                try Check.equal(leaf.1.protobufBytes, leaf.0, "entry \(index)")
            }
        }
        try Check.equal(commit.hash.bytes, try vector.hex("hash"), "the commit's hash")
        try RPCComparison.check(commit.cometJSON, vector["commit"] ?? .null, "commit")
        _ = try Check.roundTrip(Commit.self, commit.protobufBytes)
    }
}

/// `txs`, the `hash` over them and their `tx_hashes`.
enum TransactionsHashVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("txs", "hash") }

    static func check(_ vector: JSON) throws {
        let transactions = try vector.hexList("txs")
        try Check.equal(Block.dataHash(of: transactions).bytes, try vector.hex("hash"), "the data hash")
        guard vector["tx_hashes"] != nil else { return }
        try Check.equal(
            transactions.map { SHA2.sha256($0).bytes }, try vector.hexList("tx_hashes"), "the transactions' hashes")
    }
}

/// `max_bytes`, `max_gas`, the `hash` and optionally what it is taken over, `encoded`.
enum ParametersHashVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("max_bytes", "max_gas", "hash") }

    static func check(_ vector: JSON) throws {
        let parameters = ConsensusParameters(
            block: ConsensusParameters.BlockParameters(
                maximumBytes: try vector.integer("max_bytes"), maximumGas: try vector.integer("max_gas")))
        if vector["encoded"] != nil {
            try Check.equal(parameters.hashedBytes, try vector.hex("encoded"), "the hashed parameters")
        }
        try Check.equal(parameters.hash.bytes, try vector.hex("hash"), "the consensus hash")
    }
}

/// `results` (code, data, log, info, gas_wanted, gas_used, codespace), the `hash` and optionally the `leaves`.
enum ResultsHashVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("results", "hash") }

    static func check(_ vector: JSON) throws {
        let results = try (vector["results"]?.arrayValue ?? []).map { result in
            ExecTxResult(
                code: UInt32(truncatingIfNeeded: try result.integer("code")), data: try result.hex("data"),
                log: result["log"]?.stringValue ?? "", info: result["info"]?.stringValue ?? "",
                gasWanted: try result.integer("gas_wanted"), gasUsed: try result.integer("gas_used"),
                codespace: result["codespace"]?.stringValue ?? "")
        }
        if vector["leaves"] != nil {
            try Check.equal(results.map(\.deterministicBytes), try vector.hexList("leaves"), "the leaves")
        }
        try Check.equal(ExecTxResult.resultsHash(of: results).bytes, try vector.hex("hash"), "the results' hash")
    }
}

/// Pseudo-random data by `tag` and `length`, cut into parts: `total`, `hash`, optionally `first_leaf` and `last_part_aunts`. The data
/// is SHA-256 of the tag (hex, or text) and a counter of 32 bits, little endian, block after block.
enum PartSetVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("tag", "length", "total", "hash") }

    static func check(_ vector: JSON) throws {
        let tag = vector["tag"]?.stringValue ?? ""
        let readings = [Array(tag.utf8), (try? Hex.decode(tag)) ?? []]
        let length = try vector.integer("length")
        guard (0...Int64(BlockLimits.maximumBytes)).contains(length) else {
            throw VectorFailure("length: not a block's")
        }
        let hash = try vector.hex("hash")
        for reading in readings {
            let parts = PartSet(cutting: data(tag: reading, length: Int(length)))
            guard parts.header.hash?.bytes == hash else { continue }
            return try check(parts, vector)
        }
        throw VectorFailure("the part set has another hash")
    }

    private static func check(_ parts: PartSet, _ vector: JSON) throws {
        try Check.equal(Int64(parts.total), try vector.integer("total"), "the number of parts")
        if vector["first_leaf"] != nil, let first = parts.part(at: 0) {
            try Check.equal(first.proof.leafHash?.bytes ?? [], try vector.hex("first_leaf"), "the first leaf")
        }
        if vector["last_part_aunts"] != nil, let last = parts.part(at: Int(parts.total) - 1) {
            try Check.equal(last.proof.aunts.map(\.bytes), try vector.hexList("last_part_aunts"), "the last aunts")
        }
        var collected = PartSet(header: parts.header)
        for index in (0..<Int(parts.total)).reversed() {
            guard let part = parts.part(at: index), try collected.add(part), try !collected.add(part) else {
                throw VectorFailure("part \(index) is not added exactly once")
            }
        }
        guard collected.isComplete, collected.assembledBytes == parts.assembledBytes else {
            throw VectorFailure("the parts do not make the block")
        }
    }

    private static func data(tag: [UInt8], length: Int) -> [UInt8] {
        var data: [UInt8] = []
        data.reserveCapacity(length + 32)
        var counter: UInt32 = 0
        while data.count < length {
            data += SHA2.sha256(tag + withUnsafeBytes(of: counter.littleEndian, Array.init)).bytes
            counter += 1
        }
        return Array(data.prefix(length))
    }
}
