import Primitives

/// Wire form: 1 block, 2 evidence, 3 validator, 4 version, 5 abci, 6 authority.
extension ConsensusParameterUpdates: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.message(1, block)
        writer.message(2, evidence)
        if let publicKeyTypes { writer.nested(3) { $0.repeatedStrings(1, publicKeyTypes) } }
        if let applicationVersion { writer.nested(4) { $0.uint64(1, applicationVersion) } }
        if let voteExtensionsEnableHeight { writer.nested(5) { $0.int64(1, voteExtensionsEnableHeight) } }
        if let authority { writer.nested(6) { $0.string(1, authority) } }
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: block = try reader.message()
            case 2: evidence = try reader.message()
            case 3: publicKeyTypes = try Self.readPublicKeyTypes(try reader.submessage())
            case 4: applicationVersion = UInt64(bitPattern: try Self.readFirstInteger(try reader.submessage()))
            case 5: voteExtensionsEnableHeight = try Self.readFirstInteger(try reader.submessage())
            case 6: authority = try Self.readAuthority(try reader.submessage())
            default: try reader.skip()
            }
        }
    }

    private static func readPublicKeyTypes(_ message: ProtobufReader) throws(ProtobufError) -> [String] {
        var reader = message
        var types: [String] = []
        while let field = try reader.nextField() {
            switch field {
            case 1: try reader.appendString(to: &types, maximum: ABCILimits.publicKeyTypes)
            default: try reader.skip()
            }
        }
        return types
    }

    private static func readFirstInteger(_ message: ProtobufReader) throws(ProtobufError) -> Int64 {
        var reader = message
        var value: Int64 = 0
        while let field = try reader.nextField() {
            switch field {
            case 1: value = try reader.int64()
            default: try reader.skip()
            }
        }
        return value
    }

    /// Field 6 is the authority's name from 0.39 on. The 1.x line has the synchrony parameters there, two durations, which
    /// are not for us: a message with a second field, or whose first is not text, is taken for those.
    private static func readAuthority(_ message: ProtobufReader) throws(ProtobufError) -> String? {
        var reader = message
        var name: String? = ""
        while let field = try reader.nextField() {
            guard field == 1 else {
                name = nil
                try reader.skip()
                continue
            }
            let text = try reader.slice()
            name = name.flatMap { _ in String(validating: text, as: UTF8.self) }
        }
        return name
    }
}

extension ConsensusParameterUpdates.Block: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, maximumBytes)
        writer.int64(2, maximumGas)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: maximumBytes = try reader.int64()
            case 2: maximumGas = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}

extension ConsensusParameterUpdates.Evidence: ProtobufMessage {
    public func write(to writer: inout ProtobufWriter) {
        writer.int64(1, maximumAgeBlocks)
        writer.message(2, ProtobufDuration(nanoseconds: maximumAgeDuration))
        writer.int64(3, maximumBytes)
    }

    public init(from reader: inout ProtobufReader) throws(ProtobufError) {
        self.init()
        while let field = try reader.nextField() {
            switch field {
            case 1: maximumAgeBlocks = try reader.int64()
            case 2: maximumAgeDuration = try reader.message(ProtobufDuration.self).nanoseconds
            case 3: maximumBytes = try reader.int64()
            default: try reader.skip()
            }
        }
    }
}
