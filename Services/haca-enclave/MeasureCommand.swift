import ArgumentParser
import Attestation

/// `haca-enclave measure`: what `run` would measure, without running it.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Print the measurements of a service as a line of the approved list.",
        discussion: """
            Prints one JSON object: role, pcr0 (executable), pcr1 (engine), pcr2 (configuration) and pcr8 (weights), each
            48 bytes in hex. A register is SHA-384 of "haca-measurement-v1" 0x00 KIND 0x00, then for each argument the
            number of its files and, for each file in the order of its path's bytes, length of path, path, length of
            contents, contents; numbers are 8 bytes big-endian, paths relative to the argument. The *.toml files of FILE.d
            beside a configuration FILE count as an argument of their own after it.
            """)

    @Option(help: "The role the measurements are approved for.")
    var role: String

    @OptionGroup var files: MeasuredFiles

    @Argument(help: "The service's executable.")
    var service: String

    mutating func run() throws {
        let measured = try MeasuredService(command: service, files: files)
        print(ApprovedMeasurements.line(role: role, measured.measurements))
    }
}
