extension ByteMachine {
    /// The machine of whatever `next` leads to, less the states from which nothing is accepted. Nil if there are more than
    /// ``Limits/machineStates``.
    static func explored<State: Hashable>(
        from start: State, next: (State, UInt8) -> State?, accepts: (State) -> Bool
    ) -> ByteMachine? {
        var numbers: [State: Int32] = [start: 0], states = [start], rows: [[Int32]] = []
        while rows.count < states.count {
            let state = states[rows.count]
            rows.append(
                (UInt8.min...UInt8.max).map { byte in
                    guard let target = next(state, byte) else { return -1 }
                    if let number = numbers[target] { return number }
                    let number = Int32(states.count)
                    numbers[target] = number
                    states.append(target)
                    return number
                })
            guard states.count <= Limits.machineStates else { return nil }
        }
        return ByteMachine(rows: rows, accepts: states.map(accepts))
    }

    /// Of a row of 256 states, or -1, per state.
    private init(rows: [[Int32]], accepts: [Bool]) {
        var users = [[Int32]](repeating: [], count: rows.count)
        for (state, row) in rows.enumerated() {
            for target in Set(row) where target >= 0 { users[Int(target)].append(Int32(state)) }
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
        var classes: [UInt8] = [], columns: [[Int32]: UInt8] = [:], firsts: [Int] = []
        for byte in 0..<256 {
            let column = live.map { $0[byte] }
            if columns[column] == nil {
                columns[column] = UInt8(firsts.count)
                firsts.append(byte)
            }
            classes.append(columns[column] ?? 0)
        }
        self.init(
            classes: classes, classCount: firsts.count, table: live.flatMap { row in firsts.map { row[$0] } },
            accepts: accepts.indices.filter { isLive[$0] }.map { accepts[$0] })
    }
}
