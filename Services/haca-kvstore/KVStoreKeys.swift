import ServiceKit

/// What can be configured of the key-value application's process.
enum KVStoreKeys {
    static let all: [ConfigurationKey] = [
        .string(
            "kvstore.listen", default: "tcp://127.0.0.1:26658",
            help: "ABCI listener: tcp://host:port or unix:///path; --listen for short"),
        .string("kvstore.data", help: "folder of the state; without one it lives in memory"),
        .integer(
            "kvstore.snapshot_interval", default: 0, in: 0...1_000_000_000,
            help: "take a snapshot every so many heights; 0 takes none"),
        .integer(
            "kvstore.retained_blocks", default: 0, in: 0...1_000_000_000,
            help: "blocks the node is asked to keep; 0 keeps all"),
        .boolean(
            "kvstore.vote_extensions", default: false, help: "extend votes and check others' extensions, as a test"),
    ]

    /// `--listen ADDRESS` and `--data FOLDER` stand for their keys.
    static func expanded(_ arguments: some Sequence<String>) -> [String] {
        let shorthands = ["--listen": "kvstore.listen", "--data": "kvstore.data"]
        var pending: String?
        return arguments.map { argument in
            if let key = pending {
                pending = nil
                return "\(key)=\(argument)"
            }
            pending = shorthands[argument]
            return pending == nil ? argument : "--set"
        }
    }
}
