import KernelTypes
import ModelFile
import Quantization
import Tiles

/// What a conversion has written.
public struct ConversionReport: Sendable {
    /// A tensor and how far it is from the checkpoint's.
    public struct Tensor: Sendable {
        /// Its name, type and shape in the model file.
        public let description: TensorDescription
        /// The weights written against the checkpoint's.
        public let figures: ErrorFigures
    }

    /// The tensors of one type.
    public struct Row: Sendable {
        /// The type of all of them.
        public let type: WeightType
        /// How many there are.
        public let tensorCount: Int
        /// Padding not counted.
        public let weightCount: Int
        /// In the model file, padding included.
        public let byteCount: Int
        /// The tensor with the largest relative error, and that error (``ErrorFigures/relativeError``); nil if all are exact.
        public let worst: (name: String, relativeError: Double)?

        /// Bits per weight, scales and padding included.
        public var bitsPerWeight: Double { 8 * Double(byteCount) / Double(weightCount) }
    }

    /// In file order.
    public let tensors: [Tensor]
    /// Bytes of the model file.
    public let byteCount: Int
    /// Seconds that it took.
    public let seconds: Double

    /// One row per type, from the smallest type to f32.
    public var rows: [Row] {
        WeightType.allCases.reversed().compactMap { type in
            let tensors = tensors.filter { $0.description.type == type }
            return tensors.isEmpty ? nil : Row(type, tensors)
        }
    }

    /// Weights of the model.
    public var weightCount: Int { tensors.reduce(0) { $0 + ($1.description.weightCount ?? 0) } }
}

extension ConversionReport.Row {
    fileprivate init(_ type: WeightType, _ tensors: [ConversionReport.Tensor]) {
        self.type = type
        tensorCount = tensors.count
        weightCount = tensors.reduce(0) { $0 + ($1.description.weightCount ?? 0) }
        byteCount = tensors.reduce(0) { $0 + ($1.description.byteCount ?? 0) }
        let worst = tensors.max { $0.figures.relativeError < $1.figures.relativeError }
        self.worst = worst.flatMap { $0.figures.relativeError > 0 ? ($0.description.name, $0.figures.relativeError) : nil }
    }
}
