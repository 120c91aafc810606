/// The path under which a process opens a file that it has open already: the same file, whatever its own path names by now.
public enum DescriptorPath {
    public static func of(_ descriptor: CInt) -> String { "/proc/self/fd/\(descriptor)" }
}
