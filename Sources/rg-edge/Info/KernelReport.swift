import CommandSupport
import JSON
import Kernels

/// The sets of kernels on this machine.
struct KernelReport {
    var table: String {
        var table = Table(("kernels", .left), ("runs here", .left), ("tuning", .left))
        for name in Kernels.compiledNames {
            let kernels = Kernels.named(name)
            table.add(name, name == Kernels.best.name ? "yes, chosen" : kernels == nil ? "no" : "yes", kernels?.tuning.name ?? "")
        }
        return table.description
    }

    /// What each set does beside its instructions.
    private var tuning: JSONObject {
        var names = JSONObject()
        for kernels in Kernels.available { names[kernels.name] = .string(kernels.tuning.name) }
        return names
    }

    var json: JSONValue {
        [
            "compiled": .array(Kernels.compiledNames.map { .string($0) }),
            "available": .array(Kernels.available.map { .string($0.name) }),
            "tuning": .object(tuning),
            "chosen": .string(Kernels.best.name),
        ]
    }
}
