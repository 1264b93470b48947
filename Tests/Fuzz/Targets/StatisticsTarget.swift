@testable import Conversion
@testable import Griffin

extension FuzzTarget {
    /// A file of statistics, by which the small model is converted where it is accepted.
    static let statistics = FuzzTarget(name: "statistics", largestInput: 1 << 15) {
        // Mean squares of 1 and 0.5, then of 0.
        [false, true].flatMap { moments in
            let header = header(moments: moments)
            let input = SafetensorsInput(header: header.text, dataBytes: header.dataBytes).bytes
            return [[0, 0, 0x80, 0x3F, 0, 0, 0, 0x3F], [0]].map { Sections.join([input, $0]) }
        }
    } run: { bytes in
        let path = SafetensorsInput(bytes).write(to: "text.importance")
        guard let importance = try? Importance(path: path) else { return false }
        for planned in SmallModel.configuration.tensorPlan {
            guard let inputs = try? importance.inputs(of: planned), let shape = planned.matrixShape else { continue }
            promise(inputs.count == shape.count * shape.columns, "each input of a matrix has a mean square")
            guard (try? importance.hasMoments(of: planned)) == true else { continue }
            for group in 0..<shape.count { _ = try? importance.covariance(of: planned, group: group) }
        }
        var options = Conversion.Options()
        options.types = .q4Small
        options.importance = importance
        options.threads = 1
        let target = ScratchFolder.file("converted.rgq")
        return (try? Conversion(source: SmallModel.checkpoint, options: options).write(to: target)) != nil
    }

    /// The header of statistics of the small model, and how many bytes of numbers it asks for.
    private static func header(moments: Bool) -> (text: [UInt8], dataBytes: Int) {
        var entries: [String] = [], end = 0
        func add(_ name: String, _ count: Int) {
            entries.append(#""\#(name)":{"dtype":"F32","shape":[\#(count)],"data_offsets":[\#(end),\#(end + 4 * count)]}"#)
            end += 4 * count
        }
        for planned in SmallModel.configuration.tensorPlan {
            guard let shape = planned.matrixShape else { continue }
            add(planned.name, shape.count * shape.columns)
            if moments, planned.inputName == planned.name {
                add(planned.name + Importance.momentsSuffix, shape.count * InputGroups(columns: shape.columns).elementCount)
            }
        }
        return (Array("{\(entries.joined(separator: ","))}".utf8), end)
    }
}
