import ArgumentParser
import Benchmark
import CommandSupport
import KernelTypes
import Kernels
import ModelArguments
import RGEdge

/// `rg-edge bench`: how fast a model or the kernels are, beside what the machine could do.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures speed, beside what the machine can do.",
        discussion: """
            Tests are named as llama-bench names them: pp256 feeds a prompt of 256 tokens, tg64 feeds 64 tokens one by one, \
            '@ d2048' means after 2048 others. Read bandwidth and arithmetic peak are measured before and after each test. \
            Lists are separated by commas.

            Examples:
              rg-edge bench
              rg-edge bench -p 256 -n 64 -r 3 -t 1,2 -o json
              rg-edge bench --kernels-only
            """)

    @OptionGroup var file: ModelFileArgument

    @Option(
        name: [.customShort("p"), .customLong("n-prompt")],
        help: ArgumentHelp("Tokens of a prompt; 0 for no such test.", valueName: "list"))
    var prompts = CountList([256])

    @Option(
        name: [.customShort("n"), .customLong("n-gen")],
        help: ArgumentHelp("Tokens to generate; 0 for no such test.", valueName: "list"))
    var generations = CountList([64])

    @Option(
        name: [.customShort("d"), .customLong("n-depth")],
        help: ArgumentHelp("Tokens to feed before each test.", valueName: "list"))
    var depths = CountList([0])

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Threads. (default: one per core that may be used)", valueName: "list"))
    var threads: CountList?

    @Option(name: .shortAndLong, help: ArgumentHelp("How often to run each test.", valueName: "count"))
    var repetitions = 5

    @Option(name: .shortAndLong, help: "How to write the report.")
    var output = ReportFormat.md

    @OptionGroup var set: KernelsArgument

    @OptionGroup var memory: MemoryArguments

    @Flag(help: "Measure the kernels of matrices in RecurrentGemma-2B's shapes, without a model.")
    var kernelsOnly = false

    @Option(
        help: ArgumentHelp(
            "With --kernels-only, how kernels go about it: 'strips' unpacks weights once for all tokens of a chunk, 'lines' asks for each "
                + "cache line ahead, 'strips,lines' does both, 'none' neither. (default: what 'rg-edge info --cpu' shows)",
            valueName: "way"))
    var tuning: Tuning?

    @Flag(help: "Show where the time of each test goes, by operation, instead of speeds.")
    var profile = false

    @Flag(help: "Measure what it takes to copy a session, to keep it in a file and to bring it back, at the positions of -d.")
    var sessions = false

    @OptionGroup(title: "Answers of a given form, measured beside free text") var form: ConstraintArguments

    @Option(help: ArgumentHelp("Measure so many sessions that generate at once, in common passes.", valueName: "list"))
    var sessionsAtOnce: CountList?

    @Option(
        help: ArgumentHelp(
            "Feed this many tokens and show, at 100 positions, what a token takes in time and memory.", valueName: "tokens"))
    var length: Int?

    @Option(
        help: ArgumentHelp("The text to feed for --length, over and over. (default: random tokens)", valueName: "file"),
        completion: .file())
    var text: String?

    private static let tokenLimit = 1 << 20
    private static let depthLimit = 1 << 32
    private static let sessionLimit = 1024

    func validate() throws {
        try check(prompts, "--n-prompt", 0...Self.tokenLimit)
        try check(generations, "--n-gen", 0...Self.tokenLimit)
        try check(depths, "--n-depth", 0...Self.depthLimit)
        if let threads { try check(threads, "--threads", 1...Model.Options.threadLimit) }
        if !(1...1000).contains(repetitions) { throw ValidationError("--repetitions must be 1 to 1000, not \(repetitions)") }
        if kernelsOnly, file.model != nil { throw ValidationError("--kernels-only goes without a model file") }
        if tuning != nil, !kernelsOnly { throw ValidationError("--tuning goes with --kernels-only") }
        if kernelsOnly, profile { throw ValidationError("--profile needs a model, and so goes without --kernels-only") }
        if [kernelsOnly, profile, sessions, length != nil, sessionsAtOnce != nil, form.isGiven].count(where: { $0 }) > 1 {
            throw ValidationError(
                "--kernels-only, --profile, --sessions, --sessions-at-once, --length and the form of answers each go alone")
        }
        if let sessionsAtOnce { try check(sessionsAtOnce, "--sessions-at-once", 1...Self.sessionLimit) }
        if let length, !(1...Self.depthLimit).contains(length) {
            throw ValidationError("--length must be 1 to \(Self.depthLimit), not \(length)")
        }
        if text != nil, length == nil { throw ValidationError("--text goes with --length") }
        if !kernelsOnly, tests.isEmpty { throw ValidationError("Nothing to measure: both -p and -n are 0") }
    }

    private func check(_ list: CountList, _ option: String, _ range: ClosedRange<Int>) throws {
        if let count = list.counts.first(where: { !range.contains($0) }) {
            throw ValidationError("\(option) must be \(range.lowerBound) to \(range.upperBound), not \(count)")
        }
    }

    func run() throws {
        if kernelsOnly {
            try measureKernels()
        } else if profile {
            try printProfiles(try file.path())
        } else if sessions {
            try measureSessions(try file.path())
        } else if let sessionsAtOnce {
            try measureTogether(try file.path(), sessions: sessionsAtOnce.counts)
        } else if form.isGiven {
            try measureConstraint(try file.path())
        } else if let length {
            try measureLength(try file.path(), tokens: length)
        } else {
            try measureModel(try file.path())
        }
    }

    /// How to open a model for a number of threads.
    func options(threads: Int) -> Model.Options {
        Model.Options(threads: threads, kernels: set.kernels, residency: memory.resident.residency)
    }

    var threadCounts: [Int] { threads?.counts ?? [ProcessorCount.usableCores] }

    var tests: [SpeedTest] {
        SpeedTest.tests(prompts: prompts.counts, generations: generations.counts, depths: depths.counts)
    }

    /// Memory to measure with, beside `reserved` bytes of a model.
    func buffer(reserved: Int = 0) throws -> StreamBuffer {
        let bytes = StreamBuffer.suitableBytes(reserved: reserved)
        guard let buffer = StreamBuffer(byteCount: bytes) else {
            throw BenchError(
                description: "no memory for the \(Format.bytes(bytes)) that bandwidth is measured with; close other programs")
        }
        return buffer
    }
}

extension ReportFormat: ExpressibleByArgument {}

extension Tuning: ExpressibleByArgument {
    /// By its name.
    public init?(argument: String) { self.init(name: argument) }
}

/// Why nothing could be measured.
struct BenchError: Error, CustomStringConvertible {
    let description: String
}
