import Synchronization

/// How many retries a client may still make, so that a failing server does not get more calls than a healthy one.
final class RetryBudget: Sendable {
    private let maximum: Double
    private let ratio: Double
    private let tokens: Mutex<Double>

    init(_ policy: RetryPolicy) {
        maximum = policy.budget
        ratio = policy.budgetRatio
        tokens = Mutex(policy.budget)
    }

    /// A call went well.
    func credit() {
        tokens.withLock { $0 = min($0 + ratio, maximum) }
    }

    /// Takes one retry out of the budget; false when it is empty.
    func spend() -> Bool {
        tokens.withLock { tokens in
            guard tokens >= 1 else { return false }
            tokens -= 1
            return true
        }
    }
}
