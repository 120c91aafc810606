import ABCI
import Consensus
import ConsensusTypes
import Primitives
import Replica

/// One process of a simulation: a replica with its disk and application.
struct SimulatedNode {
    let id: PeerID
    /// Whose key it holds; twins share one.
    let validator: Int
    let betrayal: Betrayal?
    let configuration: ReplicaConfiguration
    var disk = SimulatedDisk()
    var application: SimulatedApplication
    /// Nil while the process is down, and always for a puppet.
    var replica: Replica?
    /// Counts the process's lives; what was meant for an earlier one is dropped.
    var life = 0
    var timers: [TimerID: Int] = [:]
    var timerGeneration = 0
    /// The node dies after so many more effects.
    var effectsToLive: Int?
    var downFor: Int64 = 0
    var clockSkew: Int64 = 0
    var diskIsFreeAt: Int64 = 0
    var applicationIsFreeAt: [ABCIConnection: Int64] = [:]

    var isHonest: Bool { betrayal == nil }
    var isPuppet: Bool { betrayal == .puppet }
    var isUp: Bool { isPuppet || replica != nil }
    var height: Int64 { replica?.state.lastBlockHeight ?? 0 }
}

/// One direction of a connection.
struct SimulatedLink {
    /// Messages sent before the link last changed are dropped.
    var epoch = 0
    var isUp = false
    /// How many faults hold messages back.
    var cuts = 0
    var noises = 0
    /// A fault has garbled something since the link came up.
    var wasNoisy = false
    var held: [PeerMessage] = []
    var lastArrival: Int64 = 0
}
