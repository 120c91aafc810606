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
    var inbox: [ReplicaInput] = []
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
