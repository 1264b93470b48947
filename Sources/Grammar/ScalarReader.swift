/// Reads a text scalar by scalar, and knows the line and the column.
struct ScalarReader {
    private let scalars: [Unicode.Scalar]
    private(set) var index = 0

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    var isAtEnd: Bool { index == scalars.count }

    /// The next scalar; nil at the end.
    var next: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    /// The one after the next.
    func peek(_ offset: Int) -> Unicode.Scalar? { index + offset < scalars.count ? scalars[index + offset] : nil }

    mutating func skip(_ count: Int = 1) { index = min(index + count, scalars.count) }

    mutating func rewind(to index: Int) { self.index = min(index, scalars.count) }

    mutating func take() -> Unicode.Scalar? {
        defer { skip() }
        return next
    }

    /// Takes a text if it comes next.
    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard scalars[index...].starts(with: wanted) else { return false }
        skip(wanted.count)
        return true
    }

    mutating func take(while isPart: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = next, isPart(scalar) {
            text.append(scalar)
            skip()
        }
        return String(text)
    }

    mutating func skip(while isPart: (Unicode.Scalar) -> Bool) {
        while let scalar = next, isPart(scalar) { skip() }
    }

    /// Line and column of a place, from 1 on.
    func place(of index: Int) -> GrammarError.Place {
        var line = 1, column = 1
        for scalar in scalars[..<index] {
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        return .line(line, column: column)
    }

    /// The number that `digits` hexadecimal digits make, if they come next and make a scalar.
    mutating func takeHexadecimal(_ digits: Int) -> Unicode.Scalar? {
        guard index + digits <= scalars.count, digits <= 8 else { return nil }
        var value: UInt32 = 0
        for scalar in scalars[index..<index + digits] {
            guard let digit = scalar.hexadecimalValue else { return nil }
            value = value << 4 | digit
        }
        guard let scalar = Unicode.Scalar(value) else { return nil }
        skip(digits)
        return scalar
    }

    /// A number in decimal digits, if one comes next; at most one more than ``Limits/count``.
    mutating func takeDecimal() -> Int? {
        guard let first = next, first.isDigit else { return nil }
        var value = 0
        while let digit = next, digit.isDigit {
            value = min(10 * value + Int(digit.value - 0x30), Limits.count + 1)
            skip()
        }
        return value
    }
}

extension Unicode.Scalar {
    /// 0 to 9, and nothing else that Unicode calls a digit.
    var isDigit: Bool { (0x30...0x39).contains(value) }

    var isLetter: Bool { (0x41...0x5A).contains(value) || (0x61...0x7A).contains(value) }

    var hexadecimalValue: UInt32? {
        switch value {
        case 0x30...0x39: value - 0x30
        case 0x41...0x46: value - 0x41 + 10
        case 0x61...0x66: value - 0x61 + 10
        default: nil
        }
    }
}
