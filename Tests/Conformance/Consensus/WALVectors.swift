import Primitives
import Replica

/// A write-ahead log: `stream`, `corrupt_last_byte` and `truncated`, and its frames one by one in `cases`.
enum WALVectors {
    static func isOne(_ document: JSON) -> Bool { document.has("stream") }

    static func vectors(in document: JSON) -> [JSON] {
        let frames = document["cases"]?.arrayValue ?? []
        let stream: JSON = [
            "stream": document["stream"] ?? .null, "corrupt_last_byte": document["corrupt_last_byte"] ?? .null,
            "truncated": document["truncated"] ?? .null, "frames": .array(frames.compactMap { $0["frame"] }),
        ]
        return frames + [stream]
    }
}

/// One `frame`: read, written again, and refused when damaged.
enum WALFrameVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("frame") }

    static func check(_ vector: JSON) throws {
        let frame = try vector.hex("frame")
        let records = WALStreamVector.read(frame)
        guard records.error == nil, let record = records.records.first, records.records.count == 1 else {
            throw VectorFailure("not one record: \(records)")
        }
        try Check.equal(try WALFrame.encode(record), frame, "the frame written again")
        for position in frame.indices {
            var damaged = frame
            damaged[position] ^= 0x10
            guard WALStreamVector.read(damaged).error != nil else {
                throw VectorFailure("damage at byte \(position) is not noticed")
            }
        }
    }
}

/// All `frames` behind each other in `stream`; of the damaged copies all but the last record are recovered, and the damage is
/// reported.
enum WALStreamVector: ConsensusVector {
    static func isOne(_ vector: JSON) -> Bool { vector.has("stream") }

    static func check(_ vector: JSON) throws {
        let stream = try vector.hex("stream")
        let whole = read(stream)
        guard whole.error == nil else { throw VectorFailure("the stream is refused: \(whole)") }
        try Check.equal(try whole.records.flatMap { try WALFrame.encode($0) }, stream, "the stream written again")
        if let frames = vector["frames"]?.arrayValue, !frames.isEmpty {
            try Check.equal(whole.records.count, frames.count, "the number of records")
        }
        for name in ["corrupt_last_byte", "truncated"] where vector[name]?.isNull == false {
            let damaged = read(try vector.hex(name))
            guard damaged.error != nil else { throw VectorFailure("\(name): the damage is not reported") }
            try Check.equal(damaged.records, Array(whole.records.dropLast()), "\(name): the records")
        }
    }

    static func read(_ bytes: [UInt8]) -> (records: [WALRecord], error: WALError?) {
        var reader = WALReader()
        var records: [WALRecord] = []
        reader.append(bytes)
        do {
            while let record = try reader.next() { records.append(record) }
            try reader.finish()
            return (records, nil)
        } catch {
            return (records, error)
        }
    }
}
