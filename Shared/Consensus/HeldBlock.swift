import ConsensusTypes

/// A whole block with its parts and the id that votes name it by. The block is immutable and shared.
public struct HeldBlock: Sendable, Hashable {
    public let block: Block
    public let parts: PartSet
    public let id: BlockID

    /// Nil when the block's hash is undefined or the parts are not whole.
    /// - Parameter parts: the block's own encoding, cut.
    public init?(block: Block, parts: PartSet) {
        guard let hash = block.hash, parts.isComplete else { return nil }
        self.block = block
        self.parts = parts
        id = BlockID(hash: hash, partSetHeader: parts.header)
    }

    public static func == (left: HeldBlock, right: HeldBlock) -> Bool { left.id == right.id }

    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
