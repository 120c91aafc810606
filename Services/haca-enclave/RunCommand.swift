import ArgumentParser
import Attestation
import Foundation
import ProcessSupervision
import ServiceKit

/// `haca-enclave run`: the host of one measured service.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure a service, run it as a child, and serve its documents.",
        discussion: """
            Everything is measured before anything runs, and the executable that runs is the opened file that was
            measured. The child finds the host at the descriptor in HACA_ENCLAVE_FD. Signals to end are passed on, the
            host ends with the child's exit status, and the child ends when the host does.
            """)

    @OptionGroup var rootKey: RootKeyOptions
    @OptionGroup var files: MeasuredFiles

    @Argument(parsing: .captureForPassthrough, help: "The service and its arguments, after --.")
    var command: [String]

    /// The descriptor's number in the child.
    private static let childDescriptor: CInt = 3
    private static let largestKeyFile = 64 * 1024

    mutating func run() async throws {
        let command = self.command.first == "--" ? Array(self.command.dropFirst()) : self.command
        guard let program = command.first else { throw ValidationError("name the service to run after --") }
        let authority = try Self.authority(at: try rootKey.path())
        let service = try MeasuredService(command: program, files: files)
        let measured = service.measurements
        let module = SimulatedSecurityModule(authority: authority, measurements: measured)

        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw ServiceFailure(.temporary, "cannot make a socket pair: \(String(cString: strerror(errno)))")
        }
        let host = EnclaveHostResponder(
            module: module, sealedBox: SealedBox(authority: authority, measurements: measured)
        ).server(fileDescriptor: ends[0])
        _ = try await host.start()
        let notice =
            "haca-enclave: SIMULATED enclave, root \(authority.root.fingerprint.prefix(16)): proves nothing about hardware\n"
        FileHandle.standardError.write(Data(notice.utf8))

        var environment = ProcessInfo.processInfo.environment
        environment[EnclaveClient.descriptorVariable] = "\(Self.childDescriptor)"
        let child: ChildProcess
        do {
            child = try await ChildProcess.launch(
                LaunchSpecification(
                    executable: .descriptor(service.descriptor), arguments: Array(command.dropFirst()),
                    programName: service.path, environment: environment,
                    inheritedDescriptors: [Self.childDescriptor: ends[1]], grouping: .ownProcessGroup,
                    diesWithParent: true, standardOutput: .inherited, standardError: .inherited))
        } catch {
            throw ServiceFailure(.configuration, error.description)
        }
        close(ends[1])
        close(service.descriptor)
        var handlers: [CInt: @Sendable () -> Void] = [:]
        for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2] {
            handlers[number] = { child.signal(number) }
        }
        let signals = ProcessSignals(handlers)
        let status = await child.wait()
        withExtendedLifetime(signals) {}
        await host.shutdown(gracePeriod: .zero)
        Foundation.exit(status.shellCode)
    }

    private static func authority(at path: String) throws -> SimulatedAuthority {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: largestKeyFile), data.count < largestKeyFile
        else {
            throw ServiceFailure(.configuration, "cannot read the root key \(path): make one with haca-enclave init")
        }
        do {
            return try SimulatedAuthority(keyFile: String(decoding: data, as: UTF8.self))
        } catch {
            throw ServiceFailure(.configuration, "\(path): the root key file cannot be used: \(error)")
        }
    }
}
