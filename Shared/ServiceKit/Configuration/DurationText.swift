/// Durations as operators write them: `250ms`, `20s`, `1m30s`, `2h`, `30d`.
public enum DurationText {
    private static let units: [(suffix: String, duration: Duration)] = [
        ("d", .seconds(86_400)), ("h", .seconds(3_600)), ("m", .seconds(60)), ("s", .seconds(1)),
        ("ms", .milliseconds(1)), ("us", .microseconds(1)), ("ns", .nanoseconds(1)),
    ]

    /// Nil unless `text` is one or more whole numbers, each with a unit, none of which overflows.
    public static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        var total = Duration.zero
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let letters = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[letters.endIndex...]
            // A million years in every unit stays far inside Duration's 128 bits.
            guard let count = Int64(digits), count <= 1_000_000_000_000_000,
                let unit = units.first(where: { $0.suffix == letters })
            else { return nil }
            total += unit.duration * count
        }
        return total
    }

    /// The shortest text that `parse` reads back to the same duration.
    public static func format(_ duration: Duration) -> String {
        guard duration > .zero else { return "0s" }
        var (seconds, attoseconds) = duration.components
        var text = ""
        for (suffix, size) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60), ("s", 1)] where seconds >= size {
            text += "\(seconds / size)\(suffix)"
            seconds %= size
        }
        for (suffix, size) in [("ms", Int64(1_000_000_000_000_000)), ("us", 1_000_000_000_000), ("ns", 1_000_000_000)]
        where attoseconds >= size {
            text += "\(attoseconds / size)\(suffix)"
            attoseconds %= size
        }
        return text.isEmpty ? "0s" : text
    }
}
