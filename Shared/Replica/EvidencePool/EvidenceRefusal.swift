import ConsensusTypes
import Primitives

/// Why evidence is not taken (spec 11).
public enum EvidenceRefusal: Error, Sendable, Hashable {
    /// This node has no block of the height.
    case unknownHeight(Int64)
    /// Its time is not the block's.
    case wrongTime
    case expired
    case alreadyCommitted
    /// Twice in one block.
    case repeated
    case invalid(EvidenceError)
    /// The pool is full.
    case full
    /// This node's store cannot be read.
    case unreadable(String)
}
