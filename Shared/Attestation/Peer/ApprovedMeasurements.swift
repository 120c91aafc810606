import Primitives

/// Which measurements a peer may have, by its role.
///
/// As a file: `{"worker": [{"pcr0": hex, "pcr1": hex, "pcr2": hex, "pcr8": hex}, …], "gateway": […]}`. `pcr8` may be
/// left out: any value is approved then. `haca-enclave measure --role ROLE` writes such a file.
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
        case notJSON(JSONError)
        case malformed(role: String)

        public var description: String {
            switch self {
            case .notJSON(let error): "the approved measurements are no JSON: \(error)"
            case .malformed(let role):
                "the approved measurements of \"\(role)\" must be a list of objects with pcr0, pcr1, pcr2 and, if "
                    + "weights count, pcr8, each of 96 hex digits"
            }
        }
    }

    /// Makes a list.
    public init(roles: [String: [Entry]] = [:]) { self.roles = roles }

    /// Reads a file's contents.
    public init(parsing bytes: [UInt8]) throws(Failure) {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw .notJSON(error)
        }
        guard let object = json.objectValue else { throw .malformed(role: "") }
        roles = [:]
        for member in object.members {
            let role = member.key.lossyString
            guard let list = member.value.arrayValue else { throw .malformed(role: role) }
            roles[role] = try list.map { item throws(Failure) in try Self.entry(item, role: role) }
        }
    }

    private static func entry(_ item: JSON, role: String) throws(Failure) -> Entry {
        var registers: [Int: [UInt8]] = [:]
        for number in [0, 1, 2, 8] {
            guard let value = item["pcr\(number)"] else { continue }
            guard let text = value.stringValue, let bytes = try? Hex.decode(text), bytes.count == 48 else {
                throw .malformed(role: role)
            }
            registers[number] = bytes
        }
        guard Set([0, 1, 2]).isSubset(of: registers.keys) else { throw .malformed(role: role) }
        return Entry(registers: registers)
    }

    /// The role, of those asked for, that a document's registers are approved for.
    public func role(of document: NitroDocument, among candidates: [String]) -> String? {
        candidates.first { roles[$0]?.contains { $0.matches(document) } ?? false }
    }
}
