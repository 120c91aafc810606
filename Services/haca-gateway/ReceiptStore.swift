import Inference
import Primitives
import Synchronization

/// What a receipt bundle needs beside the gateway's own document.
struct StoredReceipt: Sendable {
    let signature: CompatibleSignature
    let receipt: SignedReceipt
    let workerDocument: [UInt8]
}

/// The newest receipts by message hash, bounded in number and age.
final class ReceiptStore: Sendable {
    private struct State {
        var receipts: [Bytes32: (receipt: StoredReceipt, keptAt: UInt64)] = [:]
        /// A ring of the hashes in order of arrival.
        var order: [Bytes32] = []
        var oldest = 0
    }
    private let state = Mutex(State())
    private let capacity: Int
    private let lifetimeMilliseconds: UInt64

    init(capacity: Int, lifetimeMilliseconds: UInt64) {
        self.capacity = capacity
        self.lifetimeMilliseconds = lifetimeMilliseconds
    }

    func keep(_ receipt: StoredReceipt, at time: UInt64) {
        guard capacity > 0 else { return }
        let hash = receipt.signature.messageHash
        state.withLock { state in
            guard state.receipts.updateValue((receipt, time), forKey: hash) == nil else { return }
            if state.order.count < capacity {
                state.order.append(hash)
            } else {
                state.receipts[state.order[state.oldest]] = nil
                state.order[state.oldest] = hash
                state.oldest = (state.oldest + 1) % capacity
            }
        }
    }

    func receipt(_ messageHash: Bytes32, at time: UInt64) -> StoredReceipt? {
        state.withLock { state in
            guard let found = state.receipts[messageHash], found.keptAt + lifetimeMilliseconds >= time else {
                return nil
            }
            return found.receipt
        }
    }
}
