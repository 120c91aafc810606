import Crypto
import Foundation

/// Hashes files and folders so that anybody can compute the same register again.
///
/// A register is the SHA-384 of, with numbers as 8 bytes big-endian:
///
///     "haca-measurement-v1" 0x00 KIND 0x00
///     then for each argument in its order:  number of files
///         then for each file, by path:      length of path, path, length of contents, contents
///
/// KIND is `executable`, `engine`, `configuration` or `weights`. A path is relative to the argument, with `/`, and empty
/// where the argument is itself a file, so that a place on disk does not count. Files are ordered by the bytes of their
/// paths. Links are followed; a link into a folder above itself is an error. A register without arguments is zero.
public struct FileMeasurement: Sendable {
    /// What is measured.
    public enum Kind: String, Sendable {
        case executable
        case engine
        case configuration
        case weights
    }

    /// Why something cannot be measured.
    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case unreadable(path: String, errno: CInt)
        /// A socket, device or pipe.
        case notAFile(path: String)
        /// More files than ``FileMeasurement/maximumFiles`` or folders deeper than ``FileMeasurement/maximumDepth``.
        case tooMany(path: String)
        /// The file changed its length while it was read.
        case changed(path: String)

        public var description: String {
            switch self {
            case .unreadable(let path, let code): "cannot read \(path): \(String(cString: strerror(code)))"
            case .notAFile(let path): "\(path) is neither a file nor a folder"
            case .tooMany(let path): "\(path) holds too many files or folders too deep"
            case .changed(let path): "\(path) changed while it was measured"
            }
        }
    }

    /// Most files of one argument.
    public static let maximumFiles = 100_000
    /// Deepest folder of one argument.
    public static let maximumDepth = 32

    /// One file of an argument.
    public struct File: Sendable, Hashable {
        /// Empty where the argument is itself the file.
        public let relative: String
        public let absolute: String
    }

    /// The files of one argument in the order in which they count.
    public static func files(of path: String) throws(Failure) -> [File] {
        var files: [File] = []
        try collect(path, relative: "", depth: 0, into: &files)
        return files.sorted { $0.relative.utf8.lexicographicallyPrecedes($1.relative.utf8) }
    }

    /// Measures files and folders. Blocks: reads everything.
    public static func register(_ kind: Kind, paths: [String]) throws(Failure) -> [UInt8] {
        var arguments: [[File]] = []
        for path in paths { arguments.append(try files(of: path)) }
        return try register(kind, arguments: arguments) { _, _ in }
    }

    /// Measures the files of each argument. Blocks: reads everything.
    /// - Parameter measured: takes each file with the descriptor that was read, which is closed when it returns: what is
    ///   to be used must be read from there or from a duplicate.
    public static func register(
        _ kind: Kind, arguments: [[File]], measured: (File, CInt) throws(Failure) -> Void
    ) throws(Failure) -> [UInt8] {
        guard !arguments.isEmpty else { return EnclaveMeasurements.unused }
        var hasher = header(kind)
        for files in arguments {
            append(UInt64(files.count), to: &hasher)
            for file in files {
                let descriptor = open(file.absolute, O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { throw .unreadable(path: file.absolute, errno: errno) }
                defer { close(descriptor) }
                try append(descriptor, path: file.absolute, relative: file.relative, to: &hasher)
                try measured(file, descriptor)
            }
        }
        return Array(hasher.finalize())
    }

    /// Measures contents that were read already, as `register` measures the files they come from.
    public static func register(_ kind: Kind, contents arguments: [[(file: File, bytes: [UInt8])]]) -> [UInt8] {
        guard !arguments.isEmpty else { return EnclaveMeasurements.unused }
        var hasher = header(kind)
        for files in arguments {
            append(UInt64(files.count), to: &hasher)
            for (file, bytes) in files {
                append(UInt64(file.relative.utf8.count), to: &hasher)
                hasher.update(data: Array(file.relative.utf8))
                append(UInt64(bytes.count), to: &hasher)
                hasher.update(data: bytes)
            }
        }
        return Array(hasher.finalize())
    }

    /// Measures an opened executable without moving its offset.
    public static func register(executable descriptor: CInt, path: String) throws(Failure) -> [UInt8] {
        var hasher = header(.executable)
        append(1, to: &hasher)
        try append(descriptor, path: path, relative: "", to: &hasher)
        return Array(hasher.finalize())
    }

    private static func header(_ kind: Kind) -> SHA384 {
        var hasher = SHA384()
        hasher.update(data: Array("haca-measurement-v1\0\(kind.rawValue)\0".utf8))
        return hasher
    }

    private static func append(_ number: UInt64, to hasher: inout SHA384) {
        withUnsafeBytes(of: number.bigEndian) { hasher.update(bufferPointer: $0) }
    }

    private static func append(
        _ descriptor: CInt, path: String, relative: String, to hasher: inout SHA384
    ) throws(Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unreadable(path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        append(UInt64(relative.utf8.count), to: &hasher)
        hasher.update(data: Array(relative.utf8))
        append(UInt64(status.st_size), to: &hasher)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset: off_t = 0
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(path: path, errno: errno) }
            if count == 0 { break }
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += off_t(count)
        }
        guard offset == status.st_size else { throw .changed(path: path) }
    }

    private static func collect(
        _ path: String, relative: String, depth: Int, into files: inout [File]
    ) throws(Failure) {
        guard depth <= maximumDepth, files.count < maximumFiles else { throw .tooMany(path: path) }
        var status = stat()
        guard stat(path, &status) == 0 else { throw .unreadable(path: path, errno: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: files.append(File(relative: relative, absolute: path))
        case S_IFDIR:
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                throw .unreadable(path: path, errno: EACCES)
            }
            for name in names {
                let inner = relative.isEmpty ? name : "\(relative)/\(name)"
                try collect("\(path)/\(name)", relative: inner, depth: depth + 1, into: &files)
            }
        default: throw .notAFile(path: path)
        }
    }
}
