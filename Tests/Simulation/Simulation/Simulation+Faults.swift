import Replica

extension Fault {
    /// How long it lasts, what a killed node needs to come back included.
    var length: Int64 {
        switch self {
        case .kill(_, _, let downFor): downFor + 2_000 * Simulation.millisecond
        case .oneWayCut(_, _, let length), .partition(_, let length), .noise(_, _, let length),
            .slowness(_, let length), .skew(_, _, let length):
            length
        case .reset: 0
        case .fullDisk(_, let downFor): downFor
        }
    }
}

extension Simulation {
    func begin(_ fault: Fault) {
        switch fault {
        case .kill(let node, let count, let downFor): die(node, afterEffects: count, downFor: downFor)
        case .oneWayCut(let from, let to, _): cut(from, to, by: 1)
        case .partition(let side, _):
            for (left, right) in pairs(across: side) {
                cut(left, right, by: 1)
                cut(right, left, by: 1)
            }
        case .noise(let left, let right, _):
            for (from, to) in [(left, right), (right, left)] {
                change(from, to) {
                    $0.noises += 1
                    $0.wasNoisy = true
                }
            }
        case .reset(let left, let right): return reset(left, right)
        case .slowness(let delay, _): slowness += delay
        case .skew(let node, let offset, _): nodes[node].clockSkew = offset
        case .fullDisk(let node, _): nodes[node].disk.isFull = true
        }
        queue.add(.faultEnds(fault), at: now + fault.length)
    }

    func end(_ fault: Fault) {
        switch fault {
        case .kill(let node, _, let downFor):
            // A node with nothing to do has not died yet.
            if nodes[node].effectsToLive != nil { kill(node, downFor: downFor / 4) }
        case .oneWayCut(let from, let to, _): cut(from, to, by: -1)
        case .partition(let side, _):
            for (left, right) in pairs(across: side) {
                cut(left, right, by: -1)
                cut(right, left, by: -1)
            }
        case .noise(let left, let right, _):
            for (from, to) in [(left, right), (right, left)] { change(from, to) { $0.noises -= 1 } }
            reset(left, right)
        case .slowness(let delay, _): slowness -= delay
        case .skew(let node, _, _): nodes[node].clockSkew = 0
        case .fullDisk(let node, _):
            nodes[node].disk.isFull = false
            kill(node, downFor: 0)
        case .reset: break
        }
    }

    private func pairs(across side: Set<Int>) -> [(Int, Int)] {
        side.sorted().flatMap { left in nodes.indices.filter { !side.contains($0) }.map { (left, $0) } }
    }

    /// Messages are held while any fault cuts the direction, and go on in order afterwards.
    private func cut(_ from: Int, _ to: Int, by count: Int) {
        var released: [PeerMessage] = []
        change(from, to) { link in
            link.cuts += count
            if link.cuts == 0 {
                released = link.held
                link.held = []
            }
        }
        for message in released { send(message, from: from, to: to) }
    }
}
