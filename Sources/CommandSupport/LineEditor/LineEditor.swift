/// A line that is being edited, with what keys bring into it: earlier lines, found ones, completions.
struct LineEditor {
    /// What a key asks for besides.
    enum Effect: Equatable {
        /// The line is to be drawn.
        case draw
        /// The line is done.
        case take
        /// Ctrl-C: it is given up.
        case giveUp
        /// Ctrl-D in an empty line.
        case end
        /// Choices are to be shown.
        case list([String])
        case clearScreen
        case suspend
        /// The terminal has said in which column its cursor is.
        case cursor(column: Int)
    }

    private(set) var line = LineBuffer()
    private(set) var search: HistorySearch?
    /// The text that was looked for last.
    private(set) var lastQuery: String
    private let history: [String]
    private var browser: HistoryBrowser
    /// The line before the search.
    private var former = LineBuffer()
    private let complete: (String) -> Completion?

    /// An empty line. `complete` is asked what may follow a text.
    init(history: [String], lastQuery: String = "", complete: @escaping (String) -> Completion? = { _ in nil }) {
        self.history = history
        self.lastQuery = lastQuery
        self.complete = complete
        browser = HistoryBrowser(history)
    }

    /// What is shown in place of the prompt, on a terminal of so many columns; nil unless a text is looked for.
    func prompt(columns: Int) -> String? { search?.prompt(columns: columns) }

    /// Does what a key says.
    mutating func apply(_ key: Key) -> Effect {
        if case .cursor(let column) = key { return .cursor(column: column) }
        if search != nil, applyToSearch(key) { return .draw }
        switch key {
        case .enter: return .take
        case .interrupt: return .giveUp
        case .endOfInput:
            if line.isEmpty { return .end }
            _ = line.apply(.delete)
        case .up: browser.older(than: line.text).map { line.replace(with: $0) }
        case .down: browser.newer(than: line.text).map { line.replace(with: $0) }
        case .search:
            search = HistorySearch(history)
            former = line
        case .tab: return completeLine()
        case .clearScreen: return .clearScreen
        case .suspend: return .suspend
        default: _ = line.apply(key)
        }
        return .draw
    }

    /// Does what a key says while a text is looked for; false if it ends the search, and means what it does otherwise.
    private mutating func applyToSearch(_ key: Key) -> Bool {
        switch key {
        case .text(let text): search?.add(text)
        case .search: search?.older(lastQuery)
        case .backspace: search?.back()
        case .unknown: break
        case .cancel:
            line = former
            search = nil
            return true
        case .escape:
            endSearch()
            return true
        default:
            endSearch()
            return false
        }
        if let found = search?.found {
            line.replace(with: found.line, cursorAt: found.offset)
        } else {
            line = former
        }
        return true
    }

    /// The line that was found is edited from here on; older ones are above it.
    private mutating func endSearch() {
        if let query = search?.query, !query.isEmpty { lastQuery = query }
        if let place = search?.place { _ = browser.go(to: place, from: former.text) }
        search = nil
    }

    private mutating func completeLine() -> Effect {
        guard let completion = complete(line.textBeforeCursor), !completion.candidates.isEmpty else { return .draw }
        let common = completion.common
        guard completion.candidates.count == 1 || common.count > completion.replaced else {
            return .list(completion.candidates.map(\.label))
        }
        line.replace(last: completion.replaced, with: common)
        return .draw
    }
}
