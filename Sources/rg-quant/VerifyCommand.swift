import ArgumentParser
import CommandSupport
import ModelFile

/// `rg-quant verify`: reads a model file whole and checks every checksum in it.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks every byte of a model file against its checksums.",
        discussion: "Names the damaged tensors and exits with 1 if there are any.")

    @Argument(help: "Model file.", completion: .file())
    var file: String

    @Flag(name: [.short, .long], help: "No progress on standard error.")
    var quiet = false

    func run() throws {
        Interruption.watch()
        let model = try ModelFile(path: file)
        let damage = try damage(in: model)
        if let first = damage.first {
            let names = damage.map(\.tensor).joined(separator: ", ")
            throw damage.count == 1
                ? first.error
                : ModelFileError(
                    path: file, kind: .checksum, problem: "is damaged in \(damage.count) tensors: \(names)",
                    advice: first.error.advice)
        }
        let size = "\(Format.bytes(model.byteCount)), \(model.tensors.count) tensors"
        try StandardOutput.write("\(Diagnostics.onOneLine(file)): \(size), all as they were written\n")
    }

    /// Checks all tensors, with progress, until a signal says to stop. Throws what is no damage.
    private func damage(in model: ModelFile) throws -> [(tensor: String, error: ModelFileError)] {
        let meter = ProgressMeter("verifying", style: .automatic(quiet: quiet))
        defer { meter.finish() }
        var damage: [(tensor: String, error: ModelFileError)] = []
        for tensor in model.tensors {
            do throws(ModelFileError) {
                try model.verify(tensor)
            } catch {
                guard error.kind == .checksum else { throw error }
                damage.append((tensor.name, error))
            }
            meter.update(done: tensor.offset + tensor.byteCount, total: model.byteCount)
            if let signal = Interruption.signal {
                throw Interrupted(signal: signal, message: "\(file): interrupted; not all of it was checked")
            }
        }
        return damage
    }
}
