/// Looks for stop strings in text that arrives in parts, and holds back what may still become one.
///
/// The match that is complete first wins; of those that are complete with the same byte, the longest. So the result does not
/// depend on how the text is cut. Strings are compared byte by byte: é in one scalar is not é in two.
public struct StopMatcher: Sendable {
    /// The stop string that was found; nil as long as none is.
    public private(set) var match: String?

    /// Longest first.
    private let stops: [[UInt8]]
    /// The end of the text so far: the longest part that begins a stop string.
    private var held: [UInt8] = []

    /// Empty stop strings are left out: they would match everywhere.
    public init(stops: [String]) {
        self.stops = stops.map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
    }

    /// Takes the next part of the text, and returns what can be shown of it and of what was held back: all up to the first stop
    /// string, or up to what may become one. Nothing is returned after a match.
    public mutating func append(_ text: String) -> String {
        guard match == nil else { return "" }
        if stops.isEmpty { return text }
        for byte in text.utf8 {
            held.append(byte)
            guard let stop = stops.first(where: { held.ends(with: $0) }) else { continue }
            match = String(decoding: stop, as: UTF8.self)
            held.removeLast(stop.count)
            return finish()
        }
        let shown = held.count - unfinished()
        defer { held.removeSubrange(..<shown) }
        return String(decoding: held[..<shown], as: UTF8.self)
    }

    /// Ends the text: returns what is still held back, which has become no stop string.
    public mutating func finish() -> String {
        defer { held.removeAll(keepingCapacity: true) }
        return String(decoding: held, as: UTF8.self)
    }

    /// How many bytes at the end of `held` begin a stop string.
    private func unfinished() -> Int {
        let longest = (stops.first?.count ?? 1) - 1
        return (0...min(longest, held.count)).last { count in stops.contains { $0.starts(with: held.suffix(count)) } } ?? 0
    }
}

extension [UInt8] {
    fileprivate func ends(with end: [UInt8]) -> Bool { count >= end.count && self[(count - end.count)...].elementsEqual(end) }
}
