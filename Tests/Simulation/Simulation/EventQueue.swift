/// Future events, earliest first; events of one moment in the order they were added.
struct EventQueue<Event> {
    private struct Entry {
        var at: Int64
        var sequence: Int
        var event: Event

        func isBefore(_ other: Entry) -> Bool { (at, sequence) < (other.at, other.sequence) }
    }

    private var heap: [Entry] = []
    private var sequence = 0

    var isEmpty: Bool { heap.isEmpty }

    mutating func add(_ event: Event, at time: Int64) {
        heap.append(Entry(at: time, sequence: sequence, event: event))
        sequence += 1
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() -> (at: Int64, event: Event)? {
        guard let last = heap.popLast() else { return nil }
        guard let first = heap.first else { return (last.at, last.event) }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            guard least != parent else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (first.at, first.event)
    }
}
