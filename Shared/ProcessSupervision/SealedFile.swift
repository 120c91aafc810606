import CLaunch
import Foundation

/// A memory file whose bytes nobody can change any more (memfd_create(2), all seals): for handing a child what was read
/// once.
public final class SealedFile: Sendable {
    /// Close-on-exec; open as long as this object lives.
    public let descriptor: CInt

    /// - Parameter name: for /proc only.
    /// - Throws: `LaunchError.resources`.
    public init(name: String, contents: [UInt8]) throws(LaunchError) {
        var descriptor: CInt = -1
        let error = contents.withUnsafeBytes { claunch_sealed_file(name, $0.baseAddress, $0.count, &descriptor) }
        guard error == 0 else { throw .resources(errno: error) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
