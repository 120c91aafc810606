import Foundation
import ServiceKit

/// Held by the one supervisor of a folder; the kernel lets go of it however the supervisor ends.
final class TestnetLock: Sendable {
    private let descriptor: CInt

    init(layout: TestnetLayout) throws(ServiceFailure) {
        descriptor = open(layout.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = errno == ENOSPC ? "the disk is full" : String(cString: strerror(errno))
            throw ServiceFailure(.cannotCreate, "cannot make \(layout.lockFile): \(reason)")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure = Self.alreadyRuns(layout: layout, holder: Self.holder(layout: layout))
            close(descriptor)
            throw failure
        }
        ftruncate(descriptor, 0)
        let text = Array("\(getpid())\n".utf8)
        guard write(descriptor, text, text.count) == text.count else {
            close(descriptor)
            throw ServiceFailure(
                .cannotCreate, "the disk that holds \(layout.folder) is full: free space, or choose another --folder")
        }
    }

    /// Refuses when another supervisor has the folder.
    static func requireFree(layout: TestnetLayout) throws(ServiceFailure) {
        if let holder = holder(layout: layout) { throw alreadyRuns(layout: layout, holder: holder) }
    }

    private static func alreadyRuns(layout: TestnetLayout, holder: pid_t?) -> ServiceFailure {
        ServiceFailure(
            .cannotCreate,
            "a testnet already runs in \(layout.folder)\(holder.map { " (process \($0))" } ?? ""): "
                + "stop it with haca testnet down --folder \(layout.folder), or choose another --folder")
    }

    deinit { close(descriptor) }

    /// The supervisor's process, if one holds the lock.
    static func holder(layout: TestnetLayout) -> pid_t? {
        let descriptor = open(layout.lockFile, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        guard let text = try? String(contentsOfFile: layout.lockFile, encoding: .utf8) else { return nil }
        return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}
