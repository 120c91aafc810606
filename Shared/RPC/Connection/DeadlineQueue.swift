import NIOCore

/// Streams by deadline: a binary heap whose entries are forgotten lazily, because most calls end before their deadline.
struct DeadlineQueue {
    private struct Entry {
        let deadline: NIODeadline
        let stream: RPCStream
    }

    private var heap: [Entry] = []
    /// Entries whose call has ended.
    private var stale = 0

    /// The earliest deadline.
    var first: NIODeadline? { heap.first?.deadline }

    mutating func add(_ stream: RPCStream, at deadline: NIODeadline) {
        heap.append(Entry(deadline: deadline, stream: stream))
        siftUp(heap.count - 1)
    }

    /// Notes that a stream with a deadline has ended; sweeps once half of the entries are such.
    mutating func forgetOne() {
        stale += 1
        guard stale > 64, stale * 2 > heap.count else { return }
        heap.removeAll { $0.stream.isFinished }
        for index in stride(from: heap.count / 2, through: 0, by: -1) where index < heap.count { siftDown(index) }
        stale = 0
    }

    /// Takes a stream whose deadline has passed.
    mutating func popExpired(at now: NIODeadline) -> RPCStream? {
        guard let top = heap.first, top.deadline <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        if top.stream.isFinished { stale = max(stale - 1, 0) }
        return top.stream
    }

    mutating func removeAll() {
        heap.removeAll()
        stale = 0
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].deadline < heap[smallest].deadline { smallest = child }
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
