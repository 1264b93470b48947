@testable import Checkpoint
@testable import Conversion
@testable import Griffin
import JSON

extension FuzzTarget {
    /// `config.json`, and the `configuration` of a model file; of each all that follows from it before weights are read.
    static let config = FuzzTarget(name: "config", largestInput: 1 << 14) {
        ["alpha", "beta", "gamma"].map { fixture("Tests/Fixtures/oracle/\($0)/config.json") }
            + [SmallModel.configuration.serialized(), Array(#"[1,-0.5e3,true,null,"\ud83d\ude00",{"a":{"b":[]}}]"#.utf8)]
    } run: { bytes in
        if let value = try? JSONValue(parsing: bytes) {
            let text = value.serialized()
            promise((try? JSONValue(parsing: text))?.serialized() == text, "JSON that was written is read as it was")
        }
        var isAccepted = false
        if let hub = try? HubConfiguration(parsing: bytes, path: "config.json") {
            isAccepted = true
            exercise(Configuration(hub, endOfTurn: nil))
        }
        if let configuration = try? Configuration(parsing: bytes) {
            promise(configuration.problem == nil, "a configuration that was read has no problem")
            promise(
                (try? Configuration(parsing: configuration.serialized())) == configuration,
                "a configuration that was written is read as it was")
            isAccepted = true
            exercise(configuration)
        }
        return isAccepted
    }

    /// Sizes of tensors must not overflow, whatever the configuration.
    private static func exercise(_ configuration: Configuration) {
        guard configuration.problem == nil, configuration.layerCount < 64 else { return }
        let plan = configuration.tensorPlan
        promise(plan.allSatisfy { $0.matrixShape != nil || !$0.isTiled }, "each matrix of a plan has a shape")
        _ = TypePreset.q4.types(of: plan)
        _ = configuration.embeddingScale
    }
}
