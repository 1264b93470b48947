extension ByteMachine {
    /// The machine of whatever `next` leads to, less the states from which nothing is accepted. Nil if there are more than
    /// ``Limits/machineStates``.
    static func explored<State: Hashable>(
        from start: State, classes: ByteClasses, next: (State, UInt8) -> State?, accepts: (State) -> Bool
    ) -> ByteMachine? {
        ExploredStates(from: start, classes: classes, next: next)?.machine(accepts)
    }

    /// Of the rows of a table, a column per class.
    fileprivate init(rows: [[Int32]], byteClasses: [UInt8], accepts: [Bool]) {
        var users = [[Int32]](repeating: [], count: rows.count)
        for (state, row) in rows.enumerated() {
            for target in row where target >= 0 && users[Int(target)].last != Int32(state) {
                users[Int(target)].append(Int32(state))
            }
        }
        var isLive = accepts
        var pending = accepts.indices.filter { accepts[$0] }
        while let state = pending.popLast() {
            for user in users[state] where !isLive[Int(user)] {
                isLive[Int(user)] = true
                pending.append(Int(user))
            }
        }
        var numbers = [Int32](repeating: -1, count: rows.count), count: Int32 = 0
        for state in rows.indices where isLive[state] {
            numbers[state] = count
            count += 1
        }
        guard isLive.first == true else {
            self.init(classes: [UInt8](repeating: 0, count: 256), classCount: 1, table: [], accepts: [])
            return
        }
        let live = rows.indices.filter { isLive[$0] }.map { rows[$0].map { $0 < 0 ? -1 : numbers[Int($0)] } }
        // Classes that no state tells apart are one.
        var merged: [UInt8] = [], columns: [[Int32]: UInt8] = [:], firsts: [Int] = []
        for number in 0..<(rows.first?.count ?? 0) {
            let column = live.map { $0[number] }
            if columns[column] == nil {
                columns[column] = UInt8(firsts.count)
                firsts.append(number)
            }
            merged.append(columns[column] ?? 0)
        }
        self.init(
            classes: byteClasses.map { merged[Int($0)] }, classCount: firsts.count,
            table: live.flatMap { row in firsts.map { row[$0] } },
            accepts: accepts.indices.filter { isLive[$0] }.map { accepts[$0] })
    }
}

/// States that lead to each other by bytes, each once, the start first. Several machines can be made of them, which differ in what they
/// accept.
struct ExploredStates<State: Hashable> {
    let states: [State]
    private let rows: [[Int32]]
    private let byteClasses: [UInt8]

    /// Nil if there are more than ``Limits/machineStates``.
    init?(from start: State, classes: ByteClasses, next: (State, UInt8) -> State?) {
        var numbers: [State: Int32] = [start: 0], states = [start], rows: [[Int32]] = []
        let bytes = classes.bytes.map { $0[0] }
        while rows.count < states.count {
            let state = states[rows.count]
            rows.append(
                bytes.map { byte in
                    guard let target = next(state, byte) else { return -1 }
                    if let number = numbers[target] { return number }
                    let number = Int32(states.count)
                    numbers[target] = number
                    states.append(target)
                    return number
                })
            guard states.count <= Limits.machineStates else { return nil }
        }
        (self.states, self.rows, byteClasses) = (states, rows, classes.classes)
    }

    func machine(_ accepts: (State) -> Bool) -> ByteMachine {
        ByteMachine(rows: rows, byteClasses: byteClasses, accepts: states.map(accepts))
    }
}
