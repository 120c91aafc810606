import Primitives

/// Which measurements a peer may have, by its role.
///
/// As a file: one JSON object a line, `{"role": "worker", "pcr0": hex, "pcr1": hex, "pcr2": hex, "pcr8": hex}`; blank
/// lines and lines that begin with `#` do not count. A role may have several lines. `pcr8` may be left out: any value is
/// approved then. `haca-enclave measure --role ROLE …` prints such a line.
public struct ApprovedMeasurements: Sendable, Hashable {
    /// One approved set.
    public struct Entry: Sendable, Hashable {
        /// Registers that must be equal, by number; 0, 1 and 2 are always there.
        public let registers: [Int: [UInt8]]

        /// Approves exactly these measurements.
        public init(_ measurements: EnclaveMeasurements) {
            registers = Dictionary(uniqueKeysWithValues: measurements.registers.map { ($0.number, $0.value) })
        }

        init(registers: [Int: [UInt8]]) { self.registers = registers }

        /// Whether a document has these registers.
        public func matches(_ document: NitroDocument) -> Bool {
            registers.allSatisfy { document.registers[$0.key] == $0.value }
        }
    }

    /// Approved sets by role.
    public var roles: [String: [Entry]]

    /// Why a file is refused.
    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case tooLong
        case malformed(line: Int)

        public var description: String {
            switch self {
            case .tooLong: "the approved measurements are longer than \(ApprovedMeasurements.maximumCount) bytes"
            case .malformed(let line):
                "line \(line) of the approved measurements must be a JSON object with role, pcr0, pcr1, pcr2 and, if "
                    + "weights count, pcr8, each of 96 hex digits"
            }
        }
    }

    /// Longest file accepted.
    public static let maximumCount = 4 << 20

    /// Makes a list.
    public init(roles: [String: [Entry]] = [:]) { self.roles = roles }

    /// Reads a file's contents.
    public init(parsing bytes: [UInt8]) throws(Failure) {
        guard bytes.count <= Self.maximumCount else { throw .tooLong }
        roles = [:]
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let first = line.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }),
                first != UInt8(ascii: "#")
            else { continue }
            guard let json = try? JSON(parsing: line), let role = json["role"]?.stringValue, !role.isEmpty,
                let entry = Self.entry(json)
            else { throw .malformed(line: index + 1) }
            roles[role, default: []].append(entry)
        }
    }

    /// The line of a file that approves measurements for a role.
    public static func line(role: String, _ measurements: EnclaveMeasurements) -> String {
        var object = JSONObject()
        object["role"] = .string(JSONString(role))
        for (number, value) in measurements.registers {
            object["pcr\(number)"] = .string(JSONString(Hex.encode(value)))
        }
        return String(decoding: JSON.object(object).encoded(), as: UTF8.self)
    }

    private static func entry(_ json: JSON) -> Entry? {
        var registers: [Int: [UInt8]] = [:]
        for number in [0, 1, 2, 8] {
            guard let value = json["pcr\(number)"] else {
                if number == 8 { continue }
                return nil
            }
            guard let text = value.stringValue, let bytes = try? Hex.decode(text), bytes.count == 48 else { return nil }
            registers[number] = bytes
        }
        return Entry(registers: registers)
    }

    /// The role, of those asked for, that a document's registers are approved for.
    public func role(of document: NitroDocument, among candidates: [String]) -> String? {
        candidates.first { roles[$0]?.contains { $0.matches(document) } ?? false }
    }
}
