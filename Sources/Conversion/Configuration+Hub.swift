import Checkpoint
import Griffin

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
}
