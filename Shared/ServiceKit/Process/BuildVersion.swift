/// What this build calls itself.
public enum BuildVersion {
    /// Semantic version of the release.
    public static let number = "0.1.0"
    /// Version of the RPC frames and messages that processes of this build speak.
    public static let protocolVersion = 1
}
