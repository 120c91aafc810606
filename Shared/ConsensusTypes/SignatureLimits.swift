/// How long what a validator signs and says may be.
public enum SignatureLimits {
    /// The allowance of the 0.39 line, enough for BLS signatures; an Ed25519 signature has 64 bytes.
    public static let maximumBytes = 96
    /// Of a vote's extension: 1 MiB.
    public static let maximumExtensionBytes = 1 << 20
    /// Of a chain's name.
    public static let maximumChainIDBytes = 50
}
