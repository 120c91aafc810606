import Primitives

/// CometBFT's `priv_validator_state.json`: {height string, round, step, signature base64, signbytes upper-case hex}.
extension LastSignState {
    public var json: JSON {
        var object: JSONObject = [
            "height": JSON(String(height)), "round": JSON(round), "step": JSON(step.rawValue),
        ]
        if !signature.isEmpty { object["signature"] = JSON(Base64.encode(signature)) }
        if !signBytes.isEmpty { object["signbytes"] = JSON(Hex.encode(signBytes).uppercased()) }
        return JSON(object)
    }

    /// A file that does not parse is an error, never a fresh state: starting over could sign twice.
    public init(json: JSON) throws(SignerFileError) {
        guard let text = json["height"]?.stringValue, let height = Int64(text), height >= 0 else {
            throw .malformed("height")
        }
        guard let number = json["round"]?.intValue, let round = Int32(exactly: number), round >= 0 else {
            throw .malformed("round")
        }
        guard let number = json["step"]?.intValue, let raw = Int8(exactly: number), let step = SignStep(rawValue: raw)
        else { throw .malformed("step") }
        var signature: [UInt8] = []
        if let value = json["signature"], !value.isNull {
            guard let text = value.stringValue, let bytes = try? Base64.decode(text) else {
                throw .malformed("signature")
            }
            signature = bytes
        }
        var signBytes: [UInt8] = []
        if let value = json["signbytes"], !value.isNull {
            guard let text = value.stringValue, let bytes = try? Hex.decode(text) else { throw .malformed("signbytes") }
            signBytes = bytes
        }
        self.init(height: height, round: round, step: step, signature: signature, signBytes: signBytes)
    }
}
