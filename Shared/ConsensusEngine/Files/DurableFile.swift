import Foundation

/// Small files that must be whole after a crash at any moment. Every call blocks: never on the cooperative pool's threads
/// or an event loop.
public enum DurableFile {
    /// Largest file that `read` takes into memory, bytes: a genesis with ten thousand validators and its application state.
    public static let maximumBytes = 64 << 20

    /// Replaces the file: temporary file, fsync, rename, fsync of the folder. Afterwards the old or the new content is
    /// there, never a mixture, and after the call returns it is the new one.
    ///
    /// - Parameter permissions: 0o600 for anything with a key.
    public static func replace(
        _ path: String, with bytes: [UInt8], permissions: UInt32 = 0o600
    ) throws(FileFailure) {
        let temporary = "\(path).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(permissions))
        guard descriptor >= 0 else { throw .last("open", temporary) }
        do throws(FileFailure) {
            try write(bytes[...], to: descriptor, path: temporary)
            guard fsync(descriptor) == 0 else { throw FileFailure.last("fsync", temporary) }
        } catch {
            close(descriptor)
            unlink(temporary)
            throw error
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else {
            let failure = FileFailure.last("rename", path)
            unlink(temporary)
            throw failure
        }
        try syncFolder(of: path)
    }

    /// The content; nil when there is no such file.
    public static func read(_ path: String, limit: Int = maximumBytes) throws(FileFailure) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .last("open", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last("stat", path) }
        guard Int(status.st_size) <= limit else { throw .tooLong(path: path, limit: limit) }
        return try read(Int(status.st_size), from: descriptor, path: path)
    }

    /// Reads up to `count` bytes from the descriptor's position; fewer at the end of the file.
    static func read(_ count: Int, from descriptor: CInt, path: String) throws(FileFailure) -> [UInt8] {
        var failure: FileFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = 0
            while initialized < count, let base = buffer.baseAddress {
                let got = Foundation.read(descriptor, base + initialized, count - initialized)
                if got < 0 {
                    if errno == EINTR { continue }
                    failure = .last("read", path)
                    return
                }
                if got == 0 { return }
                initialized += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes everything, however often the kernel takes only a part.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: CInt, path: String) throws(FileFailure) {
        var failure: FileFailure?
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count, let base = buffer.baseAddress {
                let count = Foundation.write(descriptor, base + written, buffer.count - written)
                if count < 0 {
                    if errno == EINTR { continue }
                    failure = .last("write", path)
                    return
                }
                written += count
            }
        }
        if let failure { throw failure }
    }

    /// Makes the names in a file's folder durable.
    static func syncFolder(of path: String) throws(FileFailure) {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last("fsync", folder) }
    }
}
