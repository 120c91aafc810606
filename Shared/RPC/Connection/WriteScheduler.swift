import DequeModule

/// Whose bytes go next: deficit round robin over the four priorities, round robin among the streams of one.
///
/// A priority's turn is worth a quantum, so a vote waits for at most one quantum of each other priority and never for the
/// end of a blob.
struct WriteScheduler {
    /// Bytes of one turn.
    static let quantum = 16 << 10

    private struct Lane {
        var streams = Deque<RPCStream>()
        var deficit = 0
    }

    /// In the order of their turns: critical, high, normal, bulk.
    private var lanes: [Lane] = Array(repeating: Lane(), count: 4)
    private var turn = 0
    private var count = 0

    private static func lane(of priority: CallPriority) -> Int {
        switch priority {
        case .critical: 0
        case .high: 1
        case .normal: 2
        case .bulk: 3
        }
    }

    var isEmpty: Bool { count == 0 }

    /// Puts a stream at the end of its lane, unless it stands there already.
    mutating func add(_ stream: RPCStream) {
        guard !stream.isScheduled else { return }
        stream.isScheduled = true
        lanes[Self.lane(of: stream.priority)].streams.append(stream)
        count += 1
    }

    /// Takes the stream whose turn it is, with the largest frame it may send, bytes.
    mutating func next(maximumFrame: Int) -> (stream: RPCStream, frame: Int)? {
        guard count > 0 else { return nil }
        while true {
            if lanes[turn].deficit > 0, let stream = lanes[turn].streams.popFirst() {
                count -= 1
                stream.isScheduled = false
                // Alone, a stream may fill whole frames: nobody waits for it.
                return (stream, count == 0 ? maximumFrame : min(maximumFrame, Self.quantum))
            }
            if lanes[turn].streams.isEmpty { lanes[turn].deficit = 0 }
            turn = (turn + 1) % 4
            if !lanes[turn].streams.isEmpty { lanes[turn].deficit = min(lanes[turn].deficit, 0) + Self.quantum }
        }
    }

    /// Books what a stream of a priority has sent, bytes.
    mutating func charge(_ priority: CallPriority, _ bytes: Int) {
        let lane = Self.lane(of: priority)
        lanes[lane].deficit = max(lanes[lane].deficit - bytes, -Self.quantum)
    }

    mutating func removeAll() {
        for index in lanes.indices {
            for stream in lanes[index].streams { stream.isScheduled = false }
            lanes[index] = Lane()
        }
        count = 0
    }
}
