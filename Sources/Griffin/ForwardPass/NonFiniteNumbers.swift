/// A forward pass came to numbers that are infinite or NaN: the weights are damaged, or the model computes what f32 can't hold.
public struct NonFiniteNumbers: Error, Equatable, CustomStringConvertible {
    /// What gave the numbers, in the order in which a token passes it.
    enum Step: Int, CaseIterable {
        case temporalNorm, convolution, gates, rgLRU, queries, keys, values, attention, temporalOutput, channelNorm, mlp, mlpOutput
        /// Before the first layer; after the last one.
        case embedding, finalNorm, head

        /// What the step is called: in a layer, or outside of them.
        var name: String {
            switch self {
            case .temporalNorm: "the norm before"
            case .convolution: "the convolution of"
            case .gates: "the gates of"
            case .rgLRU: "the RG-LRU of"
            case .queries: "the queries of"
            case .keys: "the keys of"
            case .values: "the values of"
            case .attention: "the attention of"
            case .temporalOutput: "the output of"
            case .channelNorm: "the norm before the MLP of"
            case .mlp: "the MLP of"
            case .mlpOutput: "the MLP's output in"
            case .embedding: "the embedding of a token"
            case .finalNorm: "the last norm"
            case .head: "the embedding as the head"
            }
        }
    }

    /// Where in the pass: of two places the one with the smaller number comes first.
    struct Place: Equatable {
        let number: Int32

        private static var stepCount: Int32 { Int32(Step.allCases.count) }

        /// A step of a layer.
        init(_ step: Step, layer: Int) { number = Int32(truncatingIfNeeded: layer + 1) * Self.stepCount + Int32(step.rawValue) }

        init(number: Int32) { self.number = number }

        /// The layer, counted from 0; -1 for what comes before the first.
        var layer: Int { Int(number / Self.stepCount) - 1 }
        var step: Step? { Step(rawValue: Int(number % Self.stepCount)) }
    }

    /// The run that came to the numbers, by its place in the pass; if there are several, the first of them. Nothing is wrong with
    /// the runs before it.
    public let run: Int
    /// The layer that the numbers come from, counted from 0 as in the tensors' names; nil outside of layers.
    public let layer: Int?
    /// What gives them, in a clause that names the layer and its kind.
    public let description: String

    private static let start = "numbers that are not finite come from"

    init(_ place: Place, run: Int, _ configuration: Configuration) {
        self.run = run
        let name = place.step?.name ?? ""
        guard (0..<configuration.layerCount).contains(place.layer) else {
            layer = nil
            description = "\(Self.start) \(name)"
            return
        }
        let kind = configuration.kind(ofLayer: place.layer) == .recurrent ? "recurrent" : "attention"
        layer = place.layer
        description = "\(Self.start) \(name) layer \(place.layer) (\(kind))"
    }
}
