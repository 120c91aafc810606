import Primitives

/// What CometBFT's key and state files have in common: typed keys and base64.
enum KeyFileJSON {
    static let privateKeyType = "tendermint/PrivKeyEd25519"
    static let publicKeyType = "tendermint/PubKeyEd25519"
    /// Largest key or state file, bytes.
    static let maximumBytes = 64 << 10

    /// The document in `path`; nil when there is no such file.
    static func read(_ path: String) throws(FileFailure) -> JSON? {
        guard let bytes = try DurableFile.read(path, limit: maximumBytes) else { return nil }
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw .malformed(path: path, reason: "not JSON: \(error)")
        }
    }

    /// `{"type": …, "value": base64}`.
    static func typed(_ type: String, _ bytes: [UInt8]) -> JSON {
        ["type": JSON(type), "value": JSON(Base64.encode(bytes))]
    }

    static func bytes(of json: JSON?, type: String) -> [UInt8]? {
        guard json?["type"]?.stringValue == type else { return nil }
        return base64(json?["value"])
    }

    static func base64(_ json: JSON?) -> [UInt8]? {
        json?.stringValue.flatMap { try? Base64.decode($0) }
    }

    /// The 32-byte seed in CometBFT's 64 bytes of seed and public key.
    static func seed(_ json: JSON?, path: String) throws(FileFailure) -> [UInt8] {
        guard let bytes = bytes(of: json, type: privateKeyType), bytes.count == 64 else {
            throw .malformed(path: path, reason: "expected priv_key of type \(privateKeyType) with 64 bytes in base64")
        }
        return Array(bytes.prefix(32))
    }
}
