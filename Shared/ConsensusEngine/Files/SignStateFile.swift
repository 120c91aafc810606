import Primitives
import Replica

/// The signer's state on disk, CometBFT's `priv_validator_state.json`.
public enum SignStateFile {
    /// - Throws: also when the file is missing: a key whose history is lost could sign twice.
    public static func read(_ path: String) throws(FileFailure) -> LastSignState {
        guard let json = try KeyFileJSON.read(path) else {
            throw .malformed(
                path: path,
                reason: "missing; without it this key could sign twice. Bring the file back, or, if the key has never "
                    + "signed, make it with: haca-validator unsafe-reset --sign-state")
        }
        do {
            return try LastSignState(json: json)
        } catch {
            throw .malformed(path: path, reason: "\(error)")
        }
    }

    /// Replaces the file atomically and durably.
    public static func write(_ state: LastSignState, to path: String) throws(FileFailure) {
        try DurableFile.replace(path, with: state.json.encoded())
    }
}
