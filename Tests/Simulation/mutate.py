#!/usr/bin/env python3
"""Removes one safety check of the consensus core after the other and shows that a test fails for each.

    swift build -c release --build-tests        # once: the objects that mutants are linked with
    Tests/Simulation/mutate.py [NAME...]        # all mutants, or those whose name contains a word given

A mutant is a copy of Shared/Consensus with one text replaced. Only that module is compiled again, without optimisation, and linked
with the tests; the working tree is not touched. Exit status 1 when a mutant survives or a text is no longer found.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build" / "release"
SOURCES = ROOT / "Shared" / "Consensus"
TESTS = ROOT / "Tests" / "ConsensusTests"
LINKED = ["Primitives", "Signing", "ConsensusTypes"]
C_OBJECTS = ["CKeccak", "CEd25519", "CCryptoBoringSSL", "CCryptoBoringSSLShims", "CXKCP", "CXKCPShims"]
CRYPTO = ["Crypto", "CryptoBoringWrapper", "CryptoExtras", "_CryptoExtras", "SwiftASN1"]
TEST_SECONDS = 240

# Name, file, text, replacement, and further pairs where a check stands twice.
MUTANTS = [
    ("prevote against a lock", "PrevoteRule.swift",
     "if let locked = state.locked { return locked.block == block ? .block(block.id) : .nil }", ""),
    ("proof of lock not needed", "PrevoteRule.swift", "guard isProven, lockAllows else", "guard lockAllows else"),
    ("proof of lock older than the lock", "PrevoteRule.swift", "guard isProven, lockAllows else", "guard isProven else"),
    ("prevote an invalid block", "PrevoteRule.swift", "guard verdict.chain != .invalid else { return .nil }", ""),
    ("prevote what the application refuses", "PrevoteRule.swift",
     "case .refused: return .nil", "case .refused: return .block(block.id)"),
    ("proposal names another block", "PrevoteRule.swift",
     "block.id == proposal.blockID\n", "block.id.isComplete\n"),
    ("lock an invalid block", "ConsensusMachine+Rounds.swift",
     "let block = state.held(id), verdicts[id].chain == .valid else", "let block = state.held(id) else"),
    ("no lock on precommit", "ConsensusMachine+Rounds.swift",
     "if let block { state.locked = ProvenBlock(round: state.round, block: block) }", ""),
    ("nil majority unlocks", "ConsensusMachine+Rounds.swift",
     "if configuration.lockRule == .unlocking, majority != nil, block == nil { state.locked = nil }",
     "if majority != nil, block == nil { state.locked = nil }"),
    ("valid block forgotten", "ConsensusMachine+Rounds.swift",
     "state.valid = ProvenBlock(round: state.round, block: block)\n", "_ = block\n"),
    ("decision handed out twice", "ConsensusMachine+Rounds.swift", "decisionIsOut = true", "decisionIsOut = false"),
    ("round skipped without a third", "HeightVoteSet.swift",
     "votes.participantsPower > validators.totalVotingPower / 3\n", "votes.participantsPower > 0\n"),
    ("participants counted twice", "HeightVoteSet.swift", "if !participants[index] {", "if true {"),
    ("proposals unverified", "ConsensusMachine+Proposals.swift",
     "verifier.verifies(proposal, chainID: configuration.chainID, publicKey: proposer.publicKey)",
     "proposer.votingPower > 0"),
    ("proof of lock from the future", "ConsensusMachine+Proposals.swift",
     "proposal.proofOfLockRound < proposal.round,", "true,"),
    ("any number of parts", "ConsensusMachine+Proposals.swift",
     "return Int64(proposal.blockID.partSetHeader.total) <= (blockBytesLimit - 1) / Self.partBytes + 1",
     "return blockBytesLimit > 0"),
    ("votes unverified", "VoteSet.swift",
     "guard verifier.verifies(vote, chainID: chainID, publicKey: validator.publicKey) else {\n"
     "            return .refused(.invalidSignature)\n        }", ""),
    ("vote under another's index", "VoteSet.swift",
     "guard validator.address == vote.validatorAddress else { return .refused(.addressMismatch) }", ""),
    ("extensions unverified", "VoteSet.swift",
     "verifier.verifiesExtension(of: vote, chainID: chainID, publicKey: validator.publicKey)", "true"),
    ("extensions where none are allowed", "VoteSet.swift",
     "} else if !vote.voteExtension.isEmpty || !vote.extensionSignature.isEmpty {", "} else if false {"),
    ("quorum of exactly two thirds", "VoteSet.swift",
     "var twoThirds: Int64 { validators.totalVotingPower * 2 / 3 }",
     "var twoThirds: Int64 { validators.totalVotingPower * 2 / 3 - 10 }"),
    ("conflicting votes counted", "VoteSet.swift",
     "guard isMajority || tallies[vote.blockID]?.isClaimed == true else {\n"
     "                return .conflict(with: first, counted: false)\n            }", ""),
    ("commit records foreign votes", "VoteSet.swift",
     "guard let vote, vote.blockID == majority || vote.blockID.isZero else {", "guard let vote else {"),
    ("conflicts reported again and again", "ConsensusMachine+Votes.swift",
     "guard conflicts.isNew(vote) else { return }", ""),
    ("evidence against ourselves", "ConsensusMachine+Votes.swift",
     "if vote.validatorAddress == state.start.ownAddress {\n                effects.append(.notice", 
     "if false {\n                effects.append(.notice"),
    ("late precommits after round 0", "ConsensusMachine+Votes.swift",
     "guard state.step == .newHeight, vote.type == .precommit, let lastCommit = state.lastCommit,",
     "guard vote.type == .precommit, let lastCommit = state.lastCommit,",
     "guard state.step == .newHeight, vote.round == state.lastCommit?.round else { return }", ""),
    ("own extension unchecked", "ConsensusMachine+Votes.swift",
     "guard judgement == .accepted else { return halt(.ownExtensionRefused) }", ""),
    ("vote dated before its block", "ConsensusMachine+Votes.swift",
     "return max(now, block.block.header.time + .milliseconds(1))", "return block.parts.isComplete ? now : now"),
    ("catch-up rounds without limit", "HeightVoteSet.swift",
     "return opened.count < Self.maximumCatchUpRoundsPerPeer", "return opened.count < 1000"),
    ("old timers fire", "ConsensusMachine+Timeouts.swift",
     "guard key.height == state.height, key.round == state.round, key.step >= state.step else { return }", ""),
    ("stored commit unverified", "ConsensusMachine+Heights.swift",
     "guard lastCommit != nil || start.isInitialHeight else { return halt(.lastCommitInvalid) }", ""),
    ("lock lost in a replay", "ConsensusMachine+Votes.swift", "if peer == nil { restoreLock(vote) }", ""),
    ("two claims of one peer", "VoteSet.swift", "if let earlier = claims[peer] { return earlier == blockID }",
     "if claims[peer] != nil { return true }"),
]


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def objects(names):
    found = []
    for name in names:
        folder = BUILD / f"{name}.build"
        found += sorted(str(path) for path in folder.rglob("*.o")) if folder.is_dir() else []
    return found


def our_objects(names):
    """Without objects of sources that are gone."""
    return [
        path for path in objects(names)
        if (ROOT / "Shared" / pathlib.Path(path).parent.stem).is_dir()
        and list((ROOT / "Shared" / pathlib.Path(path).parent.stem).rglob(pathlib.Path(path).name[: -len(".o")]))
    ]




def frontend(work):
    """What a compilation has to find: our modules and the C modules beneath them."""
    flags = ["-swift-version", "6", "-package-name", "main", "-I", str(work), "-I", str(BUILD / "Modules")]
    maps = [ROOT / "Shared" / "CSecp256k1" / "module.modulemap"]
    for name in C_OBJECTS:
        places = [BUILD / f"{name}.build" / "module.modulemap", ROOT / "Shared" / name / "include" / "module.modulemap"]
        places += (ROOT / ".build" / "checkouts" / "swift-crypto" / "Sources" / name).rglob("module.modulemap")
        maps += [place for place in places if place.exists()][:1]
    for place in maps:
        flags += ["-Xcc", f"-fmodule-map-file={place}"]
    return flags


def compile_core(sources, work):
    """The module and one object of it."""
    return run(["swiftc", "-Onone", "-wmo", "-parse-as-library", "-module-name", "Consensus", "-emit-module",
                "-emit-module-path", str(work / "Consensus.swiftmodule"), "-emit-object", "-o", str(work / "Consensus.o"),
                *frontend(work), *sorted(str(path) for path in sources.glob("*.swift"))])


ENTRY = """import Testing
@main struct Runner { static func main() async { await Testing.__swiftPMEntryPoint() as Never } }
"""


def compile_tests(work):
    (work / "Entry.swift").write_text(ENTRY)
    plugins = pathlib.Path(shutil.which("swiftc")).resolve().parents[1] / "lib" / "swift" / "host" / "plugins"
    return run(["swiftc", "-Onone", "-wmo", "-parse-as-library", "-module-name", "ConsensusTests", "-emit-object",
                "-o", str(work / "Tests.o"), "-plugin-path", str(plugins), "-plugin-path", str(plugins / "testing"),
                *frontend(work), *sorted(str(path) for path in TESTS.glob("*.swift")), str(work / "Entry.swift")])


def link(work, core):
    return run(["swiftc", "-o", str(work / "tests"), str(core), str(work / "Tests.o"), *our_objects(LINKED),
                *objects(C_OBJECTS + CRYPTO), "-lTesting", "-lsecp256k1", "-lstdc++"])


def test(work):
    """Names of the tests that fail; None when all pass."""
    try:
        result = run([str(work / "tests")], timeout=TEST_SECONDS)
    except subprocess.TimeoutExpired:
        return ["(does not end)"]
    if result.returncode == 0:
        return None
    text = result.stdout + result.stderr
    failed = re.findall(r'Test "([^"]+)" (?:with .*?)?failed', text)
    return failed or ["(crash)"]


def stop(step, result):
    sys.exit(f"{step} failed:\n{(result.stdout + result.stderr)[-3000:]}")


def main():
    wanted = sys.argv[1:]
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        work = pathlib.Path(name)
        for step, action in [("compiling the core", lambda: compile_core(SOURCES, work)),
                             ("compiling the tests", lambda: compile_tests(work)),
                             ("linking", lambda: link(work, work / "Consensus.o"))]:
            result = action()
            if result.returncode != 0:
                stop(step, result)
        if (failed := test(work)) is not None:
            sys.exit(f"without a mutation these fail: {failed}")
        print("| removed check | noticed by |\n|---|---|", flush=True)
        for title, file, *pairs in MUTANTS:
            if wanted and not any(word in title for word in wanted):
                continue
            mutant = work / "mutant"
            shutil.rmtree(mutant, ignore_errors=True)
            shutil.copytree(SOURCES, mutant / "Consensus")
            path = mutant / "Consensus" / file
            source = path.read_text()
            if any(source.count(text) != 1 for text in pairs[::2]):
                print(f"| {title} | TEXT NOT FOUND |", flush=True)
                survivors += 1
                continue
            for text, replacement in zip(pairs[::2], pairs[1::2]):
                source = source.replace(text, replacement)
            path.write_text(source)
            result = compile_core(mutant / "Consensus", mutant)
            if result.returncode != 0:
                stop(f"compiling the mutant '{title}'", result)
            result = link(work, mutant / "Consensus.o")
            if result.returncode != 0:
                stop(f"linking the mutant '{title}'", result)
            failed = test(work)
            survivors += failed is None
            shown = "SURVIVES" if failed is None else failed[0] + (f" (and {len(failed) - 1} more)" if failed[1:] else "")
            print(f"| {title} | {shown} |", flush=True)
    sys.exit(1 if survivors else 0)


main()
