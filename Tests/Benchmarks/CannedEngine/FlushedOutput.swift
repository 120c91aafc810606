#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Standard output is fully buffered when it is a pipe; the process that waits for the port needs the line now.
enum FlushedOutput {
    static func flush() {
        fflush(nil)
    }
}
