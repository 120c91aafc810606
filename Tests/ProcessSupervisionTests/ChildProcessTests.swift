import Foundation
import ProcessSupervision
import Synchronization
import Testing

/// Runs `script` with `/bin/sh`.
func shell(_ script: String, _ change: (inout LaunchSpecification) -> Void = { _ in }) -> LaunchSpecification {
    var specification = LaunchSpecification(
        executable: .path("/bin/sh"), arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
    change(&specification)
    return specification
}

/// Whether a process exists and is no zombie.
func isAlive(_ pid: Int32) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
    return text.split(separator: ")").last?.split(separator: " ").first.map { $0 != "Z" && $0 != "X" } ?? false
}

/// Asks until `condition` holds, for at most 20 s.
func eventually(_ condition: () async -> Bool) async -> Bool {
    for _ in 0..<2_000 {
        if await condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// The first line of a child's output that `match` accepts.
func firstLine(of child: ChildProcess, where match: (String) -> Bool = { _ in true }) async -> String? {
    var found: String?
    _ = await eventually {
        found = child.lastLines(200).map(\.text).first(where: match)
        return found != nil || !child.isRunning
    }
    return found ?? child.lastLines(200).map(\.text).first(where: match)
}

/// What was written into a pipe whose writers are done.
func text(of pipe: Pipe) throws -> String {
    try pipe.fileHandleForWriting.close()
    return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
}

@Suite struct `Child process` {
    @Test func `exit codes and signals are told apart`() async throws {
        let seven = try await ChildProcess.launch(shell("exit 7"))
        #expect(await seven.wait() == .code(7))
        let killed = try await ChildProcess.launch(shell("kill -9 $$"))
        #expect(await killed.wait() == .signal(SIGKILL))
        #expect(killed.exitStatus?.shellCode == 137)
    }

    @Test func `an executable that is missing is a typed error`() async {
        await #expect(throws: LaunchError.cannotExecute(executable: "/no/such/program", errno: ENOENT)) {
            _ = try await ChildProcess.launch(LaunchSpecification(executable: .path("/no/such/program")))
        }
        await #expect(throws: LaunchError.notFound(name: "haca-no-such-program")) {
            _ = try await ChildProcess.launch(LaunchSpecification(executable: .path("haca-no-such-program")))
        }
        await #expect(throws: LaunchError.cannotExecute(executable: "/etc/passwd", errno: EACCES)) {
            _ = try await ChildProcess.launch(LaunchSpecification(executable: .path("/etc/passwd")))
        }
        await #expect(throws: LaunchError.workingDirectory(path: "/no/such/folder", errno: ENOENT)) {
            _ = try await ChildProcess.launch(shell("true") { $0.workingDirectory = "/no/such/folder" })
        }
        await #expect(throws: LaunchError.zeroByte) {
            _ = try await ChildProcess.launch(shell("true\0"))
        }
    }

    @Test func `both streams arrive as lines and the last one needs no newline`() async throws {
        let seen = Mutex<[OutputLine]>([])
        let child = try await ChildProcess.launch(
            shell("echo one; echo two >&2; printf 'three'") {
                $0.standardOutput = .lines { line in seen.withLock { $0.append(line) } }
            })
        _ = await child.wait()
        #expect(seen.withLock { $0.map(\.text) } == ["one", "three"])
        #expect(child.lastLines().contains(OutputLine(stream: .standardError, text: "two")))
    }

    @Test func `long lines are cut and only the newest lines are kept`() async throws {
        let child = try await ChildProcess.launch(
            shell("head -c 100000 /dev/zero | tr '\\0' x; echo; for i in 1 2 3 4 5; do echo $i; done") {
                $0.outputLimits = OutputLimits(lineBytes: 64, lineCount: 6)
            })
        _ = await child.wait()
        let lines = child.lastLines(100)
        #expect(lines.map(\.text) == [String(repeating: "x", count: 64), "1", "2", "3", "4", "5"])
        #expect(lines.map(\.isTruncated) == [true, false, false, false, false, false])
    }

    @Test func `the child has the environment and descriptors it was given and no others`() async throws {
        let pipe = Pipe()
        let secret = open("/etc/passwd", O_RDONLY)  // open without close-on-exec on purpose
        defer { close(secret) }
        let child = try await ChildProcess.launch(
            shell(
                "echo handed >&9; env | sort; for i in 0 1 2 3 4 5 6 7 8 9 \(secret); do [ -e /proc/$$/fd/$i ] && echo fd $i; done"
            ) {
                $0.environment = ["PATH": "/usr/bin:/bin", "ONLY": "this"]
                $0.inheritedDescriptors = [9: pipe.fileHandleForWriting.fileDescriptor]
            })
        _ = await child.wait()
        let lines = child.lastLines(100).map(\.text)
        #expect(lines.contains("ONLY=this"))
        #expect(!lines.contains { $0.hasPrefix("HOME=") })
        let descriptors = lines.filter { $0.hasPrefix("fd ") }
        #expect(descriptors == ["fd 0", "fd 1", "fd 2", "fd 9"])
        #expect(try text(of: pipe) == "handed\n")
    }

    @Test func `descriptors may swap places`() async throws {
        let first = Pipe()
        let second = Pipe()
        let one = first.fileHandleForWriting.fileDescriptor
        let two = second.fileHandleForWriting.fileDescriptor
        let child = try await ChildProcess.launch(
            shell("echo to-second >&\(one); echo to-first >&\(two)") {
                $0.executable = .path("/bin/bash")  // dash knows descriptors of one digit only
                $0.inheritedDescriptors = [one: two, two: one]
            })
        #expect(await child.wait() == .code(0))
        #expect(try text(of: first) == "to-first\n")
        #expect(try text(of: second) == "to-second\n")
    }

    @Test func `ignored and blocked signals of the parent are normal again in the child`() async throws {
        signal(SIGPIPE, SIG_IGN)
        let child = try await ChildProcess.launch(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"))
        _ = await child.wait()
        let masks = child.lastLines().map { $0.text.split(separator: "\t").last.map(String.init) ?? "" }
        #expect(masks == ["0000000000000000", "0000000000000000"])
    }

    @Test func `an opened descriptor is executed even after its path has changed`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let program = folder.appending(path: "program").path
        try FileManager.default.copyItem(atPath: "/bin/echo", toPath: program)
        let descriptor = open(program, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        try FileManager.default.removeItem(atPath: program)
        try FileManager.default.copyItem(atPath: "/bin/false", toPath: program)
        let child = try await ChildProcess.launch(
            LaunchSpecification(executable: .descriptor(descriptor), arguments: ["the", "first"], programName: "echo"))
        #expect(await child.wait() == .code(0))
        #expect(child.lastLines().map(\.text) == ["the first"])
    }

    @Test func `terminating ends a group that ignores SIGTERM, grandchildren included`() async throws {
        let child = try await ChildProcess.launch(
            shell("trap '' TERM; sleep 1000 & echo $!; while true; do sleep 1000; done"))
        let line = try #require(await firstLine(of: child))
        let grandchild = try #require(Int32(line))
        #expect(isAlive(grandchild))
        #expect(await child.terminate(grace: .milliseconds(50)) == .signal(SIGKILL))
        #expect(!isAlive(grandchild))
    }

    @Test func `grandchildren end with a leader that ends by itself`() async throws {
        let child = try await ChildProcess.launch(shell("trap '' TERM; sleep 1000 & echo $!; exit 3"))
        #expect(await child.wait() == .code(3))
        let grandchild = try #require(child.lastLines().first.flatMap { Int32($0.text) })
        #expect(!isAlive(grandchild))
    }

    @Test func `a process ends gracefully on SIGTERM`() async throws {
        let child = try await ChildProcess.launch(
            shell("trap 'echo bye; exit 5' TERM; echo up; while true; do sleep 0.02; done"))
        _ = await firstLine(of: child)
        #expect(await child.terminate(grace: .seconds(20)) == .code(5))
        #expect(child.lastLines().map(\.text).contains("bye"))
        #expect(!child.signal(SIGTERM))
    }

    @Test func `a wait can be given up`() async throws {
        let child = try await ChildProcess.launch(shell("sleep 1000"))
        #expect(await child.wait(for: .milliseconds(1)) == nil)
        let waiting = Task { await child.waitUnlessCancelled() }
        waiting.cancel()
        #expect(await waiting.value == nil)
        _ = await child.terminate(grace: .seconds(20))
        #expect(await child.waitUnlessCancelled() == .signal(SIGTERM))
    }

    @Test func `output goes to a file when asked`() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for word in ["first", "second"] {
            let child = try await ChildProcess.launch(
                shell("echo \(word)") {
                    $0.standardOutput = .file(path)
                    $0.standardError = .discarded
                })
            _ = await child.wait()
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "first\nsecond\n")
    }
}
