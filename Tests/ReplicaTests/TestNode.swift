import ABCI
import Consensus
import ConsensusTypes
import KeyValueStore
import Primitives
import Replica

/// One node of a test cluster: replica, disk and application.
struct TestNode {
    let id: PeerID
    let key: ValidatorKey?
    var configuration: ReplicaConfiguration
    var disk = TestDisk()
    var application = TestApplication()
    var replica: Replica?
    /// Effects that are carried out one by one; completions queue behind them.
    var inbox: InputQueue = []
    var timers: [TimerID: Int64] = [:]
    var connected: Set<PeerID> = []
    var dropped: [PeerID: DisconnectReason] = [:]
    var events: [ReplicaEvent] = []
    var replies: [SubmissionID: SubmissionReply] = [:]
    /// Every vote and proposal this key released to anybody, over all restarts.
    var released: [ConsensusMessage] = []

    var height: Int64 { replica?.state.lastBlockHeight ?? 0 }
    var isUp: Bool { replica != nil }
}

/// Inputs in order; taking the first one does not move the others.
struct InputQueue: ExpressibleByArrayLiteral {
    private var inputs: [ReplicaInput]
    private var head = 0

    init(arrayLiteral elements: ReplicaInput...) { inputs = elements }

    var isEmpty: Bool { head == inputs.count }

    mutating func append(_ input: ReplicaInput) { inputs.append(input) }

    mutating func putFirst(_ input: ReplicaInput) { inputs.insert(input, at: head) }

    mutating func removeFirst() -> ReplicaInput {
        defer {
            head += 1
            if head == inputs.count {
                inputs.removeAll(keepingCapacity: true)
                head = 0
            }
        }
        return inputs[head]
    }
}
