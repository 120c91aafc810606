import Foundation
import NIOPosix
import Primitives
import ProcessSupervision

/// The validators that a benchmark runs, in a folder of their own, ended by `end()`.
actor ChainStage {
    /// How long anything may take that a benchmark waits for.
    private static let patience: Duration = .seconds(60)

    private struct Member {
        let name: String
        let id: String
        let peerPort: Int
        let port: Int
        var child: ChildProcess?
    }

    private let folder: String
    private let executable: String
    private let group: MultiThreadedEventLoopGroup
    private let count: Int
    private var members: [Member] = []

    init(executable: String, count: Int, group: MultiThreadedEventLoopGroup) throws {
        self.executable = executable
        self.count = count
        self.group = group
        folder = NSTemporaryDirectory() + "haca-bench-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func end() async {
        for member in members { _ = await member.child?.terminate(grace: .seconds(3)) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: - Processes

    func start() async throws {
        let lines = try await BenchCommand.run(
            executable, ["testnet", "--output", folder, "--validators", String(count)], limit: .seconds(20))
        let ports = try Self.freePorts(2 * count)
        members = lines.map { $0.split(separator: " ").map(String.init) }.filter { $0.count == 3 }.enumerated()
            .map { Member(name: $1[0], id: $1[1], peerPort: ports[2 * $0], port: ports[2 * $0 + 1]) }
        guard members.count == count else { throw BenchCommand.Failure(description: "no validators were made") }
        for index in members.indices { try await launch(index) }
        for index in members.indices { try await wait("a block") { await self.height(index) >= 2 } }
    }

    private func launch(_ index: Int) async throws {
        let member = members[index]
        let peers = members.filter { $0.name != member.name }.map { "\"\($0.id)@127.0.0.1:\($0.peerPort)\"" }
        let configuration = "\(folder)/\(member.name).toml"
        try """
        [validator]
        home = "\(folder)/\(member.name)"
        listen = "127.0.0.1:\(member.peerPort)"
        rpc_listen = "127.0.0.1:\(member.port)"
        persistent_peers = [\(peers.joined(separator: ", "))]
        [consensus]
        create_empty_blocks = true
        timeout_commit = "0s"
        timeout_propose = "1s"
        timeout_prevote = "500ms"
        timeout_precommit = "500ms"
        [mempool]
        size = 100000
        cache_size = 200000
        [tx_index]
        enable = false
        [log]
        level = "warning"
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        members[index].child = try await ChildProcess.launch(
            LaunchSpecification(executable: .path(executable), arguments: ["start", "--config", configuration]))
    }

    func residentText() -> String {
        members.compactMap { member in
            member.child.map { String(format: "%.0f MB", Double(ProcessMeter(pid: $0.pid).residentBytes) / 1e6) }
        }.joined(separator: " ")
    }

    // MARK: - Measurements

    /// The middle of 100 synced writes where the validators keep their logs.
    func syncCost() throws -> Duration {
        let descriptor = open("\(folder)/sync", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw BenchCommand.Failure(description: "cannot write to \(folder)") }
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: 1, count: 4_096)
        var took: [Duration] = []
        for _ in 0..<100 {
            let began = ContinuousClock.now
            _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            fdatasync(descriptor)
            took.append(ContinuousClock.now - began)
        }
        return took.sorted()[50]
    }

    /// The blocks made in a time.
    func blocks(during time: Duration) async throws -> ChainBlocks {
        let first = await height(0)
        try await Task.sleep(for: time)
        return try await blocks(from: first, to: await height(0))
    }

    /// The blocks made while every validator gets transactions as fast as it takes them.
    func load(bytes: Int, connections: Int, during time: Duration) async throws -> ChainBlocks {
        let first = await height(0)
        try await TransactionLoad.run(
            ports: members.map(\.port), bytes: bytes, connections: connections, during: time, on: group)
        let last = await height(0)
        // What still waits shall not count for the next run.
        try await wait("an empty mempool") { await self.waiting() == 0 }
        return try await blocks(from: first, to: last)
    }

    /// Kills the last validator and starts it again: when its RPC answers, and when it has a further block.
    func restart() async throws -> (answers: Duration, block: Duration) {
        let index = count - 1
        members[index].child?.signal(SIGKILL)
        _ = await members[index].child?.wait()
        let began = ContinuousClock.now
        try await launch(index)
        try await wait("an answer") { await self.height(index) > 0 }
        let answers = ContinuousClock.now - began
        let goal = await height(0) + 1
        try await wait("a block") { await self.height(index) >= goal }
        return (answers, ContinuousClock.now - began)
    }

    /// Takes the last validator's chain away and waits until it has it again.
    func blockSync() async throws -> (blocks: Int, bytes: Int, duration: Duration) {
        let index = count - 1
        members[index].child?.signal(SIGKILL)
        _ = await members[index].child?.wait()
        _ = try await BenchCommand.run(
            executable, ["unsafe-reset", "--home", "\(folder)/\(members[index].name)"], limit: .seconds(20))
        let goal = await height(0)
        let began = ContinuousClock.now
        try await launch(index)
        try await wait("the chain") { await self.height(index) >= goal }
        let duration = ContinuousClock.now - began
        let sizes = try await blocks(from: 1, to: goal)
        return (goal, sizes.blocks.reduce(0) { $0 + $1.bytes }, duration)
    }

    private func wait(_ what: String, until condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + Self.patience
        while await !condition() {
            guard ContinuousClock.now < deadline else {
                let lines = members.flatMap { $0.child?.lastLines(3) ?? [] }.map(\.text).joined(separator: "\n")
                throw BenchCommand.Failure(description: "\(what) did not come\n\(lines)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    // MARK: - RPC

    private func get(_ index: Int, _ path: String) async -> JSON? {
        guard
            let (status, body) = await Fetch.get(
                host: "127.0.0.1", port: members[index].port, path: path, on: group), status == 200
        else { return nil }
        return (try? JSON(parsing: body))?["result"]
    }

    private func height(_ index: Int) async -> Int {
        await get(index, "/status")?["sync_info"]?["latest_block_height"]?.stringValue.flatMap { Int($0) } ?? 0
    }

    private func waiting() async -> Int {
        await get(0, "/num_unconfirmed_txs")?["total"]?.stringValue.flatMap { Int($0) } ?? 0
    }

    private func blocks(from first: Int, to last: Int) async throws -> ChainBlocks {
        var blocks = ChainBlocks()
        // At most 20 a page.
        for start in stride(from: max(1, first), through: last, by: 20) {
            let page = await get(0, "/blockchain?minHeight=\(start)&maxHeight=\(min(start + 19, last))")
            blocks.add(metas: page?["block_metas"]?.arrayValue ?? [])
        }
        return blocks
    }

    /// Ports of 127.0.0.1 that the kernel gives out, all different.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var sockets: [CInt] = []
        defer { for descriptor in sockets { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let failed = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    bind(descriptor, generic, length) != 0 || getsockname(descriptor, generic, &length) != 0
                }
            }
            if failed { throw BenchCommand.Failure(description: "no free port on 127.0.0.1") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }
}
