import FaultProxy
import ServiceKit

/// The links between a network's validators: one proxy for each pair and direction of connecting, so that they can be cut
/// and slowed without any rights.
struct TestnetLinks: Sendable {
    private struct Link: Sendable {
        let from: String
        let to: String
        let port: Int
        let proxy: LinkProxy
    }

    private let links: [Link]

    /// Starts to listen; the validators need not run yet.
    init(_ validators: [TestnetDescription.Member]) async throws(ServiceFailure) {
        var links: [Link] = []
        for from in validators {
            for to in validators where to.name != from.name {
                let proxy = LinkProxy(host: "127.0.0.1", port: to.peerPort ?? 0)
                do {
                    links.append(Link(from: from.name, to: to.name, port: try await proxy.start(), proxy: proxy))
                } catch {
                    throw ServiceFailure(.cannotCreate, "a link between validators cannot listen: \(error)")
                }
            }
        }
        self.links = links
    }

    /// Where one validator reaches another.
    func port(from: String, to: String) -> Int? { links.first { $0.from == from && $0.to == to }?.port }

    /// Applies faults to every link.
    func set(_ faults: LinkFaults) {
        for link in links { link.proxy.faults = faults }
    }

    /// Applies faults to the links of one validator. `forward` is what happens to what it sends, `backward` to what it
    /// receives, whoever connected.
    func set(_ faults: LinkFaults, of name: String) {
        for link in links {
            if link.from == name { link.proxy.faults = faults }
            if link.to == name {
                link.proxy.faults = LinkFaults(forward: faults.backward, backward: faults.forward)
            }
        }
    }

    /// What is wrong with a validator's links, in a word; nil when they are whole.
    func state(of name: String) -> String? {
        let faults = links.filter { $0.from == name || $0.to == name }.map(\.proxy.faults)
        guard faults.contains(where: { $0 != .none }) else { return nil }
        let cut = faults.count { $0.forward.isCut || $0.backward.isCut }
        if cut == faults.count { return "cut off" }
        return cut > 0 ? "partly cut" : "slow"
    }

    func stop() async {
        for link in links { await link.proxy.stop() }
    }
}

/// Faults as a command asks for them.
struct RequestedFaults: Codable, Sendable {
    /// What the validator sends does not arrive.
    var cutsSent = false
    /// What is sent to the validator does not arrive.
    var cutsReceived = false
    /// Milliseconds that everything takes longer, each way.
    var latency = 0
    /// Bytes a second that pass, each way; nil: as many as come.
    var rate: Int?

    var faults: LinkFaults {
        func fault(_ isCut: Bool) -> LinkFault {
            LinkFault(isCut: isCut, latency: .milliseconds(latency), bytesPerSecond: rate)
        }
        return LinkFaults(forward: fault(cutsSent), backward: fault(cutsReceived))
    }
}
