import Foundation

/// A file the engine cannot read, write or understand.
public enum FileFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// A system call failed; `code` is errno.
    case system(call: String, path: String, code: Int32)
    /// The file's content is not what it should be.
    case malformed(path: String, reason: String)
    /// Longer than this program reads.
    case tooLong(path: String, limit: Int)

    public var description: String {
        switch self {
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        case .malformed(let path, let reason): "\(path): \(reason)"
        case .tooLong(let path, let limit): "\(path) is longer than \(limit) bytes"
        }
    }

    /// The failure of the system call that has just returned, from errno.
    static func last(_ call: String, _ path: String) -> FileFailure {
        .system(call: call, path: path, code: errno)
    }
}
