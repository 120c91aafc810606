import Foundation
import Primitives
import Testing

/// Random documents and floats, compared with what Python's own json module and repr say about them.
@Suite("Agreement with Python")
struct PythonAgreementTests {
    /// Reads hex lines, writes for each the hex of `json.dumps(json.loads(text), sort_keys=True)`, or `refused`.
    private static let documentProgram = """
        import json, sys
        for line in sys.stdin:
            try:
                text = bytes.fromhex(line.strip()).decode("utf-8")
                print(json.dumps(json.loads(text), sort_keys=True).encode().hex())
            except ValueError:
                print("refused")
        """

    /// Reads the bits of doubles in hex, writes their repr.
    private static let floatProgram = """
        import struct, sys
        for line in sys.stdin:
            print(repr(struct.unpack(">d", bytes.fromhex(line.strip()))[0]))
        """

    private static let pythonPath = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// What the program prints for the lines; files instead of pipes, so that neither side can fill a pipe and wait.
    private static func answers(to lines: [String], program: String) throws -> [Substring] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("haca-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("input")
        let output = folder.appendingPathComponent("output")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: input)
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(pythonPath))
        process.arguments = ["-c", program]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try String(decoding: Data(contentsOf: output), as: UTF8.self).split(separator: "\n")
    }

    private func compare(_ documents: [[UInt8]]) throws -> (accepted: Int, refused: Int) {
        let answers = try Self.answers(to: documents.map { Hex.encode($0) }, program: Self.documentProgram)
        try #require(answers.count == documents.count)
        var counts = (accepted: 0, refused: 0)
        for (document, answer) in zip(documents, answers) {
            let ours = (try? JSON(parsing: document, limits: .python)).map { Hex.encode($0.canonical()) } ?? "refused"
            #expect(ours == answer, "document \(Hex.encode(document))")
            if answer == "refused" { counts.refused += 1 } else { counts.accepted += 1 }
        }
        return counts
    }

    @Test("random documents have the same canonical form", .enabled(if: pythonPath != nil, "python3 is not installed"))
    func randomDocuments() throws {
        var generator = DocumentGenerator(seed: 0xA11CE)
        let counts = try compare((0..<4000).map { _ in generator.document() })
        #expect(counts.refused == 0)
    }

    @Test(
        "damaged documents are refused exactly when Python refuses them",
        .enabled(if: pythonPath != nil, "python3 is not installed"))
    func damagedDocuments() throws {
        var generator = DocumentGenerator(seed: 0xB0B)
        let counts = try compare((0..<8000).map { _ in generator.damagedDocument() })
        #expect(counts.accepted > 500 && counts.refused > 500)
    }

    @Test(
        "floats are spelt alike: all powers of two and ten, their neighbours, and random bits",
        .enabled(if: pythonPath != nil, "python3 is not installed"))
    func floats() throws {
        var values: [Double] = [0, -0.0, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity, -.infinity]
        for exponent in -1074...1023 {
            let power = Double(sign: .plus, exponent: exponent, significand: 1)
            values += [power, power.nextUp, power.nextDown, -power]
        }
        for exponent in -323...308 {
            guard let power = Double("1e\(exponent)") else { continue }
            values += [power, power.nextUp, power.nextDown, power * 5]
        }
        var random = SplitMix64(state: 7)
        while values.count < 30_000 {
            let value = Double(bitPattern: random.next())
            if !value.isNaN { values.append(value) }
            values.append(Double(random.next() % 1_000_000_000) / 1000)
            values.append(Double(Int64(bitPattern: random.next()) >> Int64(random.next() % 60)))
        }
        let lines = values.map { value in
            let digits = String(value.bitPattern, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        let answers = try Self.answers(to: lines, program: Self.floatProgram)
        try #require(answers.count == values.count)
        for (value, answer) in zip(values, answers) { #expect(PythonFloat.repr(value) == answer) }
    }
}

/// Steele, Lea and Flood's generator: small, seeded, the same everywhere.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Writes random JSON texts with everything that is hard: odd numbers, all kinds of escapes, repeated keys, white space.
private struct DocumentGenerator {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    mutating func document() -> [UInt8] {
        var output: [UInt8] = []
        value(depth: 0, into: &output)
        return output
    }

    /// A document with one to three bytes changed, added or taken away.
    mutating func damagedDocument() -> [UInt8] {
        var bytes = document()
        let alphabet = Array("{}[]\",:0123456789.eE+-\\u/ tfnNI\u{1}\n".utf8) + [0x80, 0xC3, 0xED, 0xFF]
        for _ in 0...below(3) {
            let place = below(bytes.count + 1)
            switch below(3) {
            case 0: bytes.insert(alphabet[below(alphabet.count)], at: place)
            case 1 where place < bytes.count: bytes[place] = alphabet[below(alphabet.count)]
            default: if place < bytes.count { bytes.remove(at: place) }
            }
        }
        return bytes
    }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func space(into output: inout [UInt8]) {
        if below(4) == 0 { output.append([0x20, 0x09, 0x0A, 0x0D][below(4)]) }
    }

    private mutating func value(depth: Int, into output: inout [UInt8]) {
        space(into: &output)
        switch below(depth < 5 ? 10 : 6) {
        case 0: output += ["null", "true", "false", "NaN", "Infinity", "-Infinity"][below(6)].utf8
        case 1, 2, 3: number(into: &output)
        case 4, 5: string(into: &output)
        case 6, 7:
            output.append(UInt8(ascii: "["))
            for position in 0..<below(5) {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                value(depth: depth + 1, into: &output)
            }
            space(into: &output)
            output.append(UInt8(ascii: "]"))
        default:
            output.append(UInt8(ascii: "{"))
            for position in 0..<below(6) {
                if position > 0 { output.append(UInt8(ascii: ",")) }
                space(into: &output)
                // A short alphabet repeats keys.
                if below(2) == 0 {
                    output += ["\"a\"", "\"b\"", "\"\\u0061\"", "\"\""][below(4)].utf8
                } else {
                    string(into: &output)
                }
                space(into: &output)
                output.append(UInt8(ascii: ":"))
                value(depth: depth + 1, into: &output)
            }
            space(into: &output)
            output.append(UInt8(ascii: "}"))
        }
        space(into: &output)
    }

    private mutating func number(into output: inout [UInt8]) {
        if below(3) == 0 { output.append(UInt8(ascii: "-")) }
        digits(below(12) == 0 ? 40 : 1 + below(18), canStartWithZero: false, into: &output)
        if below(2) == 0 {
            output.append(UInt8(ascii: "."))
            digits(1 + below(20), canStartWithZero: true, into: &output)
        }
        if below(3) == 0 {
            output += ["e", "E", "e+", "E-", "e-"][below(5)].utf8
            digits(1 + below(3), canStartWithZero: true, into: &output)
        }
    }

    private mutating func digits(_ count: Int, canStartWithZero: Bool, into output: inout [UInt8]) {
        if !canStartWithZero, below(5) == 0 {
            output.append(UInt8(ascii: "0"))
            return
        }
        for position in 0..<count {
            let first = position == 0 && !canStartWithZero
            output.append(UInt8(ascii: "0") + UInt8(first ? 1 + below(9) : below(10)))
        }
    }

    private mutating func string(into output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for _ in 0..<below(9) {
            switch below(6) {
            case 0: output += "\\\(["\"", "\\", "/", "b", "f", "n", "r", "t"][below(8)])".utf8
            case 1, 2:
                let unit = below(2) == 0 ? 0xD800 + below(0x800) : below(0x10000)
                let digits = String(unit, radix: 16, uppercase: below(2) == 0)
                output += "\\u".utf8
                output += String(repeating: "0", count: 4 - digits.count).utf8
                output += digits.utf8
            default:
                let scalar = [
                    0x20 + below(0x60), 0x80 + below(0x780), 0x800 + below(0xF800), 0x10000 + below(0x100000),
                ][below(4)]
                guard let valid = Unicode.Scalar(UInt32(scalar)), valid != "\"", valid != "\\" else { continue }
                output += String(Character(valid)).utf8
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
