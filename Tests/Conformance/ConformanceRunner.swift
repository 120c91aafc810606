import Foundation
import Primitives

/// `haca-conformance SUITE PATH`: one line per failure, `N passed, N failed` last.
enum ConformanceRunner {
    /// The suites by name. A new suite adds itself here.
    static let suites: [any Suite.Type] = [
        CanonicalJSONSuite.self,
        ConsensusSuite.self,
        LightClientSuite.self,
        NitroSuite.self,
        ObliviousHTTPSuite.self,
        RPCFramesSuite.self,
        SignedResponseSuite.self,
    ]

    /// A vector file larger than this is refused rather than read.
    static let maximumFileBytes = 256 << 20

    enum ExitStatus {
        static let success: Int32 = 0
        static let failures: Int32 = 1
        /// EX_USAGE of sysexits.h.
        static let usage: Int32 = 64
    }

    static func run(_ arguments: [String]) -> Int32 {
        guard arguments.count == 2, let suite = suites.first(where: { $0.name == arguments[0] }) else {
            let names = suites.map { $0.name }.sorted().joined(separator: ", ")
            FileHandle.standardError.write(
                Data(
                    "usage: haca-conformance SUITE PATH\nPATH is a vector file or a folder of *.json\nsuites: \(names)\n"
                        .utf8))
            return ExitStatus.usage
        }
        guard let files = vectorFiles(at: arguments[1]) else {
            FileHandle.standardError.write(Data("haca-conformance: no vector file at \(arguments[1])\n".utf8))
            return ExitStatus.usage
        }
        var tally = Tally()
        for file in files { check(file, with: suite, &tally) }
        print("\(tally.passed) passed, \(tally.failed) failed")
        return tally.failed == 0 ? ExitStatus.success : ExitStatus.failures
    }

    struct Tally {
        var passed = 0
        var failed = 0

        mutating func fail(_ place: String, _ reason: String) {
            failed += 1
            print("FAIL \(place): \(reason.replacing("\n", with: " "))")
        }
    }

    private static func check(_ file: URL, with suite: any Suite.Type, _ tally: inout Tally) {
        let vectors: [JSON]
        do {
            let limits = JSONLimits(
                maximumBytes: maximumFileBytes, maximumDepth: 512, maximumValues: 1 << 24,
                maximumIntegerDigits: 1 << 20,
                acceptsNonFiniteNumbers: true)
            vectors = try suite.vectors(in: JSON(parsing: Array(Data(contentsOf: file)), limits: limits))
        } catch {
            tally.fail(file.lastPathComponent, "\(error)")
            return
        }
        for (index, vector) in vectors.enumerated() {
            do {
                try suite.check(vector)
                tally.passed += 1
            } catch {
                let label = VectorFields.label(vector).map { " (\($0))" } ?? ""
                tally.fail("\(file.lastPathComponent)[\(index)]\(label)", "\(error)")
            }
        }
    }

    /// The file itself, or every `*.json` below a folder in order of path; nil when there is nothing.
    private static func vectorFiles(at path: String) -> [URL]? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
        let root = URL(fileURLWithPath: path)
        guard isDirectory.boolValue else { return [root] }
        let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?
            .compactMap { $0 as? URL }
            .filter { $0.pathExtension == "json" }
            .sorted { $0.path < $1.path }
        guard let found, !found.isEmpty else { return nil }
        return found
    }
}
