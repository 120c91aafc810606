import ArgumentParser
import ConsensusTypes
import Foundation
import Primitives
import Signing

/// `haca-bench commits`: what validators compute at every height, on one core.
struct CommitBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commits", abstract: "Measure the verification of commits; takes a few seconds.")

    @Option(help: "Measured milliseconds of one row.") var milliseconds = 1000

    func validate() throws {
        guard milliseconds > 0 else { throw ValidationError("milliseconds must be positive") }
    }

    func run() throws {
        print("Processor time of one thread; median of the repetitions.\n")
        print("| commit verification | signatures | fresh keys | known keys | goal |")
        print("|---|---:|---:|---:|---:|")
        for (count, goal) in [(4, 0.25), (175, 7)] {
            let sample = try CommitSample(validators: count)
            let fresh = try measure { try sample.verify(keys: nil) }
            let keys = Ed25519KeyCache()
            try sample.verify(keys: keys)
            let known = try measure { try sample.verify(keys: keys) }
            print(
                "| all signatures | \(count) | \(format(fresh)) ms | \(format(known)) ms | \(goal) ms |")
        }
    }

    private func format(_ milliseconds: Double) -> String { String(format: "%.3f", milliseconds) }

    /// Milliseconds of one call.
    private func measure(_ body: () throws -> Void) throws -> Double {
        try body()
        var samples: [UInt64] = []
        let end = monotonicNanoseconds() + UInt64(milliseconds) * 1_000_000
        while monotonicNanoseconds() < end || samples.count < 3 {
            let began = threadNanoseconds()
            try body()
            samples.append(threadNanoseconds() - began)
        }
        return Double(samples.sorted()[samples.count / 2]) / 1e6
    }

    private func threadNanoseconds() -> UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
        return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
    }
}

/// A block's commit that all validators signed.
private struct CommitSample {
    private static let chainID = "haca-bench"
    private let validators: ValidatorSet
    private let commit: Commit

    init(validators count: Int) throws {
        var keys: [ValidatorAddress: Ed25519SigningKey] = [:]
        var members: [Validator] = []
        for _ in 0..<count {
            let key = Ed25519SigningKey()
            let address = ValidatorAddress(hashing: key.publicKey)
            keys[address] = key
            members.append(Validator(address: address, publicKey: .ed25519(key.publicKey), votingPower: 10))
        }
        validators = try ValidatorSet(validators: members)
        let hash = SHA2.sha256([1])
        let blockID = BlockID(hash: hash, partSetHeader: PartSetHeader(total: 1, hash: hash))
        var entries: [CommitSignature] = []
        for (index, member) in validators.validators.enumerated() {
            let vote = Vote(
                type: .precommit, height: 1_000_000, round: 0, blockID: blockID,
                timestamp: Timestamp(seconds: 1_700_000_000, nanoseconds: Int32(1 + index)),
                validatorAddress: member.address, validatorIndex: Int32(index))
            let signature = try keys[member.address]?.sign(vote.signBytes(chainID: Self.chainID)) ?? []
            entries.append(
                CommitSignature(
                    flag: .commit, validatorAddress: member.address, timestamp: vote.timestamp, signature: signature))
        }
        commit = Commit(height: 1_000_000, round: 0, blockID: blockID, signatures: entries)
    }

    func verify(keys: Ed25519KeyCache?) throws {
        try validators.verify(
            commit: commit, chainID: Self.chainID, blockID: commit.blockID, height: commit.height, keys: keys)
    }
}
