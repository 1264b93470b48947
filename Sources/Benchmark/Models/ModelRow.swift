import CommandSupport
import JSON
import RGEdge

/// A model as it was opened on a number of threads.
public struct ModelDescription: Equatable, Sendable {
    let path: String
    /// `recurrent_gemma 2.68B q4`
    let label: String
    let parameterCount: Int
    let mappedBytes: Int
    /// Allocated once, and by the session.
    let allocatedBytes: Int
    let kernels: String
    let threads: Int
    /// Tokens per chunk.
    let chunk: Int
    let loadSeconds: Double
    let firstPromptTokens: Int
    let firstTokenSeconds: Double
}

extension Model {
    /// `recurrent_gemma 2.68B q4`
    var label: String {
        let billions = Double(parameterCount) / 1e9
        let size = billions >= 0.1 ? "\(Format.fixed(billions, digits: 2))B" : "\(Format.fixed(billions * 1000, digits: 1))M"
        return "recurrent_gemma \(size) \(file.mainType.name)"
    }
}

extension ModelBenchmark {
    /// What reports tell about the model.
    public var description: ModelDescription {
        ModelDescription(
            path: model.file.path, label: model.label, parameterCount: model.parameterCount, mappedBytes: model.mappedBytes,
            allocatedBytes: model.sharedBytes + model.sessionBytes, kernels: model.kernels.name, threads: model.threads,
            chunk: model.chunkCapacity, loadSeconds: loadSeconds, firstPromptTokens: firstPromptTokens,
            firstTokenSeconds: firstTokenSeconds)
    }
}

/// What a test of a model gave, with all that it depends on.
public struct ModelRow: ReportRow {
    let machine: MachineDescription
    let model: ModelDescription
    let result: SpeedResult
    /// When the test ended.
    let time: String

    /// The row of a test that has ended just now.
    public init(machine: MachineDescription, model: ModelDescription, result: SpeedResult) {
        self.init(machine: machine, model: model, result: result, time: Calendar.now)
    }

    init(machine: MachineDescription, model: ModelDescription, result: SpeedResult, time: String) {
        self.machine = machine
        self.model = model
        self.result = result
        self.time = time
    }

    /// The columns of a table of such rows.
    public static var columns: [ReportColumn] {
        [
            ReportColumn("model", .left, width: 25), ReportColumn("size", .right, width: 7),
            ReportColumn("kernels", .left, width: 10), ReportColumn("threads", .right, width: 7),
            ReportColumn("test", .right, width: 15), ReportColumn("t/s", .right, width: 14), ReportColumn("best", .right, width: 5),
            ReportColumn("speed", .right, width: 9), ReportColumn("limit", .right, width: 14),
            ReportColumn("of limit", .right, width: 8),
        ]
    }

    /// The row in a table.
    public var cells: [String] {
        let rate = result.tokensPerSecond, speed = result.speed
        return [
            model.label, Format.bytes(model.mappedBytes), model.kernels, String(model.threads), result.test.name,
            Figures.meanAndDeviation(rate), Figures.threeDigits(rate.largest), Figures.rate(speed.unit, speed.samples.mean),
            Figures.limit(speed), Figures.percent(speed.fractionOfLimit),
        ]
    }

    /// The row for programs, in nanoseconds and bytes.
    public var fields: JSONObject {
        let test = result.test, rate = result.tokensPerSecond
        let nanoseconds = result.seconds.map { $0 * 1e9 }
        var fields = JSONObject()
        fields["cpu_info"] = .string(machine.processor)
        fields["kernels"] = .string(model.kernels)
        fields["model_filename"] = .string(model.path)
        fields["model_type"] = .string(model.label)
        fields["model_size"] = .integer(Int64(model.mappedBytes))
        fields["model_n_params"] = .integer(Int64(model.parameterCount))
        fields["n_batch"] = .integer(Int64(model.chunk))
        fields["n_threads"] = .integer(Int64(model.threads))
        fields["n_prompt"] = .integer(test.kind == .prompt ? Int64(test.tokens) : 0)
        fields["n_gen"] = .integer(test.kind == .generation ? Int64(test.tokens) : 0)
        fields["n_depth"] = .integer(Int64(test.depth))
        fields["test_time"] = .string(time)
        fields["avg_ns"] = .rounded(nanoseconds.mean)
        fields["stddev_ns"] = .rounded(nanoseconds.deviation)
        fields["avg_ts"] = .real(rate.mean)
        fields["stddev_ts"] = .real(rate.deviation)
        fields["best_ts"] = .real(rate.largest)
        fields.add(result.speed)
        fields["bandwidth_buffer_bytes"] = .integer(Int64(machine.bufferBytes))
        fields["bandwidth_buffer_on_huge_pages"] = .bool(machine.isBufferOnHugePages)
        fields["mapped_bytes"] = .integer(Int64(model.mappedBytes))
        fields["allocated_bytes"] = .integer(Int64(model.allocatedBytes))
        fields["resident_bytes"] = .integer(Int64(result.residentBytes))
        fields["private_bytes"] = .integer(Int64(result.privateBytes))
        fields["load_seconds"] = .real(model.loadSeconds)
        fields["first_prompt_tokens"] = .integer(Int64(model.firstPromptTokens))
        fields["first_token_seconds"] = .real(model.firstTokenSeconds)
        fields["samples_ns"] = .array(nanoseconds.values.map(JSONValue.rounded))
        fields["samples_ts"] = .array(rate.values.map { .real($0) })
        return fields
    }
}

extension JSONObject {
    /// A speed as bytes and read bandwidth, or as operations and arithmetic peak; the other two are null.
    mutating func add(_ speed: Speed) {
        let isBytes = speed.unit == .bytes
        func value(_ value: Double, if condition: Bool) -> JSONValue { condition ? .real(value) : .null }
        self["bytes_per_second"] = value(speed.samples.mean, if: isBytes)
        self["read_bandwidth_before"] = value(speed.limit.before, if: isBytes)
        self["read_bandwidth_after"] = value(speed.limit.after, if: isBytes)
        self["operations_per_second"] = value(speed.samples.mean, if: !isBytes)
        self["arithmetic_peak_before"] = value(speed.limit.before, if: !isBytes)
        self["arithmetic_peak_after"] = value(speed.limit.after, if: !isBytes)
        self["fraction_of_limit"] = .real(speed.fractionOfLimit)
        addInstructionsPerCycle(speed.limit)
        self["limit_is_steady"] = .bool(speed.limit.isSteady)
    }
}

extension JSONObject {
    /// What the cores executed per cycle beside a test.
    mutating func addInstructionsPerCycle(_ limit: Limit) {
        self["core_instructions_per_cycle_before"] = .real(limit.instructionsPerCycle.before)
        self["core_instructions_per_cycle_after"] = .real(limit.instructionsPerCycle.after)
    }
}

extension JSONValue {
    /// A number rounded to a whole one.
    static func rounded(_ value: Double) -> JSONValue { Int64(exactly: value.rounded()).map { .integer($0) } ?? .real(value) }
}
