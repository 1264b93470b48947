/// How kernels go about their work where processors with the same instructions want it done differently. The bits of the results
/// don't depend on it. `Kernels` has the rule by which it is chosen.
public struct Tuning: Equatable, Sendable {
    /// The codes of a strip of weights are unpacked once for all tokens of a chunk, in memory of the thread's own
    /// (``KernelSet/unpackedStripBytes``), instead of in registers for some tokens at a time.
    public var unpacksStrips: Bool

    /// A product of one token asks for every cache line of the weights some time before it reads it, instead of for one per tile of
    /// codes, and none of floats, and leaving the others to the processor.
    public var asksForEachLine: Bool

    /// A way to go about the work.
    public init(unpacksStrips: Bool, asksForEachLine: Bool) {
        self.unpacksStrips = unpacksStrips
        self.asksForEachLine = asksForEachLine
    }

    /// `none`, `strips`, `lines` or `strips,lines`: what it does.
    public var name: String {
        let names = [unpacksStrips ? "strips" : nil, asksForEachLine ? "lines" : nil].compactMap(\.self)
        return names.isEmpty ? "none" : names.joined(separator: ",")
    }

    /// The tuning with that ``name``, or nil.
    public init?(name: String) {
        guard let tuning = Tuning.all.first(where: { $0.name == name }) else { return nil }
        self = tuning
    }

    /// All of them.
    public static let all = [false, true].flatMap { unpacks in
        [false, true].map { Tuning(unpacksStrips: unpacks, asksForEachLine: $0) }
    }
}
