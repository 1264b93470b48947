import Checkpoint
import Griffin
import System

extension Configuration {
    /// The configuration that a `config.json` describes, with `<end_of_turn>` from its tokenizer. May have a ``problem``.
    init(_ hub: HubConfiguration, endOfTurn: UInt32?) {
        self.init(
            vocabularySize: hub.vocabularySize, width: hub.hiddenSize, layerCount: hub.layerCount, headCount: hub.headCount,
            headDimension: hub.headDimension, recurrentWidth: hub.recurrentWidth, mlpWidth: hub.intermediateSize / 2,
            window: hub.window, blockPattern: hub.blockTypes.compactMap(BlockKind.init), rotaryBase: hub.ropeTheta,
            rotaryFraction: hub.partialRotaryFactor, normEpsilon: Float(hub.rmsNormEpsilon),
            logitsSoftCap: Float(hub.logitsSoftCap), bos: UInt32(hub.bos), eos: UInt32(hub.eos), pad: UInt32(hub.pad),
            endOfTurn: endOfTurn)
    }

    /// The configuration of a checkpoint. Throws if it describes a model that can't be run, or one that ``SourceReader`` has no
    /// memory for.
    init(of checkpoint: Checkpoint, endOfTurn: UInt32?) throws(FileProblem) {
        func fail(_ problem: String) -> FileProblem {
            FileProblem(
                .content, path: checkpoint.folder + "/config.json", problem: "describes \(problem)",
                advice: "take config.json from the same download as the weights")
        }
        self.init(checkpoint.configuration, endOfTurn: endOfTurn)
        if let problem { throw fail("a model that can't be run: \(problem)") }
        guard gateBlockWidth <= SourceReader.widestGateBlock else {
            throw fail(
                "gates in blocks of \(gateBlockWidth) channels (lru_width / num_attention_heads), more than the "
                    + "\(SourceReader.widestGateBlock) that can be converted")
        }
    }
}
