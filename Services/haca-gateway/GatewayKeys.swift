import ServiceKit

/// What can be configured of a gateway.
enum GatewayKeys {
    static let all: [ConfigurationKey] = [
        .string("gateway.listen_https", help: "host:port of the TLS listener; TLS ends in this process"),
        .string("gateway.listen_http", help: "host:port of a plain listener for development; loopback only"),
        .strings("gateway.workers", help: "RPC endpoints of the workers: host:port or unix:/path"),
        .table(
            "gateway.model_map",
            help: "public name = worker's model; the answer and the receipt still say which model ran. Default: none"),
        .choice("gateway.mode", of: ["open"], default: "open", help: "open: no payment is asked for"),
        .integer("gateway.chain_id", default: 10740, in: 1...Int.max, help: "the chain that receipts name"),
        .choice(
            "gateway.attestation", of: ["required", "off"], default: "required",
            help: "off: run outside an enclave and trust any worker of this network; for development"),
        .boolean(
            "gateway.require_authorization", default: false,
            help: "answer 401 to inference requests without an Authorization header"),
        .integer(
            "gateway.maximum_body", default: 4 << 20, in: 1024...(64 << 20), help: "bytes of a request body; 413 beyond"
        ),
        .integer(
            "gateway.maximum_connections", default: 4096, in: 1...1_000_000, help: "open connections of each listener"),
        .integer(
            "gateway.maximum_requests", default: 2048, in: 1...1_000_000,
            help: "inference requests in progress; more are answered 503"),
        .duration("gateway.request_timeout", default: .seconds(300), help: "longest time for one answer"),
        .integer("gateway.receipts", default: 4096, in: 0...10_000_000, help: "receipt bundles kept in memory"),
        .duration(
            "gateway.receipt_lifetime", default: .seconds(3600), help: "how long a receipt bundle can be fetched"),
        .string("attestation.root", help: "PEM or DER file: the root that peers' attestation documents must lead to"),
        .string("attestation.approved", help: "JSON file: the measurements peers may have, by role"),
    ]
}
