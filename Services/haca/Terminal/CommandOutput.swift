import ArgumentParser
import Foundation
import ServiceKit

/// Where the commands write. What cannot be written, to a full disk or a closed pipe, is lost: the command itself goes on.
enum CommandOutput {
    /// One line on standard error.
    static func error(_ line: String) {
        try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
    }

    /// Text on standard output at once, without a newline of its own.
    static func write(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    /// Prints what the argument parser has to say, or an unexpected error, and gives the exit status.
    static func report(_ error: any Error, of command: (some ParsableCommand).Type) -> Int32 {
        if let exit = error as? ExitCode { return exit.rawValue }
        let status = command.exitCode(for: error).rawValue
        let text = command.fullMessage(for: error)
        if status == 0 {
            print(text)
        } else if status == ServiceExit.usage.rawValue {
            CommandOutput.error(text)
        } else {
            CommandOutput.error("haca: \(error)")
            return ServiceExit.software.rawValue
        }
        return status
    }
}

/// What standard output is connected to.
enum Terminal {
    static var isInteractive: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal; 80 when unknown.
    static var columns: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Text as it may be shown: no control characters, so that no process's output can drive the terminal.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? " " : $0 }))
    }

    /// `text` cut or filled to exactly `width` columns.
    static func fitted(_ text: String, _ width: Int) -> String {
        guard width > 0 else { return "" }
        if text.count > width { return text.prefix(max(0, width - 1)) + "…" }
        return text + String(repeating: " ", count: width - text.count)
    }
}
