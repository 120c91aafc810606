import Attestation
import Foundation
import Logging
import Primitives
import ProcessSupervision
import RPC
import Signing
import Synchronization
import Testing
import WireOperations

/// A folder with a probe service, its engine, weights and configuration, and a network's root; all real files.
private final class EnclaveFolder: Sendable {
    let path: String
    var probe: String { path + "/probe" }
    var engine: String { path + "/engine" }
    var weights: String { path + "/weights" }
    var configuration: String { path + "/service.toml" }
    var approvedList: String { path + "/approved.jsonl" }
    var root: String { path + "/root/root.pem" }

    static let executables = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path
    static let host = executables + "/haca-enclave"

    init() async throws {
        path = FileManager.default.temporaryDirectory.appending(path: "haca-enclave-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path + "/engine/inner", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Self.executables + "/haca-enclave-probe", toPath: probe)
        try write("print('engine')", to: engine + "/serve.py")
        try write("library", to: engine + "/inner/library.so")
        try write(String(repeating: "weights", count: 1_000), to: weights)
        try write("[worker]", to: configuration)
        #expect(try await run(Self.host, ["init", "--out", path + "/root"]).status == .code(0))
        try write(
            ApprovedMeasurements.line(role: "gateway", TestEnclave.measurements(1)) + "\n" + (try await measure())
                + "\n",
            to: approvedList)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    var measured: [String] {
        ["--engine", engine, "--config", configuration, "--weights", weights]
    }

    func measure() async throws -> String {
        let result = try await run(Self.host, ["measure", "--role", "worker"] + measured + [probe])
        #expect(result.status == .code(0))
        return try #require(result.lines.first)
    }

    func hosted(_ arguments: [String]) -> [String] {
        ["run", "--folder", path + "/root"] + measured + ["--", probe] + arguments
    }

    func run(_ program: String, _ arguments: [String]) async throws -> (
        status: ProcessSupervision.ExitStatus, lines: [String], errors: [String]
    ) {
        let child = try await ChildProcess.launch(
            LaunchSpecification(executable: .path(program), arguments: arguments))
        let status = await child.wait()
        let lines = child.lastLines(200)
        return (
            status, lines.filter { $0.stream == .standardOutput }.map(\.text),
            lines.filter { $0.stream == .standardError }.map(\.text)
        )
    }
}

@Suite struct `Enclave host` {
    /// Starts the probe as an attested worker and calls it as a gateway.
    /// - Returns: the role the worker saw, or why it is refused.
    private func call(_ folder: EnclaveFolder) async throws -> Result<String, RPCError> {
        let child = try await ChildProcess.launch(
            LaunchSpecification(
                executable: .path(EnclaveFolder.host),
                arguments: folder.hosted(["serve", folder.root, folder.approvedList])))
        let result: Result<String, RPCError>
        do {
            result = try await call(folder, port: try await port(of: child))
        } catch {
            _ = await child.terminate(grace: .seconds(20))
            throw error
        }
        #expect(await child.terminate(grace: .seconds(20)) == .code(143))
        return result
    }

    private func port(of child: ChildProcess) async throws -> Int {
        for _ in 0..<3_000 where child.isRunning {
            if let line = child.lastLines(200).map(\.text).first(where: { $0.hasPrefix("port ") }) {
                return try #require(Int(line.dropFirst(5)))
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw RPCError(.unavailable, child.lastLines(20).map(\.text).joined(separator: " | "))
    }

    private func call(_ folder: EnclaveFolder, port: Int) async throws -> Result<String, RPCError> {
        let contents = { (path: String) in [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
        let authority = try SimulatedAuthority(
            keyFile: String(decoding: try contents(folder.path + "/root/root-key.pem"), as: UTF8.self))
        let gateway = try TestEnclave.make(
            "gateway", in: authority, executable: 1,
            approved: try ApprovedMeasurements(parsing: try contents(folder.approvedList)))
        let connect = AttestedConnect(
            identity: gateway.identity, source: gateway.source, policy: gateway.policy, calleeRoles: ["worker"])
        let refusal = Mutex<RPCError?>(nil)
        var configuration = RPCClientConfiguration(
            endpoints: [.tcp(host: "127.0.0.1", port: port)], network: "test",
            security: gateway.identity.transportSecurity,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        configuration.onConnect = { channel, peer in
            do {
                try await connect.hook(channel, peer)
            } catch let error as RPCError {
                refusal.withLock { $0 = $0 ?? error }
                throw error
            }
        }
        let client = RPCClient(configuration: configuration)
        let result: Result<String, RPCError>
        do {
            let answer = try await EchoClient(client).unary(.init(), options: CallOptions(timeout: .seconds(20)))
            result = .success(String(decoding: answer.payload, as: UTF8.self))
        } catch let error as RPCError {
            result = .failure(refusal.withLock { $0 } ?? error)
        }
        await client.shutdown(gracePeriod: .zero)
        return result
    }

    @Test func `a worker whose executable, engine, weights or configuration changed by one byte is refused`()
        async throws
    {
        let folder = try await EnclaveFolder()
        #expect(try await call(folder).get() == "gateway")
        for path in [folder.probe, folder.engine + "/inner/library.so", folder.weights, folder.configuration] {
            let original = try Data(contentsOf: URL(fileURLWithPath: path))
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            var changed = original
            if path == folder.probe {
                changed.append(0)  // after the ELF image, so that it runs as before
            } else {
                changed[changed.startIndex] ^= 1
            }
            try changed.write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
            guard case .failure(let error) = try await call(folder) else {
                Issue.record("a changed \(path) was accepted")
                continue
            }
            #expect(error.code == .unauthenticated && error.message.contains("not approved"), "\(error)")
            try original.write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
        }
        #expect(try await call(folder).get() == "gateway")
    }

    @Test func `measurements depend on names and contents of files, not on where they lie`() async throws {
        let one = try await EnclaveFolder()
        let other = try await EnclaveFolder()
        let line = try await one.measure()
        #expect(try await other.measure() == line)
        try FileManager.default.moveItem(atPath: other.engine + "/serve.py", toPath: other.engine + "/other.py")
        #expect(try await other.measure() != line)
        try FileManager.default.moveItem(atPath: one.weights, toPath: one.path + "/elsewhere")
        try FileManager.default.createSymbolicLink(atPath: one.weights, withDestinationPath: one.path + "/elsewhere")
        #expect(try await one.measure() == line)
    }

    @Test func `sealed data opens for the same service and not for a changed one`() async throws {
        let folder = try await EnclaveFolder()
        let sealed = folder.path + "/sealed"
        #expect(try await folder.run(EnclaveFolder.host, folder.hosted(["seal", sealed])).status == .code(0))
        #expect(try !Data(contentsOf: URL(fileURLWithPath: sealed)).contains(Data("sealed words".utf8)))
        let opened = try await folder.run(EnclaveFolder.host, folder.hosted(["unseal", sealed]))
        #expect(opened.lines == ["sealed words"])
        #expect(opened.errors.contains { $0.contains("SIMULATED") })
        try folder.write("changed", to: folder.weights)
        let refused = try await folder.run(EnclaveFolder.host, folder.hosted(["unseal", sealed]))
        #expect(!refused.status.isSuccess)
        #expect(!refused.lines.contains("sealed words"))
    }

    @Test func `the host ends with its child's status`() async throws {
        let folder = try await EnclaveFolder()
        #expect(try await folder.run(EnclaveFolder.host, folder.hosted(["exit", "7"])).status == .code(7))
    }

    @Test func `the child dies when its host is killed`() async throws {
        let folder = try await EnclaveFolder()
        // Not leader of a group, so that nothing but the kernel ends the child.
        let host = try await ChildProcess.launch(
            LaunchSpecification(
                executable: .path(EnclaveFolder.host),
                arguments: folder.hosted(["serve", folder.root, folder.approvedList]), grouping: .inherited))
        _ = try await port(of: host)
        let text = try String(contentsOfFile: "/proc/\(host.pid)/task/\(host.pid)/children", encoding: .utf8)
        var children = text.split(separator: " ").compactMap { Int32($0) }
        for task in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(host.pid)/task") {
            let text = try? String(contentsOfFile: "/proc/\(host.pid)/task/\(task)/children", encoding: .utf8)
            children += (text ?? "").split(separator: " ").compactMap { Int32($0) }
        }
        let child = try #require(children.first)
        host.signal(SIGKILL)
        #expect(await host.wait() == .signal(SIGKILL))
        var isGone = false
        for _ in 0..<2_000 where !isGone {
            let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
            isGone = state.map { $0.contains(") Z ") } ?? true
            if !isGone { try await Task.sleep(for: .milliseconds(10)) }
        }
        #expect(isGone)
    }

    @Test func `the child is told where its host is and nothing else`() async throws {
        let folder = try await EnclaveFolder()
        let names = try await folder.run(EnclaveFolder.host, folder.hosted(["environment"])).lines
        let own = Set(ProcessInfo.processInfo.environment.keys)
        #expect(Set(names).subtracting(own) == ["HACA_ENCLAVE_FD", "HACA_ENCLAVE_FILES"])
    }

    @Test func `the toml files of a drop-in folder are measured with the configuration, and nothing else in it`()
        async throws
    {
        let folder = try await EnclaveFolder()
        let line = try await folder.measure()
        let dropIns = folder.configuration + ".d"
        try FileManager.default.createDirectory(atPath: dropIns, withIntermediateDirectories: true)
        try folder.write("ignored by services", to: dropIns + "/notes.txt")
        #expect(try await folder.measure() == line)
        try folder.write("[worker]", to: dropIns + "/10.toml")
        let one = try await folder.measure()
        #expect(one != line)
        try folder.write("[Worker]", to: dropIns + "/10.toml")
        let changed = try await folder.measure()
        #expect(changed != one && changed != line)
        try FileManager.default.moveItem(atPath: dropIns + "/10.toml", toPath: dropIns + "/20.toml")
        #expect(try await folder.measure() != changed)
        try FileManager.default.removeItem(atPath: dropIns + "/20.toml")
        #expect(try await folder.measure() == line)
    }

    @Test func `a child is given what was measured, whatever the paths name by then`() async throws {
        let folder = try await EnclaveFolder()
        try FileManager.default.createDirectory(
            atPath: folder.configuration + ".d", withIntermediateDirectories: true)
        try folder.write("late = 1", to: folder.configuration + ".d/10.toml")
        let result = try await folder.run(
            EnclaveFolder.host, folder.hosted(["replaced", folder.configuration, folder.weights]))
        #expect(result.status == .code(0))
        #expect(
            result.lines == [
                "\(folder.configuration) [worker]", "\(folder.configuration).d/10.toml late = 1",
                "\(folder.weights) weightswei",
            ])
    }

    @Test func `a script, a missing file and a missing key are refused in words`() async throws {
        let folder = try await EnclaveFolder()
        let script = try await folder.run(
            EnclaveFolder.host, ["run", "--folder", folder.path + "/root", "--", folder.engine + "/script"])
        #expect(script.status == .code(78))
        try folder.write("#!/bin/sh\n", to: folder.engine + "/script")
        let refused = try await folder.run(
            EnclaveFolder.host, ["run", "--folder", folder.path + "/root", "--", folder.engine + "/script"])
        #expect(refused.status == .code(78))
        #expect(refused.errors.contains { $0.contains("is a script") })
        let keyless = try await folder.run(EnclaveFolder.host, ["run", "--folder", folder.path, "--", folder.probe])
        #expect(keyless.status == .code(78))
        #expect(keyless.errors.contains { $0.contains("haca-enclave init") })
        let again = try await folder.run(EnclaveFolder.host, ["init", "--out", folder.path + "/root"])
        #expect(again.status == .code(73))
    }
}
