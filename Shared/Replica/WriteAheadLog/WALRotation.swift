/// When the log starts a new file and which old files go (spec 12.1). Pure: the driver does what it answers.
public struct WALRotation: Sendable, Hashable {
    /// The file being written is closed when it has this many bytes.
    public var headLimit: Int
    /// All files together have at most this many bytes; the oldest go first.
    public var totalLimit: Int

    public static let standard = WALRotation(headLimit: 10 << 20, totalLimit: 1 << 30)

    public init(headLimit: Int, totalLimit: Int) {
        self.headLimit = headLimit
        self.totalLimit = totalLimit
    }

    /// Whether the head file is to be closed now. Ask after appending, never in the middle of a record.
    public func rotates(headBytes: Int) -> Bool { headBytes >= headLimit }

    /// How many of the oldest closed files to delete.
    ///
    /// - Parameters:
    ///   - closedBytes: sizes of the closed files, oldest first.
    ///   - lastEndHeightFile: index of the closed file that holds the last `endHeight`; it and younger files stay, because a
    ///     restart reads from there. Nil when the head file holds it.
    public func filesToDelete(closedBytes: [Int], headBytes: Int, lastEndHeightFile: Int?) -> Int {
        var total = closedBytes.reduce(headBytes, +)
        var deleted = 0
        let deletable = lastEndHeightFile ?? closedBytes.count
        while deleted < deletable, total > totalLimit {
            total -= closedBytes[deleted]
            deleted += 1
        }
        return deleted
    }
}
