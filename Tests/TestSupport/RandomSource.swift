import Foundation

/// Random numbers that are the same in every run: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", OOPSLA 2014).
public struct RandomSource: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number evenly distributed over `range`.
    public mutating func float(in range: ClosedRange<Float> = -1...1) -> Float { Float.random(in: range, using: &self) }

    /// `count` numbers evenly distributed over `range`.
    public mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
        (0..<count).map { _ in float(in: range) }
    }

    /// `count` numbers of a normal distribution around 0 (Box and Muller's transform).
    public mutating func normalFloats(_ count: Int, deviation: Float = 1) -> [Float] {
        (0..<count).map { _ in
            let radius = (-2 * log(Double.random(in: 0x1p-53...1, using: &self))).squareRoot()
            return deviation * Float(radius * cos(Double.random(in: 0..<2 * .pi, using: &self)))
        }
    }
}
