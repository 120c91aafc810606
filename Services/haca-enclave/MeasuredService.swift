import Attestation
import Foundation
import ServiceKit

/// A service's executable, opened once, and everything that was measured with it. What is executed is the descriptor
/// that was measured, whatever its path names by then.
struct MeasuredService {
    /// Close-on-exec.
    let descriptor: CInt
    /// Where it was found; for `argv[0]` and messages.
    let path: String
    let measurements: EnclaveMeasurements

    /// Opens and measures. Blocks: reads everything.
    init(command: String, files: MeasuredFiles) throws {
        path = try Self.resolve(command)
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ServiceFailure(.configuration, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        var start = [UInt8](repeating: 0, count: 2)
        // The interpreter of a script would run unmeasured.
        if pread(descriptor, &start, 2, 0) == 2, start.elementsEqual("#!".utf8) {
            throw ServiceFailure(.configuration, "\(path) is a script; only an executable can be measured and run")
        }
        do {
            measurements = EnclaveMeasurements(
                executable: try FileMeasurement.register(executable: descriptor, path: path),
                engine: try FileMeasurement.register(.engine, paths: files.engine),
                configuration: try FileMeasurement.register(.configuration, paths: files.configuration),
                weights: try FileMeasurement.register(.weights, paths: files.weights))
        } catch {
            throw ServiceFailure(.configuration, error.description)
        }
    }

    private static func resolve(_ command: String) throws -> String {
        if command.contains("/") { return command }
        let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in folders.split(separator: ":") where access("\(folder)/\(command)", X_OK) == 0 {
            return "\(folder)/\(command)"
        }
        throw ServiceFailure(.configuration, "\(command): no such program along PATH")
    }
}
