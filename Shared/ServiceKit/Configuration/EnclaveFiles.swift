import Foundation
import Primitives

/// The files an enclave's host has measured, as its service is to use them: configuration by content, weights by the
/// descriptor that was read. What a path names later does not matter then.
///
/// The host hands them over as JSON in a sealed memory file; see `descriptorVariable`.
public struct EnclaveFiles: Sendable, Hashable {
    /// The environment variable that names the inherited descriptor.
    public static let descriptorVariable = "HACA_ENCLAVE_FILES"
    /// Most bytes of the JSON.
    static let maximumBytes = 64 << 20

    /// A configuration file, or any other small file that was measured with it.
    public struct Document: Sendable, Hashable {
        /// As the host was given it.
        public let path: String
        public let contents: [UInt8]

        public init(path: String, contents: [UInt8]) {
            self.path = path
            self.contents = contents
        }
    }

    /// A file of a model's weights.
    public struct Weights: Sendable, Hashable {
        public let path: String
        /// Open for reading in the service's process; nil for a file of a measured folder, which is opened by its path.
        public let descriptor: Int32?

        public init(path: String, descriptor: Int32?) {
            self.path = path
            self.descriptor = descriptor
        }
    }

    /// In the order of the host's arguments, each file followed by the `*.toml` files of its `.d` folder.
    public var configuration: [Document]
    public var weights: [Weights]

    public init(configuration: [Document], weights: [Weights]) {
        self.configuration = configuration
        self.weights = weights
    }

    // MARK: - Handing over

    public func encoded() -> [UInt8] {
        let documents = configuration.map { document -> JSON in
            ["path": JSON(document.path), "contents": JSON(Base64.encode(document.contents))]
        }
        let files = weights.map { file -> JSON in
            ["path": JSON(file.path), "descriptor": file.descriptor.map { JSON($0) } ?? .null]
        }
        return JSON.object(["configuration": .array(documents), "weights": .array(files)]).encoded()
    }

    /// - Throws: `ConfigurationError` when the bytes are not what `encoded` makes.
    public init(parsing bytes: [UInt8]) throws(ConfigurationError) {
        let limits = JSONLimits(maximumBytes: Self.maximumBytes)
        guard let json = try? JSON(parsing: bytes, limits: limits), let documents = json["configuration"]?.arrayValue,
            let files = json["weights"]?.arrayValue
        else { throw Self.malformed }
        configuration = []
        for document in documents {
            guard let path = document["path"]?.stringValue, let text = document["contents"]?.stringValue,
                let contents = try? Base64.decode(text)
            else { throw Self.malformed }
            configuration.append(Document(path: path, contents: contents))
        }
        weights = []
        for file in files {
            guard let path = file["path"]?.stringValue else { throw Self.malformed }
            weights.append(
                Weights(path: path, descriptor: file["descriptor"]?.intValue.flatMap { Int32(exactly: $0) }))
        }
    }

    /// What this process was given; nil outside an enclave.
    ///
    /// - Throws: `ConfigurationError` when the variable is set and what it names cannot be read.
    public static func inherited(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(ConfigurationError) -> EnclaveFiles? {
        guard let text = environment[descriptorVariable] else { return nil }
        guard let descriptor = Int32(text), descriptor > 2, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            throw malformed
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        // The offset stays where it is: the files are read again at every reload.
        while bytes.count <= maximumBytes {
            let count = pread(descriptor, &piece, piece.count, off_t(bytes.count))
            guard count >= 0 else { throw malformed }
            if count == 0 { return try EnclaveFiles(parsing: bytes) }
            bytes += piece[..<count]
        }
        throw malformed
    }

    private static let malformed = ConfigurationError(
        key: "", source: .environment(descriptorVariable), problem: "does not name the files that the host measured")

    // MARK: - Using

    /// A measured file's contents; nil if the host did not measure it.
    public func contents(of path: String) -> [UInt8]? {
        configuration.first { $0.path == path }?.contents
    }

    /// The files of a `--config` argument in their order: itself, then its drop-ins.
    ///
    /// - Throws: `ConfigurationError` if it was not measured.
    func layers(of path: String) throws(ConfigurationError) -> [Document] {
        guard let file = configuration.first(where: { $0.path == path }) else {
            throw ConfigurationError(
                key: "", source: .file(path: path, line: nil),
                problem: "not measured: name the file to haca-enclave run --configuration too")
        }
        return [file] + configuration.filter { $0.path.hasPrefix(path + ".d/") }
    }
}
