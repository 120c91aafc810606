import Primitives
import Synchronization

/// An event on its way to subscribers. Its JSON is made once, by the first that sends it.
package final class PublishedEvent: Sendable {
    package let event: NodeEvent
    let keys: EventKeys
    private let encoded = Mutex<(data: [UInt8], events: [UInt8])?>(nil)

    init(_ event: NodeEvent) {
        self.event = event
        keys = event.keys
    }

    /// `{"query":…,"data":…,"events":…}`.
    ///
    /// - Parameter query: as the client wrote it, by which the reference's own client finds its subscription.
    func result(query: String) -> [UInt8] {
        let (data, events) = encoded.withLock { encoded in
            if let encoded { return encoded }
            let fresh = (data: event.cometJSON.encoded(), events: keys.json.encoded())
            encoded = fresh
            return fresh
        }
        var output = Array(#"{"query":"#.utf8)
        output += JSON(query).encoded()
        output += #","data":"#.utf8
        output += data
        output += #","events":"#.utf8
        output += events
        output.append(UInt8(ascii: "}"))
        return output
    }
}
