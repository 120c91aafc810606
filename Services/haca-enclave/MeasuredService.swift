import Attestation
import Foundation
import ServiceKit

/// A service's executable and everything that was measured with it, each opened once.
///
/// What is executed is the descriptor that was measured, the configuration is what was read into memory, and the weights
/// are open, whatever their paths name by then. The engine's files are opened again by their path: an interpreter finds its
/// modules, and the loader its libraries, in no other way.
final class MeasuredService {
    /// Weights files that are handed over open; further ones are opened by their path.
    static let maximumWeights = 32
    /// Most bytes of one configuration file.
    static let maximumConfigurationFile = 1 << 20

    /// Of the executable; close-on-exec.
    let descriptor: CInt
    /// Where it was found; for `argv[0]` and messages.
    let path: String
    let measurements: EnclaveMeasurements
    /// Contents of the configuration, in the order in which it is read.
    let configuration: [EnclaveFiles.Document]
    /// Files of the weights with their open descriptors in this process, close-on-exec.
    let weights: [(path: String, descriptor: CInt?)]

    /// Opens and measures. Blocks: reads everything.
    init(command: String, files: MeasuredFiles) throws {
        path = try Self.resolve(command)
        let executable = open(path, O_RDONLY | O_CLOEXEC)
        guard executable >= 0 else {
            throw ServiceFailure(.configuration, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        descriptor = executable
        var start = [UInt8](repeating: 0, count: 2)
        // The interpreter of a script would run unmeasured.
        if pread(descriptor, &start, 2, 0) == 2, start.elementsEqual("#!".utf8) {
            throw ServiceFailure(.configuration, "\(path) is a script; only an executable can be measured and run")
        }
        do throws(FileMeasurement.Failure) {
            let layers = try Self.layers(files.configuration)
            configuration = layers.flatMap { $0 }.map { .init(path: $0.file.absolute, contents: $0.bytes) }
            var open: [(path: String, descriptor: CInt?)] = []
            var arguments: [[FileMeasurement.File]] = []
            for path in files.weights { arguments.append(try FileMeasurement.files(of: path)) }
            let weightsRegister = try FileMeasurement.register(.weights, arguments: arguments) { file, descriptor in
                let isFile = file.relative.isEmpty && open.count < Self.maximumWeights
                open.append((file.absolute, isFile ? fcntl(descriptor, F_DUPFD_CLOEXEC, 3) : nil))
            }
            weights = open
            measurements = EnclaveMeasurements(
                executable: try FileMeasurement.register(executable: descriptor, path: path),
                engine: try FileMeasurement.register(.engine, paths: files.engine),
                configuration: FileMeasurement.register(.configuration, contents: layers),
                weights: weightsRegister)
        } catch {
            throw ServiceFailure(.configuration, error.description)
        }
    }

    deinit {
        close(descriptor)
        for file in weights { if let descriptor = file.descriptor { close(descriptor) } }
    }

    /// Each argument with its contents. A file whose folder of drop-ins exists is followed by them, as services read them;
    /// they count as an argument of their own.
    private static func layers(
        _ paths: [String]
    ) throws(FileMeasurement.Failure) -> [[(file: FileMeasurement.File, bytes: [UInt8])]] {
        var layers: [[(file: FileMeasurement.File, bytes: [UInt8])]] = []
        for path in paths {
            let files = try FileMeasurement.files(of: path)
            layers.append(try contents(files))
            guard files.first?.relative.isEmpty == true, access(path + ".d", F_OK) == 0 else { continue }
            // What services read of such a folder.
            let dropIns = try FileMeasurement.files(of: path + ".d").filter {
                $0.relative.hasSuffix(".toml") && !$0.relative.contains("/")
            }
            if !dropIns.isEmpty { layers.append(try contents(dropIns)) }
        }
        return layers
    }

    private static func contents(
        _ files: [FileMeasurement.File]
    ) throws(FileMeasurement.Failure) -> [(file: FileMeasurement.File, bytes: [UInt8])] {
        var contents: [(file: FileMeasurement.File, bytes: [UInt8])] = []
        for file in files {
            guard let handle = FileHandle(forReadingAtPath: file.absolute) else {
                throw .unreadable(path: file.absolute, errno: errno)
            }
            guard let data = try? handle.read(upToCount: maximumConfigurationFile + 1) else {
                throw .unreadable(path: file.absolute, errno: EIO)
            }
            guard data.count <= maximumConfigurationFile else {
                throw .unreadable(path: file.absolute, errno: EFBIG)
            }
            contents.append((file, Array(data)))
        }
        return contents
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
