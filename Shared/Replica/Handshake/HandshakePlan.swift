/// How a starting node brings its application to where the chain is (spec 12.5).
public struct HandshakePlan: Sendable, Hashable {
    /// The application knows nothing: InitChain comes first.
    public var initialisesChain: Bool
    /// Stored blocks to execute on the application alone; the node's state is past them.
    public var replay: ClosedRange<Int64>?
    /// What is still to be done with the newest block.
    public var last: LastBlock

    public enum LastBlock: Sendable, Hashable {
        /// The state includes it.
        case applied
        /// Execute it, then store the state.
        case apply(Int64)
        /// The application has committed it; the state is computed from the stored response.
        case applyStoredResponse(Int64)
    }

    /// Why there is no way to bring node and application together.
    public enum Refusal: Error, Sendable, Hashable {
        /// The application is past the newest stored block.
        case applicationAhead(application: Int64, store: Int64)
        /// The blocks that the application lacks are pruned.
        case blocksPruned(application: Int64, base: Int64)
        /// The state is neither at the newest block nor one before it.
        case stateOutOfStep(state: Int64, store: Int64)
        case negativeHeight(Int64)
    }

    /// - Parameters:
    ///   - application: the last height the application has committed; 0 for none.
    ///   - store: the newest stored block; 0 for none.
    ///   - state: the last block that the state includes; 0 for none.
    ///   - base: the oldest stored block.
    ///   - initialHeight: of the chain.
    public init(
        application: Int64, store: Int64, state: Int64, base: Int64, initialHeight: Int64
    ) throws(Refusal) {
        guard application >= 0 else { throw .negativeHeight(application) }
        guard store == state || store == Self.following(state, initialHeight) else {
            throw .stateOutOfStep(state: state, store: store)
        }
        guard application <= store else { throw .applicationAhead(application: application, store: store) }
        initialisesChain = application == 0
        replay = nil
        last = .applied
        guard store > 0 else { return }
        let next = Self.following(application, initialHeight)
        guard next >= base || application == store else {
            throw .blocksPruned(application: application, base: base)
        }
        if next <= state { replay = next...state }
        if store > state { last = application == store ? .applyStoredResponse(store) : .apply(store) }
    }

    private static func following(_ height: Int64, _ initialHeight: Int64) -> Int64 {
        height == 0 ? initialHeight : height + 1
    }
}
