import Foundation

/// Lets one thread sleep until another has something for it, or until a moment passes. Signals are not counted: one that
/// comes while the thread is awake makes its next wait return at once.
///
/// `@unchecked Sendable`: the flag is only touched while the mutex is held.
final class ThreadSignal: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isSignalled = false

    init() {
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        // The time of day may jump; waiting must not.
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func signal() {
        pthread_mutex_lock(mutex)
        isSignalled = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    /// - Parameter limit: how long to wait at most; nil: until a signal comes.
    func wait(atMost limit: Duration?) {
        var deadline = timespec()
        if let limit {
            clock_gettime(CLOCK_MONOTONIC, &deadline)
            let (seconds, attoseconds) = max(limit, .zero).components
            deadline.tv_sec += Int(clamping: seconds)
            deadline.tv_nsec += Int(attoseconds / 1_000_000_000)
            if deadline.tv_nsec >= 1_000_000_000 {
                deadline.tv_sec += 1
                deadline.tv_nsec -= 1_000_000_000
            }
        }
        pthread_mutex_lock(mutex)
        while !isSignalled {
            if limit != nil {
                if pthread_cond_timedwait(condition, mutex, &deadline) != 0 { break }
            } else {
                pthread_cond_wait(condition, mutex)
            }
        }
        isSignalled = false
        pthread_mutex_unlock(mutex)
    }
}
