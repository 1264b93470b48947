@testable import CommandSupport

extension FuzzTarget {
    /// Keys, and the line that they edit.
    static let line = FuzzTarget(name: "line", largestInput: 1 << 11) {
        [
            "abc \u{1B}[A\u{1B}[200~pa\nste\u{1B}[201~\u{1B}[1;5D\u{17}\u{19}\u{1F600}\u{301}\u{B}\u{15}\u{1B}\u{7F}\u{1B}[24;80R",
            "日本 \u{1F468}\u{200D}\u{1F469}\u{1B}[D\u{1B}[D\u{301}\u{1B}[3~\u{1B}OH\u{5}\u{8}\u{1B}b\u{1B}f\u{1B}[1;3C",
        ].map { Array($0.utf8) }
    } run: { bytes in
        var place = 0
        let reader = KeyReader { _ in
            guard place < bytes.count else { return nil }
            place += 1
            return bytes[place - 1]
        }
        var line = LineBuffer()
        while let key = reader.next() {
            _ = line.apply(key)
            promise((0...line.characters.count).contains(line.cursor), "the cursor is in the line")
            let hasControls = line.text.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control }
            promise(!hasControls, "a line has no control characters")
            for columns in [-3, 0, 1, 2, 3, 7, 80] {
                let visible = line.visible(columns: columns)
                let width = visible.text.reduce(0) { $0 + $1.columns }
                promise((0...max(1, columns - 1)).contains(visible.cursor), "the cursor is at \(visible.cursor) of \(columns)")
                promise(width <= max(1, columns - 1), "\(width) columns fit into \(columns)")
            }
        }
        return !line.isEmpty
    }
}
