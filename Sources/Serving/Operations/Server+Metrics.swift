import RGEdge
import System

extension Server {
    /// All figures in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats).
    var metrics: String {
        let counts = engine.figures.counts, snapshots = engine.snapshots.figures, files = engine.files?.figures
        var text = MetricsText()
        text.gauge("requests_processing", "Answers that are being made.", engine.workers.count { $0.progress != nil })
        text.gauge("requests_deferred", "Answers that wait.", engine.queue.count)
        text.counter("requests_total", "Requests for answers.", counts.requests)
        text.counter("requests_cancelled_total", "Answers whose client has gone.", counts.cancelled)
        text.counter("requests_failed_total", "Answers that failed.", counts.failed)
        text.counter("prompt_tokens_total", "Tokens of prompts.", counts.promptTokens)
        text.counter("prompt_tokens_reused_total", "Those of them that had not to be computed.", counts.reusedTokens)
        text.counter("prompt_seconds_total", "Seconds that reading prompts took.", counts.promptSeconds)
        text.counter("tokens_predicted_total", "Tokens of answers.", counts.generatedTokens)
        text.counter("tokens_predicted_seconds_total", "Seconds that making them took.", counts.answerSeconds)
        text.histogram("time_to_first_token_seconds", "From a request to its first token.", counts.firstToken)
        text.histogram("time_per_output_token_seconds", "Between two parts of an answer.", counts.gaps)
        text.counter("passes_total", "Passes through the model.", model.passCounts.passes)
        text.gauge("sessions_resident", "Snapshots of conversations in memory.", snapshots.count)
        text.gauge("sessions_resident_bytes", "What they take.", snapshots.byteCount)
        text.counter("session_loads_total", "Sessions that came from files.", files?.loads ?? 0)
        text.counter("session_saves_total", "Sessions that were written to files.", files?.saves ?? 0)
        let memory = ProcessMemory.resident
        text.gauge("process_resident_memory_bytes", "Memory of the process, mapped weights included.", memory.bytes)
        text.gauge("process_private_memory_bytes", "Memory of the process that belongs to no file.", memory.privateBytes)
        text.gauge("http_connections", "Connections that are open.", connectionCount)
        text.statuses("http_requests_total", "Answers by status.", counts.statuses)
        return text.text
    }
}

/// Writes figures in Prometheus' text format.
private struct MetricsText {
    private(set) var text = ""

    mutating func gauge(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
        single(name, help, "gauge", value)
    }

    mutating func counter(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
        single(name, help, "counter", value)
    }

    private mutating func single(_ name: String, _ help: String, _ type: String, _ value: some CustomStringConvertible) {
        head(name, help, type)
        text += "rg_edge_\(name) \(value)\n"
    }

    private mutating func head(_ name: String, _ help: String, _ type: String) {
        text += "# HELP rg_edge_\(name) \(help)\n# TYPE rg_edge_\(name) \(type)\n"
    }

    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        head(name, help, "histogram")
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            text += "rg_edge_\(name)_bucket{le=\"\(bound)\"} \(count)\n"
        }
        text += "rg_edge_\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
        text += "rg_edge_\(name)_sum \(histogram.sum)\nrg_edge_\(name)_count \(histogram.count)\n"
    }

    mutating func statuses(_ name: String, _ help: String, _ counts: [Int: Int]) {
        head(name, help, "counter")
        for (status, count) in counts.sorted(by: { $0.key < $1.key }) { text += "rg_edge_\(name){code=\"\(status)\"} \(count)\n" }
    }
}
