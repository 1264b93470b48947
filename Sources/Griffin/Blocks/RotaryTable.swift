import Glibc

/// The frequencies of rotary position embedding (Su et al., arXiv:2104.09864): base^(-2i/n) for the n rotated elements of a head.
///
/// Angles are computed in Double from 64-bit positions, so that they are right at any position: in f32, as references do it, an
/// angle at position 10,000,000 is off by up to half a radian.
struct RotaryTable: Sendable {
    /// [half]
    private let frequencies: [Double]

    /// Pairs of elements that are rotated.
    var half: Int { frequencies.count }

    init(_ configuration: Configuration) {
        let rotated = configuration.rotaryDimension
        frequencies = (0..<rotated / 2).map { pow(configuration.rotaryBase, -2 * Double($0) / Double(rotated)) }
    }

    /// The cosines and sines of a position's angles. [half] each
    func write(position: Int64, cosines: UnsafeMutablePointer<Float>, sines: UnsafeMutablePointer<Float>) {
        for index in 0..<half {
            let angle = Double(position) * frequencies[index]
            cosines[index] = Float(cos(angle))
            sines[index] = Float(sin(angle))
        }
    }
}
