import Primitives
import Replica

/// A validator's key on disk, CometBFT's `priv_validator_key.json`.
public enum ValidatorKeyFile {
    /// Nil when there is no such file.
    public static func read(_ path: String) throws(FileFailure) -> ValidatorKey? {
        guard let json = try KeyFileJSON.read(path) else { return nil }
        do {
            return try ValidatorKey(json: json)
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }

    /// Writes the file, readable by its owner only.
    public static func write(_ key: ValidatorKey, to path: String) throws(FileFailure) {
        try DurableFile.replace(path, with: key.json.encoded())
    }
}
