import CommandSupport
import JSON
import Kernels

/// The sets of kernels on this machine.
struct KernelReport {
    private func runs(_ name: String) -> Bool { Kernels.named(name) != nil }

    var table: String {
        var table = Table(("kernels", .left), ("runs here", .left))
        for name in Kernels.compiledNames {
            table.add(name, name == Kernels.best.name ? "yes, chosen" : runs(name) ? "yes" : "no")
        }
        return table.description
    }

    var json: JSONValue {
        [
            "compiled": .array(Kernels.compiledNames.map { .string($0) }),
            "available": .array(Kernels.available.map { .string($0.name) }),
            "chosen": .string(Kernels.best.name),
        ]
    }
}
