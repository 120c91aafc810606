/// Keys that every service has.
public enum StandardKeys {
    /// Log levels by their names in files and flags.
    static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    public static let all: [ConfigurationKey] = [
        .string("service.instance", default: "0", help: "tells instances of one service apart in logs and metrics"),
        .string(
            "network.id", default: "local", help: "the network this process belongs to; peers of others are refused"),
        .choice(
            "log.level", of: logLevels, default: "info", reloadable: true, help: "least severe level that is written"),
        .choice(
            "log.format", of: ["auto", "console", "json"], default: "auto",
            help: "auto: coloured lines on a terminal, else JSON"),
        .strings("admin.listen", default: [], help: "admin listeners: unix:/path or a loopback host:port"),
        .string("admin.rpc", help: "Unix socket (unix:/path) for health and reflection over RPC"),
        .duration("stop.deadline", default: .seconds(20), help: "how long a graceful stop may take"),
        .string("identity.certificate", help: "PEM file: this service's certificate, then its chain"),
        .secret("identity.key", help: "this service's private key, PEM"),
        .string("identity.authority", help: "PEM file: the network's certificate authority"),
    ]
}
