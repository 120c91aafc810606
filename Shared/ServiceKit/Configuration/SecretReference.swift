import Foundation

/// A secret's bytes. Prints as `***` everywhere; the bytes are reached only on purpose.
public struct SecretBytes: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Calls `body` with the secret; the caller keeps it out of logs, errors and files.
    public func withExposedBytes<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    public var description: String { "***" }
    public var debugDescription: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Where a secret lies. Configuration holds only such references, so that files, environments and flags can be shown.
public enum SecretReference: Sendable, Hashable {
    /// A file in the service manager's credentials directory (`$CREDENTIALS_DIRECTORY`).
    case credential(String)
    case file(String)

    /// Largest secret that is read.
    public static let maximumBytes = 64 << 10

    /// Nil unless `text` is `credential:NAME` (a plain file name) or `file:/absolute/path`.
    public init?(_ text: String) {
        if text.hasPrefix("credential:") {
            let name = String(text.dropFirst("credential:".count))
            guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else { return nil }
            self = .credential(name)
        } else if text.hasPrefix("file:/") {
            self = .file(String(text.dropFirst("file:".count)))
        } else {
            return nil
        }
    }

    /// Reads the secret; one trailing newline is dropped.
    ///
    /// - Throws: `Problem` when the file is missing, too large, or open to others than its owner.
    public func read(environment: [String: String]) throws(Problem) -> SecretBytes {
        let path: String
        switch self {
        case .file(let file): path = file
        case .credential(let name):
            guard let directory = environment["CREDENTIALS_DIRECTORY"] else { throw .noCredentialsDirectory }
            path = directory + "/" + name
        }
        // Opened first and judged by descriptor, so that the file cannot be exchanged between the check and the read.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path: path, reason: "not a regular file")
        }
        guard status.st_mode & 0o077 == 0 else { throw .openToOthers(path: path, mode: status.st_mode & 0o777) }
        guard status.st_size <= Self.maximumBytes else { throw .tooLarge(path: path) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Foundation.read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            guard count > 0 else { break }
            filled += count
        }
        bytes.removeLast(bytes.count - filled)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return SecretBytes(bytes)
    }

    /// Why a secret could not be had.
    public enum Problem: Error, Sendable, Hashable, CustomStringConvertible {
        case noCredentialsDirectory
        case unreadable(path: String, reason: String)
        case openToOthers(path: String, mode: mode_t)
        case tooLarge(path: String)

        public var description: String {
            switch self {
            case .noCredentialsDirectory:
                "credential: references need $CREDENTIALS_DIRECTORY, which the service manager sets"
            case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
            case .openToOthers(let path, let mode):
                "\(path) has mode 0\(String(mode, radix: 8)): others can read it; run chmod 600 \(path)"
            case .tooLarge(let path): "\(path) is larger than \(SecretReference.maximumBytes) bytes"
            }
        }
    }
}
