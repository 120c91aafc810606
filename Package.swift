// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: Swift 6 language mode, warnings are errors.
let ours: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// Async functions stay on their caller's executor; without it each call and each return looks the executor up anew.
let onCaller: [SwiftSetting] = [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]

/// C kernels are optimised in every configuration; they are hot loops even under a debugger.
let kernel: [CSetting] = [.unsafeFlags(["-O2"])]

// MARK: - Packages

let nio = "swift-nio"
let dependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(
        url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
]

extension Target.Dependency {
    static let nioCore = product(name: "NIOCore", package: nio)
    static let nioPosix = product(name: "NIOPosix", package: nio)
    static let nioConcurrency = product(name: "NIOConcurrencyHelpers", package: nio)
    static let nioHTTP1 = product(name: "NIOHTTP1", package: nio)
    static let nioWebSocket = product(name: "NIOWebSocket", package: nio)
    static let nioTLS = product(name: "NIOTLS", package: nio)
    static let nioHTTPTypes = product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP2 = product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras")
    static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
    static let protobufPlugin = product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let x509 = product(name: "X509", package: "swift-certificates")
    static let logging = product(name: "Logging", package: "swift-log")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let deques = product(name: "DequeModule", package: "swift-collections")
    static let orderedCollections = product(name: "OrderedCollections", package: "swift-collections")
    static let httpClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let toml = product(name: "TOMLKit", package: "TOMLKit")
}

// MARK: - Target shapes

func library(_ name: String, _ dependencies: [Target.Dependency], settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Shared/\(name)", swiftSettings: ours + settings)
}

func cKernel(_ name: String) -> Target {
    .target(name: name, path: "Shared/\(name)", cSettings: kernel)
}

func systemLibrary(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func service(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Services/\(name)", exclude: exclude, swiftSettings: ours)
}

func tool(
    _ name: String, path: String, _ dependencies: [Target.Dependency], exclude: [String] = [],
    settings: [SwiftSetting] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: ours + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: ours)
}

// MARK: - Package

let package = Package(
    name: "haca",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "haca", targets: ["haca"]),
        .executable(name: "haca-worker", targets: ["haca-worker"]),
        .executable(name: "haca-gateway", targets: ["haca-gateway"]),
        .executable(name: "haca-enclave", targets: ["haca-enclave"]),
        .executable(name: "haca-validator", targets: ["haca-validator"]),
        .executable(name: "haca-kvstore", targets: ["haca-kvstore"]),
        .executable(name: "haca-simulate", targets: ["haca-simulate"]),
        .executable(name: "haca-conformance", targets: ["haca-conformance"]),
        .executable(name: "protoc-gen-haca", targets: ["protoc-gen-haca"]),
    ],
    dependencies: dependencies,
    targets: [
        // C kernels and system libraries
        cKernel("CKeccak"),
        cKernel("CLaunch"),
        cKernel("CEd25519"),
        systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        systemLibrary("CSecp256k1", pkgConfig: "libsecp256k1", apt: "libsecp256k1-dev"),
        systemLibrary("CRocksDB", pkgConfig: "rocksdb", apt: "librocksdb-dev"),

        // Layer 0: values and signatures
        library("Primitives", ["CKeccak"]),
        library("Signing", ["CEd25519", "CKeccak", "CSecp256k1", "Primitives", .crypto, .cryptoExtras, .asn1]),
        library("ObliviousHTTP", ["Primitives", "Signing", .crypto]),

        // Layer 1: wire and process
        library("WireRPC", [.protobuf]),
        library(
            "RPC", ["WireRPC", "CZstd", .nioCore, .nioPosix, .nioTLS, .nioSSL, .deques, .logging, .protobuf],
            // A connection's state is touched on its event loop only; checking every access again costs a tenth of a call.
            settings: onCaller + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]),
        library("WireOperations", ["RPC", .protobuf], settings: onCaller),
        library("WireAttestation", ["RPC", .protobuf], settings: onCaller),
        library("WireInference", ["RPC", .protobuf], settings: onCaller),
        library("ProcessSupervision", ["CLaunch", .nioCore, .nioPosix, .logging]),
        library(
            "ServiceKit",
            [
                "Primitives", "RPC", "WireOperations", .nioCore, .nioPosix, .nioHTTP1, .nioSSL, .logging, .toml, .x509,
                .crypto, .asn1,
            ]),

        // Layer 2: what the network is about
        library(
            "Attestation",
            [
                "Primitives", "Signing", "RPC", "WireAttestation", "ProcessSupervision", .crypto, .asn1, .x509,
                .logging,
                .nioCore, .nioPosix, .nioSSL,
            ], settings: onCaller),
        library("Inference", ["Primitives", "Signing", "WireInference", "Attestation", .protobuf, .crypto]),
        library("OpenAIAPI", ["Primitives", "Inference"]),
        library(
            "InferenceBackend",
            [
                "Primitives", "Signing", "Inference", "OpenAIAPI", "ProcessSupervision", .crypto, .httpClient, .logging,
                .nioCore, .nioPosix, .nioHTTP1,
            ]),

        // Layer 2: consensus
        library("ConsensusTypes", ["Primitives", "Signing", .crypto]),
        library("Consensus", ["Primitives", "ConsensusTypes"]),
        library("ABCI", ["Primitives", "ConsensusTypes", .deques, .logging, .nioCore, .nioPosix]),
        library("KeyValueStore", ["CRocksDB", "Primitives"]),
        library("KeyValueApplication", ["ABCI", "ConsensusTypes", "KeyValueStore", "Primitives", "Signing"]),
        library("Replica", ["ABCI", "Consensus", "ConsensusTypes", "KeyValueStore", "Primitives", "Signing", .deques]),
        library("WireConsensus", ["RPC", .protobuf], settings: onCaller),
        library(
            "ConsensusEngine",
            [
                "ABCI", "Consensus", "ConsensusTypes", "KeyValueStore", "Primitives", "RPC", "Replica", "ServiceKit",
                "Signing", "WireConsensus", .crypto, .deques, .logging, .nioCore, .nioPosix, .protobuf,
            ]),
        library("FaultProxy", [.deques, .nioCore, .nioPosix]),
        library("LightClient", ["ConsensusTypes", "Primitives", "Signing"]),
        library(
            "CometBFTRPC",
            [
                "ABCI", "ConsensusTypes", "KeyValueStore", "Primitives", "Signing", .deques, .logging, .nioCore,
                .nioPosix, .nioHTTP1, .nioWebSocket,
            ]),

        // Services
        service(
            "haca",
            [
                "Primitives", "RPC", "ServiceKit", "FaultProxy", "ProcessSupervision", "Attestation", "Inference",
                "OpenAIAPI", "ConsensusTypes", "LightClient", "WireOperations", "WireAttestation", "WireInference",
                .arguments,
                .httpClient, .x509, .logging, .nioCore, .nioPosix, .nioSSL,
            ]),
        service(
            "haca-worker",
            [
                "Primitives", "Signing", "RPC", "ServiceKit", "Attestation", "Inference", "InferenceBackend",
                "WireInference", "WireOperations", "WireAttestation", .arguments, .logging, .nioCore, .nioPosix,
            ],
            exclude: ["Engine"]),
        service(
            "haca-gateway",
            [
                "Primitives", "Signing", "RPC", "ServiceKit", "Attestation", "Inference", "OpenAIAPI", "ObliviousHTTP",
                "WireInference", "WireOperations", "WireAttestation", .arguments, .logging, .hummingbird,
                .hummingbirdCore, .nioHTTPTypes, .nioHTTPTypesHTTP2, .nioHTTP2, .nioTLS, .lifecycle, .nioCore,
                .nioPosix, .nioSSL, .nioHTTP1, .httpTypes,
            ]),
        service(
            "haca-enclave", ["Primitives", "Attestation", "ProcessSupervision", "ServiceKit", .arguments, .logging]),
        service(
            "haca-validator",
            [
                "ABCI", "CometBFTRPC", "Consensus", "ConsensusEngine", "ConsensusTypes", "KeyValueApplication",
                "KeyValueStore", "LightClient", "Primitives", "RPC", "Replica", "ServiceKit", "Signing",
                "WireOperations",
                .arguments, .deques, .httpClient, .logging, .nioCore, .nioPosix,
            ]),
        service("haca-kvstore", ["ABCI", "KeyValueApplication", "KeyValueStore", "ServiceKit"]),
        service("protoc-gen-haca", [.protobuf, .protobufPlugin]),

        // Conformance, benchmarks, tests
        tool(
            "haca-conformance", path: "Tests/Conformance",
            [
                "ABCI", "Attestation", "ConsensusTypes", "Inference", "LightClient", "ObliviousHTTP", "Primitives",
                "RPC",
                "Replica", "Signing", .arguments, .nioCore,
            ],
            exclude: ["README.md", "make_nitro_vectors.py", "make_vectors.py", "vectors"]),
        .target(
            name: "Simulation",
            dependencies: [
                "ABCI", "Consensus", "ConsensusTypes", "KeyValueApplication", "KeyValueStore", "Primitives", "Replica",
                "Signing",
            ],
            path: "Tests/Simulation/Simulation", swiftSettings: ours),
        tool("haca-simulate", path: "Tests/Simulation/Command", ["Simulation", .arguments]),
        tool(
            "haca-enclave-probe", path: "Tests/EnclaveProbe",
            ["Attestation", "RPC", "ServiceKit", "Signing", "WireOperations"]),
        tool(
            "haca-canned-engine", path: "Tests/Benchmarks/CannedEngine",
            ["Primitives", .arguments, .nioCore, .nioPosix, .nioHTTP1]),
        tool(
            "haca-bench", path: "Tests/Benchmarks/Bench",
            [
                "ConsensusTypes", "LightClient", "Primitives", "RPC", "Signing", "WireOperations", "ProcessSupervision",
                .arguments, .nioCore, .nioPosix, .nioSSL,
                .nioHTTP1, .crypto, .cryptoExtras,
            ], settings: onCaller),
        tests("ConsensusTypesTests", ["ConsensusTypes", "Primitives", "Signing"]),
        tests("ConsensusTests", ["Consensus", "ConsensusTypes", "Primitives", "Signing"]),
        tests(
            "ABCITests",
            [
                "ABCI", "ConsensusTypes", "KeyValueApplication", "KeyValueStore", "Primitives", "Signing", .logging,
                .nioCore, .nioPosix,
            ]),
        tests("KeyValueStoreTests", ["KeyValueStore", "Primitives"]),
        tests(
            "ReplicaTests",
            [
                "ABCI", "Consensus", "ConsensusTypes", "KeyValueApplication", "KeyValueStore", "Primitives", "Replica",
                "Signing",
            ]),
        tests(
            "ConsensusEngineTests",
            [
                "ABCI", "Consensus", "ConsensusEngine", "ConsensusTypes", "FaultProxy", "KeyValueApplication",
                "KeyValueStore", "Primitives", "RPC",
                "Replica", "Signing", "WireConsensus", .logging, .nioCore, .nioPosix,
            ]),
        tests("FaultProxyTests", ["FaultProxy", .nioCore, .nioPosix]),
        tests("LightClientTests", ["ConsensusTypes", "LightClient", "Primitives", "Signing"]),
        tests(
            "CometBFTRPCTests",
            [
                "ABCI", "CometBFTRPC", "ConsensusTypes", "KeyValueStore", "Primitives", "Signing", .httpClient,
                .logging, .nioCore, .nioPosix,
            ]),
        tests("SimulationTests", ["Consensus", "ConsensusTypes", "Primitives", "Replica", "Simulation"]),
        tests("PrimitivesTests", ["Primitives"]),
        tests("SigningTests", ["CEd25519", "Primitives", "Signing", .crypto]),
        tests("ObliviousHTTPTests", ["ObliviousHTTP", "Primitives", "Signing"]),
        tests(
            "RPCTests",
            [
                "RPC", "WireRPC", "WireOperations", "ProcessSupervision", .nioCore, .nioPosix, .nioSSL, .protobuf,
                .logging, .x509, .crypto, .asn1,
            ]),
        tests("ProcessSupervisionTests", ["ProcessSupervision", .logging]),
        tests(
            "ServiceKitTests",
            [
                "ServiceKit", "Primitives", "ProcessSupervision", "RPC", "WireOperations", .logging, .httpClient,
                .nioCore,
                .x509,
            ]),
        tests(
            "AttestationTests",
            [
                "Attestation", "Primitives", "Signing", "RPC", "WireOperations", "ProcessSupervision", .x509, .crypto,
                .logging,
            ]),
        tests(
            "InferenceTests",
            [
                "Inference", "Primitives", "Signing", "Attestation", "WireInference", "WireAttestation", .protobuf,
                .crypto,
            ]),
        tests("OpenAIAPITests", ["OpenAIAPI", "Primitives", "Inference"]),
        tests(
            "InferenceBackendTests",
            [
                "InferenceBackend", "OpenAIAPI", "Inference", "Primitives", "ProcessSupervision", "RPC",
                "WireInference",
                .httpClient, .logging, .nioCore,
            ]),
    ]
)
