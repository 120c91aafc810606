#if canImport(Glibc)
    import Glibc
#endif

/// What the allocator does with buffers that were freed.
///
/// A frame of 64 KiB makes buffers of 128 KiB. glibc gives memory of that size back to the kernel at every free and takes
/// it anew, zeroed page by page, at every allocation: half of the time of a stream of large messages (measured). So up to
/// `limit` bytes of freed memory stay with the process, per thread that allocates.
enum FreedMemory {
    private static let limit: CInt = 32 << 20
    /// `M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of glibc's malloc.h, which the Glibc module leaves out.
    private static let trimThreshold: CInt = -1
    private static let mapThreshold: CInt = -3

    /// Settles it for the process, once; false where the C library is another.
    static let isKept: Bool = {
        #if canImport(Glibc)
            typealias SetOption = @convention(c) (CInt, CInt) -> CInt
            guard let symbol = dlsym(nil, "mallopt") else { return false }
            let setOption = unsafeBitCast(symbol, to: SetOption.self)
            return setOption(mapThreshold, limit) == 1 && setOption(trimThreshold, limit) == 1
        #else
            return false
        #endif
    }()
}
