extension Character {
    /// The columns that the character takes on a terminal: 2 for East Asian wide ones and emoji, 0 for a mark that stands alone.
    /// (Not wcwidth(3), which knows only what the locale knows: nothing but ASCII in the C locale.)
    var columns: Int {
        let scalars = unicodeScalars
        // A regional pair, and whatever is shown as one emoji.
        if scalars.count > 1, scalars.contains(where: \.makesEmoji) { return 2 }
        return scalars.reduce(0) { $0 + $1.columns }
    }
}

extension Unicode.Scalar {
    /// True for what makes one emoji of the characters around it.
    fileprivate var makesEmoji: Bool {
        self == "\u{FE0F}" || properties.isEmojiModifier || properties.isEmojiPresentation || (0x1F1E6...0x1F1FF).contains(value)
    }

    fileprivate var columns: Int {
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        // A line break is shown as a sign.
        case .control: return self == "\n" ? 1 : 0
        // Of a Hangul syllable in parts the first one is wide, and has the others in it.
        case _ where (0x1160...0x11FF).contains(value) || (0xD7B0...0xD7FF).contains(value): return 0
        default: return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) } ? 2 : 1
        }
    }

    /// The blocks whose characters are wide or full-width (Unicode 15, EastAsianWidth.txt), with what lies between them.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF,
        0x20000...0x3FFFD,
    ]
}
