import CEd25519
import Primitives
import Testing

/// The kernel's field, scalars and points against Python's integers.
@Suite("Curve arithmetic", .enabled(if: PythonProgram.path != nil, "python3 is not installed"))
struct CurveArithmeticTests {
    /// Little-endian values at the edges of the field, of limbs and of carries; some are not canonical.
    private static let edges: [[UInt8]] = {
        func value(_ low: UInt8, _ middle: UInt8, _ high: UInt8) -> [UInt8] {
            [low] + [UInt8](repeating: middle, count: 30) + [high]
        }
        var values = [0, 1, 2, 18, 19, 20].map { value($0, 0, 0) }
        values += [0xEC, 0xED, 0xEE, 0xFF].map { value($0, 0xFF, 0x7F) }
        for bit in [50, 51, 52, 102, 153, 204, 254] {
            var power = value(0, 0, 0)
            power[bit / 8] = 1 << (bit % 8)
            values.append(power)
        }
        return values
    }()

    private func operands(_ count: Int, seed: UInt64) -> [(left: [UInt8], right: [UInt8])] {
        var random = SplitMix64(seed: seed)
        let edgePairs = Self.edges.flatMap { left in Self.edges.map { (left: left, right: $0) } }
        return edgePairs + (0..<count).map { _ in (random.bytes(32), random.bytes(32)) }
    }

    private func bytes(_ body: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            buffer.initialize(repeating: 0)
            if let start = buffer.baseAddress { body(start) }
            count = 32
        }
    }

    @Test func `field operations agree with integers modulo 2^255 - 19`() throws {
        let program =
            PythonProgram.curve + """
                for line in sys.stdin:
                    a, b = (number(bytes.fromhex(word)) & (2**255 - 1) for word in line.split())
                    print(*map(encoded, [(a + b) % p, (a - b) % p, a * b % p, a * a % p, pow(a, p - 2, p)]))
                """
        let operands = operands(1500, seed: 1)
        let answers = try PythonProgram.answers(
            to: operands.map { "\(Hex.encode($0.left)) \(Hex.encode($0.right))" }, program: program)
        try #require(answers.count == operands.count)
        for (pair, answer) in zip(operands, answers) {
            let ours = [
                bytes { haca_ed25519_field_sum(pair.left, pair.right, $0) },
                bytes { haca_ed25519_field_difference(pair.left, pair.right, $0) },
                bytes { haca_ed25519_field_product(pair.left, pair.right, $0) },
                bytes { haca_ed25519_field_square(pair.left, $0) },
                bytes { haca_ed25519_field_inverse(pair.left, $0) },
            ]
            #expect(ours.map { Hex.encode($0) }.joined(separator: " ") == answer)
        }
    }

    @Test func `scalar operations agree with integers modulo the group order`() throws {
        let program =
            PythonProgram.curve + """
                for line in sys.stdin:
                    a, b = (bytes.fromhex(word) for word in line.split())
                    print(encoded(number(a + b) % L), encoded((number(a) * number(b) + number(a)) % L))
                """
        var operands = operands(2000, seed: 2)
        // Multiples of the order, which Barrett's estimate may miss by one or two.
        let order = try Hex.decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        let zero = [UInt8](repeating: 0, count: 32)
        let ones = [UInt8](repeating: 0xFF, count: 32)
        operands += [(order, zero), (zero, order), (order, order), (ones, ones), (ones, zero), (zero, ones)]
        let answers = try PythonProgram.answers(
            to: operands.map { "\(Hex.encode($0.left)) \(Hex.encode($0.right))" }, program: program)
        try #require(answers.count == operands.count)
        for (pair, answer) in zip(operands, answers) {
            let reduced = bytes { haca_ed25519_scalar_reduce(pair.left + pair.right, $0) }
            let product = bytes { haca_ed25519_scalar_product(pair.left, pair.right, pair.left, $0) }
            #expect("\(Hex.encode(reduced)) \(Hex.encode(product))" == answer)
        }
    }

    @Test func `points decode, add and multiply as integers say`() throws {
        let program =
            PythonProgram.curve + """
                for line in sys.stdin:
                    left, right = (bytes.fromhex(word) for word in line.split())
                    a, b = point(left), point(right)
                    if a is None: print("none")
                    elif b is None: print(encode(a))
                    else: print(encode(a), encode(plus(a, b)), encode(times(number(right), a)))
                """
        var operands = operands(100, seed: 3)
        let small = SmallOrder.encodings
        for (index, encoding) in small.enumerated() {
            operands.append((encoding, small[(index * 5 + 3) % small.count]))
            operands.append((encoding, Self.edges[index % Self.edges.count]))
        }
        let answers = try PythonProgram.answers(
            to: operands.map { "\(Hex.encode($0.left)) \(Hex.encode($0.right))" }, program: program)
        try #require(answers.count == operands.count)
        for (pair, answer) in zip(operands, answers) {
            var ours: [String] = []
            var isPoint = true
            ours.append(Hex.encode(bytes { isPoint = haca_ed25519_point_normalise(pair.left, $0) }))
            if !isPoint {
                #expect(answer == "none")
                continue
            }
            var bothArePoints = true
            ours.append(Hex.encode(bytes { bothArePoints = haca_ed25519_point_sum(pair.left, pair.right, $0) }))
            ours.append(Hex.encode(bytes { _ = haca_ed25519_point_multiply(pair.left, pair.right, $0) }))
            #expect((bothArePoints ? ours : [ours[0]]).joined(separator: " ") == answer)
        }
    }
}
