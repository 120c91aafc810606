import Foundation
import Testing

/// A program for Python, whose integers have any size: an independent computation to compare with.
enum PythonProgram {
    static let path = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The curve in affine coordinates over Python's integers, after the definitions of RFC 8032 and ZIP-215.
    static let curve = """
        import sys, hashlib
        p = 2**255 - 19
        L = 2**252 + 27742317777372353535851937790883648493
        d = -121665 * pow(121666, p - 2, p) % p
        i = pow(2, (p - 1) // 4, p)
        number = lambda data: int.from_bytes(data, "little")
        encoded = lambda value: value.to_bytes(32, "little").hex()
        def point(data):
            y = (number(data) & (2**255 - 1)) % p
            u, v = (y * y - 1) % p, (d * y * y + 1) % p
            square = u * pow(v, p - 2, p) % p
            x = pow(square, (p + 3) // 8, p)
            if x * x % p != square: x = x * i % p
            if x * x % p != square: return None
            if x & 1 != number(data) >> 255: x = -x % p
            return x, y
        def plus(a, b):
            t = d * a[0] * b[0] * a[1] * b[1] % p
            return ((a[0] * b[1] + b[0] * a[1]) * pow(1 + t, p - 2, p) % p,
                    (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, p - 2, p) % p)
        def times(n, a):
            total = (0, 1)
            for bit in bin(n)[2:]:
                total = plus(total, total)
                if bit == "1": total = plus(total, a)
            return total
        encode = lambda a: encoded(a[1] | (a[0] & 1) << 255)
        B = point((4 * pow(5, p - 2, p) % p).to_bytes(32, "little"))

        """

    /// What the program prints for the lines; files instead of pipes, so that neither side can fill a pipe and wait.
    static func answers(to lines: [String], program: String) throws -> [Substring] {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("haca-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appendingPathComponent("input")
        let output = folder.appendingPathComponent("output")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: input)
        try Data().write(to: output)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(path))
        process.arguments = ["-c", program]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return try String(decoding: Data(contentsOf: output), as: UTF8.self).split(separator: "\n")
    }
}
