/// Why a process ends: the status tells a service manager whether starting again can help.
public enum ServiceExit: Int32, Sendable, Hashable {
    /// Stopped as asked.
    case success = 0
    /// Wrong command line (EX_USAGE).
    case usage = 64
    /// Something this process needs did not come up in time (EX_UNAVAILABLE).
    case unavailable = 69
    /// A fault of ours (EX_SOFTWARE).
    case software = 70
    /// A directory, file or socket that cannot be made or is locked (EX_CANTCREAT).
    case cannotCreate = 73
    /// Try again (EX_TEMPFAIL).
    case temporary = 75
    /// Wrong configuration; starting again changes nothing (EX_CONFIG).
    case configuration = 78
}

/// The one error that says how a process should end.
public struct ServiceFailure: Error, Sendable, Hashable, CustomStringConvertible {
    public let status: ServiceExit
    /// One line: what went wrong and what to do.
    public let message: String

    public init(_ status: ServiceExit, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { message }

    /// Any error as a failure: configuration errors keep their status, everything unknown is a fault of ours.
    public init(_ error: any Error) {
        switch error {
        case let failure as ServiceFailure: self = failure
        case let error as ConfigurationError: self.init(.configuration, error.description)
        default: self.init(.software, "internal fault: \(error)")
        }
    }
}
