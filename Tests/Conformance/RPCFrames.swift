import NIOCore
import Primitives
import RPC

/// Suite `rpc-frames`: the bytes of one side of a connection, behind its preface unless `preface` says otherwise, and the
/// frames or the fault they hold.
enum RPCFramesSuite: Suite {
    static let name = "rpc-frames"

    static func check(_ vector: JSON) throws {
        let bytes = try VectorFields.bytes(vector.first("hex", "bytes", "input"), "hex")
        let expected = vector.first("expect", "expected") ?? vector
        let maximum = vector.first("maximum_frame_payload", "max_frame_payload")?.intValue ?? 64 << 10
        // The result may not depend on where the bytes are cut: whole, and byte by byte.
        let whole = decode(bytes, maximum: maximum, step: max(bytes.count, 1))
        let pieces = decode(bytes, maximum: maximum, step: 1)
        guard whole == pieces else {
            throw VectorFailure("whole: \(whole.summary); byte by byte: \(pieces.summary)")
        }
        if let error = expected["error"]?.stringValue {
            guard whole.error == error else { throw VectorFailure("expected \(error), got \(whole.summary)") }
        } else if let error = whole.error {
            throw VectorFailure("expected frames, got \(error)")
        }
        if let frames = expected["frames"]?.arrayValue { try compare(frames, whole.frames) }
    }

    private struct Outcome: Equatable {
        var frames: [Frame] = []
        var error: String?

        var summary: String { error ?? "\(frames.count) frames" }
    }

    private static func decode(_ bytes: [UInt8], maximum: Int, step: Int) -> Outcome {
        var outcome = Outcome()
        var decoder = FrameDecoder(maximumPayload: maximum)
        do throws(ProtocolViolation) {
            for start in stride(from: 0, to: bytes.count, by: step) {
                decoder.append(ByteBuffer(bytes: bytes[start..<min(start + step, bytes.count)]))
                while let frame = try decoder.next() { outcome.frames.append(frame) }
            }
            if decoder.pendingBytes > 0 { outcome.error = "truncated" }
        } catch {
            outcome.error = error.code
        }
        return outcome
    }

    private static func compare(_ expected: [JSON], _ frames: [Frame]) throws {
        guard expected.count == frames.count else {
            throw VectorFailure("expected \(expected.count) frames, got \(frames.count)")
        }
        for (index, (want, frame)) in zip(expected, frames).enumerated() {
            let type = FrameType(rawValue: frame.header.type).map { "\($0)".lowercased() } ?? "\(frame.header.type)"
            if let name = want["type"]?.stringValue, name.lowercased() != type {
                throw VectorFailure("frame \(index): expected type \(name), got \(type)")
            }
            if let number = want["type"]?.intValue, number != Int(frame.header.type) {
                throw VectorFailure("frame \(index): expected type \(number), got \(frame.header.type)")
            }
            if let flags = want["flags"]?.intValue, flags != Int(frame.header.flags.rawValue) {
                throw VectorFailure("frame \(index): expected flags \(flags), got \(frame.header.flags.rawValue)")
            }
            // A stream id may not fit a JSON number; then it is written as a string.
            if let stream = want["stream"], stream.stringValue ?? stream.encodedString() != "\(frame.header.stream)" {
                throw VectorFailure("frame \(index): got stream \(frame.header.stream)")
            }
            if let payload = want["payload"] {
                guard try VectorFields.bytes(payload, "payload") == Array(frame.payload.readableBytesView) else {
                    throw VectorFailure("frame \(index): the payload differs")
                }
            }
        }
    }
}
