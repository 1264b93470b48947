import ArgumentParser
import CommandSupport
import ModelFile
import RGEdge
import System

/// `rg-quant verify`: reads a model file whole and checks every checksum in it, that its numbers are finite, and that it can be
/// run.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks every byte of a model file against its checksums.",
        discussion: """
            Names the tensors that are damaged, or whose scales or weights are not finite, and exits with 1 if there are any; and \
            if the configuration, the tensors' shapes, the tokenizer or the chat template can't be used.

            Examples:
              rg-quant verify 2b-it.rgq
            """)

    @Argument(help: "Model file.", completion: .file(extensions: ["rgq"]))
    var file: String

    @Flag(name: [.short, .long], help: "No progress on standard error.")
    var quiet = false

    /// What is wrong with a tensor.
    private typealias Fault = (tensor: String, error: FileProblem)

    func run() throws {
        Interruption.watch()
        let model = try ModelFile(path: file)
        let faults = try faults(in: model)
        // The numbers of a damaged tensor mean nothing.
        let damage = faults.filter { $0.error.kind == .checksum }
        if let error = error(of: damage, "is damaged") ?? error(of: faults, "has numbers that are not finite") { throw error }
        try checkUse()
        let size = "\(Format.bytes(model.byteCount)), \(model.tensors.count) tensors"
        try StandardOutput.write("\(file.onOneLine): \(size), all as they were written\n")
    }

    /// Opens the model as programs that run it do. Throws if its configuration, tensors, tokenizer or chat template can't be used.
    private func checkUse() throws(ModelError) {
        _ = try Model(path: file, options: Model.Options(threads: 1, residency: .mapped)).encoder()
    }

    /// One error for all tensors with a fault of one kind; nil if there are none.
    private func error(of faults: [Fault], _ problem: String) -> FileProblem? {
        guard let first = faults.first?.error, faults.count > 1 else { return faults.first?.error }
        let names = faults.map(\.tensor).joined(separator: ", ")
        return FileProblem(
            first.kind, path: file, problem: "\(problem) in \(faults.count) tensors: \(names)", advice: first.advice)
    }

    /// Checks all tensors, with progress, until a signal says to stop. Throws any error that isn't a tensor's fault.
    private func faults(in model: ModelFile) throws -> [Fault] {
        let meter = ProgressMeter("verifying", style: .automatic(quiet: quiet))
        defer { meter.finish() }
        var faults: [Fault] = []
        for tensor in model.tensors {
            do throws(FileProblem) {
                try model.verify(tensor)
            } catch {
                guard error.kind == .checksum || error.kind == .content else { throw error }
                faults.append((tensor.name, error))
            }
            meter.update(done: tensor.offset + tensor.byteCount, total: model.byteCount)
            if let signal = Interruption.signal {
                throw Interrupted(signal: signal, message: "\(file): interrupted; not all of it was checked")
            }
        }
        return faults
    }
}
