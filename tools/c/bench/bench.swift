// Times tokens and openings through Swift: bench MODEL THREADS TOKENS OPENINGS. Does what bench.c does, step by step.
import Glibc
import RGEdge

/// Tokens fed before those that are timed.
let promptTokens = 16

func nanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}

func fail(_ text: String, _ code: Int32) -> Never {
    fputs(text + "\n", stderr)
    exit(code)
}

let arguments = CommandLine.arguments
guard arguments.count == 5, let threads = Int(arguments[2]), let tokens = Int(arguments[3]), let openings = Int(arguments[4]) else {
    fail("usage: \(arguments[0]) MODEL THREADS TOKENS OPENINGS", 64)
}
let options = Model.Options(threads: threads == 0 ? nil : threads)
var times = [UInt64](repeating: 0, count: tokens + openings)

/// Nanoseconds to open a model and let it go.
func open() throws(ModelError) -> UInt64 {
    let start = nanoseconds()
    _ = try Model(path: arguments[1], options: options)
    return nanoseconds() - start
}

func run() throws(ModelError) {
    for index in 0..<openings { times[tokens + index] = try open() }

    let model = try Model(path: arguments[1], options: options)
    let session = try model.makeSession()
    var token: UInt32 = 1
    for index in 0..<promptTokens + tokens {
        token = (token &* 1_103_515_245 &+ 12345) % 2_147_483_648
        let next = [token % UInt32(model.configuration.vocabularySize)]
        let start = nanoseconds()
        try session.feed(next)
        if index >= promptTokens { times[index - promptTokens] = nanoseconds() - start }
    }
}

do {
    try run()
} catch {
    fail("bench: \(error)", 1)
}
for index in 0..<tokens { print("token", times[index]) }
for index in 0..<openings { print("open", times[tokens + index]) }
