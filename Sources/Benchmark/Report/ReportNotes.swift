import CommandSupport

/// What has to be known to read a report.
enum ReportNotes {
    /// Below a report on a model.
    static func notes(_ rows: [ModelRow]) -> [String] {
        guard let last = rows.last else { return [] }
        let kinds = rows.map(\.result.test.kind)
        var notes = [machine(last.machine)]
        if kinds.contains(.prompt) {
            notes.append(
                "pp: 2 operations per token and weight of the matrices, those of the head once; "
                    + "limit: \(last.model.kernels) on registers alone, for \(last.model.label)")
        }
        if kinds.contains(.generation) {
            notes.append("tg: every weight is read once per token; limit: " + bandwidth(last.machine))
            if last.model.mappedBytes < 4 * last.machine.cacheBytes {
                notes.append("tg: caches hold much of so small a model, so memory is not its limit")
            }
        }
        notes.append(
            "memory: \(Format.bytes(last.model.mappedBytes)) mapped, "
                + "\(Format.bytes(last.model.allocatedBytes)) allocated to compute; "
                + "resident \(largest(rows, \.residentBytes)), of which \(largest(rows, \.privateBytes)) belong to no file")
        for count in Set(rows.map(\.model.threads)).sorted() {
            guard let model = rows.first(where: { $0.model.threads == count })?.model else { continue }
            notes.append(
                "start on \(threads(model.threads)): opened in \(milliseconds(model.loadSeconds)), logits after a prompt of "
                    + "\(model.firstPromptTokens) tokens \(milliseconds(model.firstTokenSeconds)) from the start")
        }
        return notes + warnings(rows.map { ($0.result.threads, $0.result.speed.limit) })
    }

    /// Below a report on answers under a constraint.
    static func notes(_ rows: [ConstraintRow]) -> [String] {
        guard !rows.isEmpty else { return [] }
        return [
            "an answer under the constraint and as many tokens of free text, in turns, both at temperature 1; no choice: tokens that the "
                + "constraint left no choice about; first: the first answer, whose masks have to be made; times: t/s over free t/s"
        ]
    }

    /// Below a report on several sessions at once.
    static func notes(_ rows: [TogetherRow]) -> [String] {
        guard let last = rows.last else { return [] }
        return [
            machine(last.machine),
            "B sessions, each fed TG tokens after PP others, one of each in a pass; S_TG: tokens per second of all; "
                + "limit: weights read once a pass, or 2 operations a token and weight, whichever takes longer",
        ] + warnings(rows.map { ($0.model.threads, $0.result.limit) })
    }

    /// Below a report on kernels. `forkJoin` has the seconds of a split for each number of threads above one.
    static func notes(
        _ rows: [MatrixResult], machine: MachineDescription, forkJoin: [(threads: Int, seconds: Double)]
    ) -> [String] {
        let splits = forkJoin.map { "\(Figures.threeDigits($0.seconds * 1e6)) µs on \(threads($0.threads))" }
        return [
            self.machine(machine),
            "1 token: limit \(bandwidth(machine)); more: limit the same kernels on registers alone; "
                + "activations are quantized beforehand",
        ] + (splits.isEmpty ? [] : ["to split work and join: " + splits.joined(separator: ", ")])
            + warnings(rows.map { ($0.threads, $0.speed.limit) })
    }

    private static func machine(_ machine: MachineDescription) -> String {
        "\(machine.processor); limits are measured right before and after each test, their mean counts"
    }

    private static func bandwidth(_ machine: MachineDescription) -> String {
        "reading \(Format.bytes(machine.bufferBytes)) on \(machine.isBufferOnHugePages ? "huge" : "small") pages"
    }

    private static func warnings(_ tests: [(threads: Int, limit: Limit)]) -> [String] {
        var warnings: [String] = []
        let unsteady = tests.count { !$0.limit.isSteady }
        if unsteady > 0 {
            warnings.append(
                "warning: in \(unsteady) of \(tests.count) tests the limit changed by more than 10 % meanwhile (a…b): "
                    + "the machine is not quiet, so these percentages say little")
        }
        // Other numbers of threads have other cores: slower ones, or two threads on one.
        for threads in Set(tests.map(\.threads)).sorted() {
            let limits = tests.filter { $0.threads == threads }.map(\.limit)
            let looks = limits.flatMap { [$0.instructionsPerCycle.before, $0.instructionsPerCycle.after] }.sorted()
            // Not the very most, which may be of additions that were held up.
            let most = looks[(looks.count - 1) * 9 / 10]
            let shared = limits.filter { $0.leastInstructionsPerCycle < Limit.sharedPart * most }
            guard let least = shared.map(\.leastInstructionsPerCycle).min() else { continue }
            warnings.append(
                "warning: beside \(shared.count) of \(limits.count) tests on \(self.threads(threads)) a core executed down to "
                    + "\(Figures.threeDigits(least)) plain instructions per cycle, at other times \(Figures.threeDigits(most)): "
                    + "something else ran on its other hardware thread, which slows kernels down but not their limit")
        }
        return warnings
    }

    private static func threads(_ count: Int) -> String { count == 1 ? "1 thread" : "\(count) threads" }

    private static func largest(_ rows: [ModelRow], _ figure: (SpeedResult) -> Int) -> String {
        Format.bytes(rows.map { figure($0.result) }.max() ?? 0)
    }

    private static func milliseconds(_ seconds: Double) -> String { "\(Figures.threeDigits(seconds * 1000)) ms" }
}
