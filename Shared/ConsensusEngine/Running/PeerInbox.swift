import Replica

/// Puts what peers do into the replica's inbox.
struct PeerInbox: PeerEvents {
    let inbox: ReplicaInbox

    func peerConnected(_ peer: PeerConnection) { inbox.put(.input(.peerConnected(peer.id))) }

    func peerDisconnected(_ peer: PeerConnection, reason: PeerError) {
        inbox.put(.input(.peerDisconnected(peer.id)))
    }

    func peerSent(_ message: [UInt8], on channel: PeerChannel, by peer: PeerConnection) throws(PeerError) {
        let decoded = try PeerMessageCoding.decode(message, on: channel)
        inbox.put(decoded, from: peer, channel: channel, bytes: message.count)
    }

    func peerWrote(_ peer: PeerConnection) { inbox.put(.written(peer)) }
}
