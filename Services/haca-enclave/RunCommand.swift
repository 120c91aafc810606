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
            measured. The child finds the host at the descriptor in HACA_ENCLAVE_FD, and what was measured of its
            configuration and weights at HACA_ENCLAVE_FILES: it reads no other configuration. Only the engine's files are
            opened again by their path. Signals to end are passed on, the host ends with the child's exit status, and
            the child ends when the host does.
            """)

    @OptionGroup var rootKey: RootKeyOptions
    @OptionGroup var files: MeasuredFiles

    @Argument(parsing: .captureForPassthrough, help: "The service and its arguments, after --.")
    var command: [String]

    /// Numbers of descriptors in the child: the host's socket, what was measured, and from there on the weights.
    private static let childDescriptor: CInt = 3
    private static let filesDescriptor: CInt = 4
    private static let firstWeightsDescriptor: CInt = 5
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
        try? FileHandle.standardError.write(contentsOf: Data(notice.utf8))

        var environment = ProcessInfo.processInfo.environment
        environment[EnclaveClient.descriptorVariable] = "\(Self.childDescriptor)"
        environment[EnclaveFiles.descriptorVariable] = "\(Self.filesDescriptor)"
        var inherited = [Self.childDescriptor: ends[1]]
        var weights: [EnclaveFiles.Weights] = []
        for file in service.weights {
            let number = file.descriptor.map { _ in Self.firstWeightsDescriptor + CInt(weights.count) }
            if let number, let descriptor = file.descriptor { inherited[number] = descriptor }
            weights.append(EnclaveFiles.Weights(path: file.path, descriptor: number))
        }
        let files = EnclaveFiles(configuration: service.configuration, weights: weights)
        let child: ChildProcess
        do throws(LaunchError) {
            let sealed = try SealedFile(name: "haca-enclave-files", contents: files.encoded())
            inherited[Self.filesDescriptor] = sealed.descriptor
            child = try await ChildProcess.launch(
                LaunchSpecification(
                    executable: .descriptor(service.descriptor), arguments: Array(command.dropFirst()),
                    programName: service.path, environment: environment, inheritedDescriptors: inherited,
                    grouping: .ownProcessGroup, diesWithParent: true, standardOutput: .inherited,
                    standardError: .inherited))
        } catch {
            throw ServiceFailure(.configuration, error.description)
        }
        close(ends[1])
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
