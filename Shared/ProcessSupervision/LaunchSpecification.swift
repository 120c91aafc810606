import Foundation

/// Everything that decides how one child process starts. Nothing else of the parent reaches it: descriptors that are not
/// named are closed, signal handlers and masks are reset, and the environment is exactly ``environment``.
public struct LaunchSpecification: Sendable {
    /// What is executed.
    public enum Executable: Sendable, Hashable {
        /// A path; a name without a slash is searched along the parent's `PATH`.
        case path(String)
        /// An opened file, executed as it is (`execveat`), whatever has happened to its path since. The caller keeps it
        /// open until the launch has returned. Scripts cannot be executed this way.
        case descriptor(CInt)
    }

    /// Where the child stands among process groups.
    public enum Grouping: Sendable, Hashable {
        /// In the parent's group: it gets the terminal's ^C itself.
        case inherited
        /// Leader of a group of its own, so that it and its descendants can be signalled together.
        case ownProcessGroup
        /// Leader of a session of its own, without a controlling terminal.
        case ownSession
    }

    /// Where an output stream goes.
    public enum Output: Sendable {
        /// The parent's own stream.
        case inherited
        /// `/dev/null`.
        case discarded
        /// Line by line into the child's bounded ``ChildProcess/lastLines(_:)`` and to this closure. The closure runs on
        /// the child's own thread; while it runs, the child's output waits.
        case lines(@Sendable (OutputLine) -> Void)
        /// Appended to a file, which is made if it is missing (mode 0600).
        case file(String)
        /// A descriptor of the caller's, who keeps it open until the launch has returned.
        case descriptor(CInt)

        /// Lines kept in the ring only.
        public static var captured: Output { .lines { _ in } }
    }

    /// What is executed.
    public var executable: Executable
    /// Arguments after the program's own name.
    public var arguments: [String]
    /// `argv[0]`; the executable's path if absent.
    public var programName: String?
    /// The child's whole environment.
    public var environment: [String: String]
    /// Parent descriptors to hand over, by the number they have in the child (3 and up).
    public var inheritedDescriptors: [CInt: CInt]
    /// Process group or session of the child.
    public var grouping: Grouping
    /// Whether the kernel kills the child (SIGKILL) when this process ends, however it ends.
    public var diesWithParent: Bool
    /// The child's working directory; the parent's if absent.
    public var workingDirectory: String?
    /// A descriptor for standard input; `/dev/null` if absent.
    public var standardInput: CInt?
    /// Standard output.
    public var standardOutput: Output
    /// Standard error.
    public var standardError: Output
    /// Limits of captured lines.
    public var outputLimits: OutputLimits

    /// Makes a specification; see the properties.
    public init(
        executable: Executable,
        arguments: [String] = [],
        programName: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        inheritedDescriptors: [CInt: CInt] = [:],
        grouping: Grouping = .ownProcessGroup,
        diesWithParent: Bool = true,
        workingDirectory: String? = nil,
        standardInput: CInt? = nil,
        standardOutput: Output = .captured,
        standardError: Output = .captured,
        outputLimits: OutputLimits = OutputLimits()
    ) {
        self.executable = executable
        self.arguments = arguments
        self.programName = programName
        self.environment = environment
        self.inheritedDescriptors = inheritedDescriptors
        self.grouping = grouping
        self.diesWithParent = diesWithParent
        self.workingDirectory = workingDirectory
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.outputLimits = outputLimits
    }
}

/// How a process ended.
public enum ExitStatus: Sendable, Hashable, CustomStringConvertible {
    /// It called `exit` with this code.
    case code(CInt)
    /// This signal ended it.
    case signal(CInt)

    /// Whether it ended with code 0.
    public var isSuccess: Bool { self == .code(0) }

    /// The code a shell would report: the code itself, or 128 plus the signal's number.
    public var shellCode: CInt {
        switch self {
        case .code(let code): code
        case .signal(let number): 128 + number
        }
    }

    public var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        }
    }
}

/// Why a process could not be started.
public enum LaunchError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The executable is missing, not executable, or of another format.
    case cannotExecute(executable: String, errno: CInt)
    /// No file of this name lies along `PATH`.
    case notFound(name: String)
    /// The working directory cannot be entered.
    case workingDirectory(path: String, errno: CInt)
    /// A descriptor to hand over is not open or its number in the child is not allowed.
    case descriptor(errno: CInt)
    /// An output file cannot be opened.
    case outputFile(path: String, errno: CInt)
    /// A string of the specification contains a zero byte.
    case zeroByte
    /// The process group or session cannot be made.
    case grouping(errno: CInt)
    /// This process ended while the child was starting.
    case parentGone
    /// No process, pipe or thread could be made.
    case resources(errno: CInt)

    public var description: String {
        switch self {
        case .cannotExecute(let executable, let code): "cannot execute \(executable): \(Self.text(code))"
        case .notFound(let name): "\(name): no such program along PATH"
        case .workingDirectory(let path, let code): "cannot enter \(path): \(Self.text(code))"
        case .descriptor(let code): "cannot hand over a descriptor: \(Self.text(code))"
        case .outputFile(let path, let code): "cannot open \(path) for output: \(Self.text(code))"
        case .zeroByte: "an argument, path or variable contains a zero byte"
        case .grouping(let code): "cannot make a process group: \(Self.text(code))"
        case .parentGone: "the parent ended while its child was starting"
        case .resources(let code): "no process can be started: \(Self.text(code))"
        }
    }

    private static func text(_ code: CInt) -> String { String(cString: strerror(code)) }
}
