import ConsensusTypes
import Foundation
import LightClient
import Testing

@Suite("Trusted stores")
struct TrustedStoreTests {
    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("haca-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func checkContract(_ store: any TrustedStore) async throws {
        let chain = try TestChain(count: 12)
        #expect(try await store.heights().isEmpty)
        for height: Int64 in [12, 3, 7, 10] { try await store.save(chain[height]) }
        #expect(try await store.heights() == [3, 7, 10, 12])
        #expect(try await store.block(at: 7) == chain[7])
        #expect(try await store.block(at: 8) == nil)
        try await store.save(chain[7])
        try await store.prune(keeping: 2)
        #expect(try await store.heights() == [10, 12])
        try await store.prune(keeping: 5)
        #expect(try await store.heights() == [10, 12])
    }

    @Test func `memory keeps the highest blocks`() async throws { try await checkContract(MemoryTrustedStore()) }

    @Test func `a folder keeps the highest blocks, and gives them back when it is opened again`() async throws {
        try await withFolder { folder in
            try await checkContract(FileTrustedStore(folder: folder))
            let again = try FileTrustedStore(folder: folder)
            #expect(try await again.block(at: 12) == TestChain(count: 12)[12])
        }
    }

    @Test func `a damaged or misplaced file is reported, not believed`() async throws {
        try await withFolder { folder in
            let chain = try TestChain(count: 3)
            let store = try FileTrustedStore(folder: folder)
            try await store.save(chain[2])
            let file = folder.appending(path: "2.lightblock")
            let content = try Data(contentsOf: file)
            try content.write(to: folder.appending(path: "3.lightblock"))
            await #expect(throws: TrustedStoreError.self) { try await store.block(at: 3) }
            for position in [0, 40, content.count - 1] {
                var damaged = content
                damaged[position] ^= 1
                try damaged.write(to: file)
                await #expect(throws: TrustedStoreError.self) { try await store.block(at: 2) }
            }
            try content.dropLast(5).write(to: file)
            await #expect(throws: TrustedStoreError.self) { try await store.block(at: 2) }
            try content.write(to: file)
            #expect(try await store.block(at: 2) == chain[2])
        }
    }

    @Test func `what a crash left half written is not looked at`() async throws {
        try await withFolder { folder in
            let store = try FileTrustedStore(folder: folder)
            try Data([1, 2, 3]).write(to: folder.appending(path: "5.lightblock.new"))
            try Data().write(to: folder.appending(path: "notes.txt"))
            #expect(try await store.heights().isEmpty)
            #expect(try await store.block(at: 5) == nil)
        }
    }
}
