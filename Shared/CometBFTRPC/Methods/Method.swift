import NIOPosix
import Primitives

/// What handlers work with.
struct MethodContext: Sendable {
    let view: any NodeView
    let events: EventBus
    /// Nil when indexing is off.
    let index: ChainIndex?
    let configuration: CometBFTRPCConfiguration

    /// Runs what blocks on the index's store on a thread that may wait.
    func withIndex<Result: Sendable>(
        _ kind: String, _ body: @escaping @Sendable (ChainIndex) throws -> Result
    ) async throws -> Result {
        guard let index else { throw MethodError.internal("\(kind) indexing is disabled") }
        return try await NIOThreadPool.singleton.runIfActive { try body(index) }
    }

    /// The height that an argument names, within what the node has.
    ///
    /// - Parameter beyond: how far above the latest block the answer is known.
    func height(_ requested: Int64?, beyond: Int64 = 0) async throws -> Int64 {
        let range = try await view.blockRange()
        guard let requested else { return range.latest + beyond }
        guard requested > 0 else {
            throw MethodError.internal("height must be greater than 0, but got \(requested)")
        }
        guard requested <= range.latest + beyond else {
            throw MethodError.internal(
                "height \(requested) must be less than or equal to the current blockchain height "
                    + "\(range.latest + beyond)")
        }
        guard requested >= range.base else {
            throw MethodError.internal("height \(requested) is not available, lowest height is \(range.base)")
        }
        return requested
    }
}

/// One entry of the RPC: its name, its parameters in order, and what it does.
struct Method: Sendable {
    let name: String
    let parameters: [String]
    let run: @Sendable (MethodContext, MethodArguments) async throws -> JSON

    init(
        _ name: String, _ parameters: [String] = [],
        run: @escaping @Sendable (MethodContext, MethodArguments) async throws -> JSON
    ) {
        self.name = name
        self.parameters = parameters
        self.run = run
    }
}

/// All methods by name.
struct MethodTable: Sendable {
    let methods: [Method]
    private let positions: [String: Int]

    /// - Parameter includesUnsafe: whether the operator opted into methods that steer the node.
    init(includesUnsafe: Bool) {
        methods =
            Method.information + Method.chain + Method.consensus + Method.transactions + Method.application
            + (includesUnsafe ? Method.unsafe : [])
        positions = Dictionary(uniqueKeysWithValues: methods.enumerated().map { ($1.name, $0) })
    }

    subscript(_ name: String) -> Method? { positions[name].map { methods[$0] } }

    /// Carries out a call. What a handler throws becomes an internal error.
    func run(_ name: String, _ arguments: MethodArguments, in context: MethodContext) async -> Result<
        [UInt8], MethodError
    > {
        guard let method = self[name] else { return .failure(.methodNotFound) }
        do {
            return .success(try await method.run(context, try arguments.named(method.parameters)).encoded())
        } catch let error as MethodError {
            return .failure(error)
        } catch {
            return .failure(.internal("\(error)"))
        }
    }
}

/// A page of a list, counted from 1.
struct Page {
    let range: Range<Int>

    static let standardSize = 30
    static let maximumSize = 100

    /// Sizes out of range become the standard or the maximum, as in the reference; pages out of range are errors.
    init(_ arguments: MethodArguments, total: Int) throws(MethodError) {
        let requested = try arguments.integer("per_page")
        let size: Int
        switch requested {
        case nil, .some(..<1): size = Self.standardSize
        case let wanted?: size = Int(min(wanted, Int64(Self.maximumSize)))
        }
        let pages = max(1, (total + size - 1) / size)
        let page = try arguments.integer("page") ?? 1
        guard (1...Int64(pages)).contains(page) else {
            throw .internal("page should be within [1, \(pages)] range, given \(page)")
        }
        let start = (Int(page) - 1) * size
        range = start..<min(start + size, total)
    }
}
