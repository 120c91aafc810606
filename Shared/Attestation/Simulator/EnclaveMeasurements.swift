/// The registers that say what runs in an enclave. SHA-384, 48 bytes each.
public struct EnclaveMeasurements: Sendable, Hashable {
    /// The executable (on Nitro: the image).
    public var executable: [UInt8]
    /// The engine's files (on Nitro: kernel and boot).
    public var engine: [UInt8]
    /// The configuration (on Nitro: the application).
    public var configuration: [UInt8]
    /// The model's weights.
    public var weights: [UInt8]

    /// A register nothing was measured into.
    public static let unused = [UInt8](repeating: 0, count: 48)

    /// Makes measurements.
    public init(
        executable: [UInt8], engine: [UInt8] = unused, configuration: [UInt8] = unused, weights: [UInt8] = unused
    ) {
        self.executable = executable
        self.engine = engine
        self.configuration = configuration
        self.weights = weights
    }

    /// The register with a number: PCR0, PCR1, PCR2 and PCR8 are used.
    public subscript(_ register: Int) -> [UInt8]? {
        switch register {
        case 0: executable
        case 1: engine
        case 2: configuration
        case 8: weights
        default: nil
        }
    }

    /// The registers by number.
    public var registers: [(number: Int, value: [UInt8])] {
        [(0, executable), (1, engine), (2, configuration), (8, weights)]
    }
}
