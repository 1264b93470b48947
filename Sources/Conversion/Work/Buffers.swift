import Quantization

// Memory that one thread uses again from slice to slice.

/// Memory for floats that grows to the largest number asked for.
struct FloatBuffer: ~Copyable {
    private var memory: UnsafeMutablePointer<Float>?
    private var capacity = 0

    init() {}

    /// Room for `count` floats, whose values are undefined.
    mutating func room(for count: Int) -> UnsafeMutablePointer<Float> {
        if let memory, capacity >= count { return memory }
        memory?.deallocate()
        let larger = UnsafeMutablePointer<Float>.allocate(capacity: count)
        memory = larger
        capacity = count
        return larger
    }

    deinit { memory?.deallocate() }
}

/// A panel that is replaced only when matrices of another width begin.
struct PanelBuffer {
    private var panel: Panel?

    /// A panel of `columns` columns, whose contents are undefined.
    mutating func panel(columns: Int) -> Panel {
        if let panel, panel.columns == columns { return panel }
        let other = Panel(columns: columns)
        panel = other
        return other
    }
}
