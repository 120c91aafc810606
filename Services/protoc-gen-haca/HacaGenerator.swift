import SwiftProtobuf
import SwiftProtobufPluginLibrary

/// The protoc plug-in that writes, for every service of a file, its protocol, its typed client and its method table.
///
/// Messages come from protoc-gen-swift; this plug-in only names them. Parameter: `Visibility=Public|Package|Internal`.
struct HacaGenerator: CodeGenerator {
    enum ParameterError: Error, CustomStringConvertible {
        case unknown(key: String, value: String)

        var description: String {
            switch self {
            case .unknown(let key, let value):
                "unknown parameter \(key)=\(value); known: Visibility=Public|Package|Internal"
            }
        }
    }

    var supportedFeatures: [Google_Protobuf_Compiler_CodeGeneratorResponse.Feature] { [.proto3Optional] }

    func generate(
        files: [FileDescriptor],
        parameter: any CodeGeneratorParameter,
        protoCompilerContext: any ProtoCompilerContext,
        generatorOutputs: any GeneratorOutputs
    ) throws {
        var visibility = "public"
        for (key, value) in parameter.parsedPairs {
            switch (key, value) {
            case ("Visibility", "Public"): visibility = "public"
            case ("Visibility", "Package"): visibility = "package"
            case ("Visibility", "Internal"): visibility = "internal"
            default: throw ParameterError.unknown(key: key, value: value)
            }
        }
        for file in files where !file.services.isEmpty {
            let writer = ServiceWriter(file: file, visibility: visibility)
            let stem = file.name.split(separator: "/").last.map(String.init) ?? file.name
            let name = stem.hasSuffix(".proto") ? String(stem.dropLast(6)) : stem
            try generatorOutputs.add(fileName: name + ".haca.swift", contents: writer.contents())
        }
    }
}
