import KernelTypes
import Kernels
import Tiles

extension ForwardPass {
    /// The gated MLP: `residual += down(gelu(gate(x)) · up(x))` with x = norm(residual) (Griffin, arXiv:2402.19427, section 2.2).
    func applyMLP(_ mlp: MLP, norm: UnsafePointer<Float>, layer: Int, _ chunk: Chunk, _ member: TeamMember) {
        let width = configuration.width, mlpWidth = configuration.mlpWidth
        observed(.norm, member) {
            normalize(
                chunk, from: Place(.temporalOutput, layer: layer), weight: norm, as: Place(.channelNorm, layer: layer),
                for: SharedInput(mlp.gate, mlp.up), member)
        }
        observed(.mlpInput, member) {
            multiply(
                product(
                    mlp.gate, of: workspace.normed, stride: width, tokens: chunk.count, bias: mlp.gateBias,
                    to: workspace.wide, stride: mlpWidth),
                product(
                    mlp.up, of: workspace.normed, stride: width, tokens: chunk.count, bias: mlp.upBias,
                    to: workspace.wide2, stride: mlpWidth), member)
        }
        observed(.gelu, member) {
            shareTokensAndColumns(chunk.count, mlpWidth, member) { token, columns in
                let start = token * mlpWidth + columns.lowerBound
                kernels.multiplyByGELU(workspace.wide + start, workspace.wide2 + start, workspace.wide + start, columns.count)
                expect(
                    quantize(workspace.wide + start, columns: columns, token: token, for: SharedInput(mlp.down)),
                    Place(.mlp, layer: layer), run: chunk.run(of: token), member)
            }
        }
        observed(.mlpOutput, member) {
            multiply(
                product(
                    mlp.down, of: workspace.wide, stride: mlpWidth, tokens: chunk.count, bias: mlp.downBias,
                    to: workspace.residual, stride: width, accumulates: true), member)
        }
    }
}
