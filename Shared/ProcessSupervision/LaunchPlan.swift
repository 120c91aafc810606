import CLaunch
import Foundation

/// The descriptors and C strings of one launch, opened for exactly as long as the launch takes.
struct LaunchPlan {
    /// Read ends of the captured streams, close-on-exec and non-blocking; they outlive the launch.
    private(set) var captured: [(descriptor: CInt, stream: OutputLine.Stream, sink: @Sendable (OutputLine) -> Void)] =
        []
    private var opened: [CInt] = []
    private var sources: [CInt] = []
    private var targets: [CInt] = []
    private let specification: LaunchSpecification
    private let path: String

    /// Opens what the launch needs.
    init(_ specification: LaunchSpecification) throws(LaunchError) {
        self.specification = specification
        path = try Self.resolve(specification.executable)
        do {
            try openStandardStreams()
        } catch {
            closeAll()
            throw error
        }
        for (target, source) in specification.inheritedDescriptors.sorted(by: { $0.key < $1.key }) {
            guard target > 2, target < Self.highestTarget else {
                closeAll()
                throw .descriptor(errno: EBADF)
            }
            sources.append(source)
            targets.append(target)
        }
        guard sources.count <= Int(CLAUNCH_MAXIMUM_DESCRIPTORS) else {
            closeAll()
            throw .descriptor(errno: EMFILE)
        }
    }

    /// Attempts, 5 ms apart, to execute a file that is still open for writing.
    private static let busyAttempts = 40
    /// Highest number an inherited descriptor may have in the child.
    private static let highestTarget: CInt = 1024

    /// Starts the process. Only the thread that will wait for the child may call this: the kernel takes the end of the
    /// forking thread for the death of the parent (prctl(2), PR_SET_PDEATHSIG).
    mutating func start() throws(LaunchError) -> pid_t {
        defer { closeAfterLaunch() }
        let arguments = [specification.programName ?? path] + specification.arguments
        let environment = specification.environment.map { "\($0.key)=\($0.value)" }.sorted()
        let directory = specification.workingDirectory
        guard !(arguments + environment + [path, directory ?? ""]).contains(where: { $0.utf8.contains(0) }) else {
            closeCaptured()
            throw .zeroByte
        }
        var pid: pid_t = -1
        var stage = CLAUNCH_OK
        var executable: CInt = -1
        if case .descriptor(let descriptor) = specification.executable { executable = descriptor }
        let grouping = specification.grouping
        let deathSignal = specification.diesWithParent ? SIGKILL : 0
        let path = path
        let sources = sources
        let targets = targets
        let attempt = { () -> CInt in
            withCStrings(arguments) { arguments in
                withCStrings(environment) { environment in
                    path.withCString { path in
                        withOptionalCString(directory) { directory in
                            sources.withUnsafeBufferPointer { sources in
                                targets.withUnsafeBufferPointer { targets in
                                    var request = claunch_request(
                                        executable_descriptor: executable, path: path, arguments: arguments,
                                        environment: environment, working_directory: directory,
                                        source_descriptors: sources.baseAddress,
                                        target_descriptors: targets.baseAddress,
                                        descriptor_count: CInt(sources.count), group: grouping.cValue,
                                        parent_death_signal: deathSignal)
                                    return claunch_start(&request, &pid, &stage)
                                }
                            }
                        }
                    }
                }
            }
        }
        var code = attempt()
        // A process forked elsewhere holds a file that was just written open until its own exec.
        for _ in 0..<Self.busyAttempts where code == ETXTBSY {
            usleep(5_000)
            code = attempt()
        }
        guard code == 0 else {
            closeCaptured()
            throw failure(stage: stage, errno: code)
        }
        return pid
    }

    private func failure(stage: claunch_stage, errno code: CInt) -> LaunchError {
        switch stage {
        case CLAUNCH_EXECUTE: .cannotExecute(executable: path, errno: code)
        case CLAUNCH_WORKING_DIRECTORY: .workingDirectory(path: specification.workingDirectory ?? "", errno: code)
        case CLAUNCH_DESCRIPTORS: .descriptor(errno: code)
        case CLAUNCH_GROUP: .grouping(errno: code)
        case CLAUNCH_PARENT_DEATH: .parentGone
        default: .resources(errno: code)
        }
    }

    // MARK: - Descriptors

    private mutating func openStandardStreams() throws(LaunchError) {
        let input: CInt
        if let descriptor = specification.standardInput {
            input = descriptor
        } else {
            input = try open("/dev/null", flags: O_RDONLY)
        }
        sources.append(input)
        targets.append(0)
        try openOutput(specification.standardOutput, stream: .standardOutput, target: 1)
        try openOutput(specification.standardError, stream: .standardError, target: 2)
    }

    private mutating func openOutput(
        _ output: LaunchSpecification.Output, stream: OutputLine.Stream, target: CInt
    ) throws(LaunchError) {
        let source: CInt
        switch output {
        case .inherited: source = target
        case .discarded: source = try open("/dev/null", flags: O_WRONLY)
        case .descriptor(let descriptor): source = descriptor
        case .file(let path): source = try open(path, flags: O_WRONLY | O_APPEND | O_CREAT)
        case .lines(let sink):
            var readEnd: CInt = -1
            var writeEnd: CInt = -1
            let failure = claunch_output_pipe(&readEnd, &writeEnd)
            guard failure == 0 else { throw .resources(errno: failure) }
            captured.append((readEnd, stream, sink))
            opened.append(writeEnd)
            source = writeEnd
        }
        sources.append(source)
        targets.append(target)
    }

    private mutating func open(_ path: String, flags: CInt) throws(LaunchError) -> CInt {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .outputFile(path: path, errno: errno) }
        opened.append(descriptor)
        return descriptor
    }

    private mutating func closeAfterLaunch() {
        for descriptor in opened { close(descriptor) }
        opened.removeAll()
    }

    private mutating func closeCaptured() {
        for (descriptor, _, _) in captured { close(descriptor) }
        captured.removeAll()
    }

    private mutating func closeAll() {
        closeAfterLaunch()
        closeCaptured()
    }

    // MARK: - Executable

    private static func resolve(_ executable: LaunchSpecification.Executable) throws(LaunchError) -> String {
        switch executable {
        case .descriptor(let descriptor): return "/proc/self/fd/\(descriptor)"
        case .path(let path) where path.contains("/"): return path
        case .path(let name):
            let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
            for folder in folders.split(separator: ":") {
                let candidate = "\(folder)/\(name)"
                var status = stat()
                if access(candidate, X_OK) == 0, stat(candidate, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
                    return candidate
                }
            }
            throw .notFound(name: name)
        }
    }
}

extension LaunchSpecification.Grouping {
    fileprivate var cValue: claunch_group {
        switch self {
        case .inherited: CLAUNCH_GROUP_INHERITED
        case .ownProcessGroup: CLAUNCH_GROUP_OWN
        case .ownSession: CLAUNCH_GROUP_OWN_SESSION
        }
    }
}

/// A null-terminated array of C strings, valid during the call.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
}

private func withOptionalCString<Result>(_ string: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let string else { return body(nil) }
    return string.withCString { body($0) }
}
