import KernelTypes
import TestSupport
import Tiles

/// A stack of matrices in tiles, packed here number by number as `formats/rgq.md`, "Tiles", says.
struct TestMatrix {
    let shape: MatrixShape
    let type: WeightType
    /// [count × rows × columns]: codes of q8 and q4, weights of f32 and f16.
    let numbers: [Float]
    /// [count × rows × blocks of 32 columns]; for q8 and q4.
    let scales: [Float]
    private let memory: GuardedMemory<UInt8>

    var tiled: TiledMatrix { TiledMatrix(tiles: memory.raw, shape: shape, type: type) }

    /// Blocks per row.
    private static func blocks(_ shape: MatrixShape) -> Int { (shape.columns + 31) / 32 }

    /// Random numbers all over the type's range.
    init(_ type: WeightType, _ shape: MatrixShape, _ random: inout RandomSource) {
        let count = shape.count * shape.rows * shape.columns
        let numbers: [Float]
        switch type {
        case .q8: numbers = (0..<count).map { _ in Float(Int.random(in: -127...127, using: &random)) }
        case .q4: numbers = (0..<count).map { _ in Float(Int.random(in: -8...7, using: &random)) }
        case .f16: numbers = random.floats(count).map { Float(Float16($0)) }
        case .f32: numbers = random.floats(count)
        }
        let scales = random.floats(shape.count * shape.rows * Self.blocks(shape)).map { Float(Float16($0 / 16)) }
        self.init(type, shape, numbers: numbers, scales: scales)
    }

    init(_ type: WeightType, _ shape: MatrixShape, numbers: [Float], scales: [Float]) {
        self.shape = shape
        self.type = type
        self.numbers = numbers
        self.scales = scales
        memory = GuardedMemory(Self.pack(type, shape, numbers, scales))
    }

    /// Weight of a row and column of a matrix of the stack.
    func weight(_ matrix: Int, _ row: Int, _ column: Int) -> Double {
        let number = Double(numbers[(matrix * shape.rows + row) * shape.columns + column])
        return type.isBlockQuantized ? number * Double(scale(matrix, row, column / 32)) : number
    }

    func scale(_ matrix: Int, _ row: Int, _ block: Int) -> Float {
        scales[(matrix * shape.rows + row) * Self.blocks(shape) + block]
    }

    private static func pack(_ type: WeightType, _ shape: MatrixShape, _ numbers: [Float], _ scales: [Float]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: shape.byteCount(type))
        func write<Value>(_ value: Value, at offset: Int) {
            withUnsafeBytes(of: value) { for (index, byte) in $0.enumerated() { bytes[offset + index] = byte } }
        }
        let tileBytes = type.bytesPerTile
        for matrix in 0..<shape.count {
            for row in 0..<shape.rowTiles * 16 {
                for column in 0..<shape.columnTiles * 64 {
                    let isPadding = row >= shape.rows || column >= shape.columns
                    let number = isPadding ? 0 : numbers[(matrix * shape.rows + row) * shape.columns + column]
                    let tile = (matrix * shape.rowTiles + row / 16) * shape.columnTiles + column / 64
                    let (r, c) = (row % 16, column % 64)
                    let start = tile * tileBytes
                    switch type {
                    case .f32: write(number, at: start + (16 * c + r) * 4)
                    case .f16: write(Float16(number).bitPattern, at: start + (16 * c + r) * 2)
                    case .q8: write(Int8(number), at: start + 64 + 16 * 4 * (c / 4) + 4 * r + c % 4)
                    case .q4:
                        let (block, i) = (c / 32, c % 32)
                        bytes[start + 64 + 16 * 4 * (i / 4) + 4 * r + i % 4] |= UInt8(Int(number) + 8) << (block == 0 ? 0 : 4)
                    }
                    if type.isBlockQuantized, column % 32 == 0, !isPadding {
                        let scale = scales[(matrix * shape.rows + row) * blocks(shape) + column / 32]
                        write(Float16(scale).bitPattern, at: start + (16 * (c / 32) + r) * 2)
                    }
                }
            }
        }
        return bytes
    }
}
