extension ScalarSet {
    /// The scalars of a general category of Unicode, by its short name or by the long one of a group: `Lu`, `L`, `Letter`. Nil if there
    /// is no such category. Looks at all scalars.
    init?(category name: String) {
        let aliases = [
            "Letter": "L", "Mark": "M", "Number": "N", "Punctuation": "P", "Symbol": "S", "Separator": "Z", "Other": "C",
        ]
        let short = aliases[name] ?? name
        guard short.utf8.count <= 2, !short.isEmpty else { return nil }
        var ranges: [ClosedRange<UInt32>] = []
        for part in ScalarSet.all.ranges {
            var start: UInt32?
            for value in part {
                let isMember = Unicode.Scalar(value).map { $0.properties.generalCategory.shortName.hasPrefix(short) } ?? false
                if isMember {
                    if start == nil { start = value }
                } else if let first = start {
                    ranges.append(first...value - 1)
                    start = nil
                }
            }
            if let first = start { ranges.append(first...part.upperBound) }
        }
        guard !ranges.isEmpty else { return nil }
        self.init(ranges)
    }
}

extension Unicode.GeneralCategory {
    /// As Unicode's tables have it.
    fileprivate var shortName: String {
        switch self {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        case .unassigned: "Cn"
        @unknown default: "Cn"
        }
    }
}
