import ConsensusTypes
import Dispatch
import Foundation
import Primitives
import Signing

/// Keeps blocks in a folder, one file for each height: the SHA-256 of the protobuf LightBlock, then the LightBlock.
///
/// A file is written beside its place, synchronised and renamed, so that a crash leaves the old state or the new one.
public final class FileTrustedStore: TrustedStore {
    /// A larger file is not read: 10,000 validators with their signatures take 2.5 MB.
    static let maximumFileBytes = 16 << 20
    private static let suffix = ".lightblock"

    private let folder: URL
    /// Files block; their work stays off the cooperative pool.
    private let queue = DispatchQueue(label: "haca.light-client.store")

    /// - Parameter folder: is made when it does not exist, open to its owner only.
    public init(folder: URL) throws(TrustedStoreError) {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .inaccessible("\(folder.path): \(error.localizedDescription)")
        }
    }

    public func save(_ block: LightBlock) async throws(TrustedStoreError) {
        let content = block.protobufBytes
        let bytes = SHA2.sha256(content).bytes + content
        let place = file(block.height)
        try await perform { () throws(TrustedStoreError) in try DurableFile.write(bytes, to: place) }
    }

    public func block(at height: Int64) async throws(TrustedStoreError) -> LightBlock? {
        let place = file(height)
        return try await perform { () throws(TrustedStoreError) in
            guard let bytes = try DurableFile.read(place, maximumBytes: Self.maximumFileBytes) else { return nil }
            let content = Array(bytes.dropFirst(Bytes32.count))
            guard bytes.count > Bytes32.count, SHA2.sha256(content).bytes == Array(bytes.prefix(Bytes32.count)),
                let block = try? LightBlock(protobuf: content), block.height == height
            else { throw .damaged(place.path) }
            return block
        }
    }

    public func heights() async throws(TrustedStoreError) -> [Int64] {
        let folder = folder
        return try await perform { () throws(TrustedStoreError) in try Self.heights(in: folder) }
    }

    public func prune(keeping count: Int) async throws(TrustedStoreError) {
        let folder = folder
        try await perform { () throws(TrustedStoreError) in
            for height in try Self.heights(in: folder).dropLast(max(0, count)) {
                try? FileManager.default.removeItem(at: folder.appending(path: "\(height)\(Self.suffix)"))
            }
        }
    }

    private func file(_ height: Int64) -> URL { folder.appending(path: "\(height)\(Self.suffix)") }

    private static func heights(in folder: URL) throws(TrustedStoreError) -> [Int64] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .filter { $0.hasSuffix(suffix) }
                .compactMap { Int64($0.dropLast(suffix.count)) }
                .sorted()
        } catch {
            throw .inaccessible("\(folder.path): \(error.localizedDescription)")
        }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable () throws(TrustedStoreError) -> Value
    ) async throws(TrustedStoreError) -> Value {
        let result: Result<Value, TrustedStoreError> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: work)) }
        }
        return try result.get()
    }
}

/// Files that are either the old or the new one after a crash.
private enum DurableFile {
    static func write(_ bytes: [UInt8], to place: URL) throws(TrustedStoreError) {
        let draft = place.appendingPathExtension("new")
        do {
            try Data(bytes).write(to: draft)
            let handle = try FileHandle(forWritingTo: draft)
            try handle.synchronize()
            try handle.close()
        } catch {
            throw .inaccessible("\(draft.path): \(error.localizedDescription)")
        }
        guard rename(draft.path, place.path) == 0 else {
            throw .inaccessible("\(place.path): \(String(cString: strerror(errno)))")
        }
        let folder = open(place.deletingLastPathComponent().path, O_RDONLY)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    /// Nil when there is no such file.
    static func read(_ place: URL, maximumBytes: Int) throws(TrustedStoreError) -> [UInt8]? {
        guard FileManager.default.fileExists(atPath: place.path) else { return nil }
        do {
            let handle = try FileHandle(forReadingFrom: place)
            defer { try? handle.close() }
            let bytes = try handle.read(upToCount: maximumBytes + 1) ?? Data()
            guard bytes.count <= maximumBytes else { throw TrustedStoreError.damaged(place.path) }
            return Array(bytes)
        } catch let error as TrustedStoreError {
            throw error
        } catch {
            throw .inaccessible("\(place.path): \(error.localizedDescription)")
        }
    }
}
