import System

/// The caches of the processors that this process may use.
public enum ProcessorCache {
    /// Bytes of the outermost cache of the first of these processors, which on small boards all of them share; nil where Linux does
    /// not say: on ARM it takes that from the device tree, and not every board's and virtual machine's has it.
    public static let outermostBytes: Int? = {
        let processor = ProcessorCount.allowedProcessors().first ?? 0
        return outermostBytes(in: "/sys/devices/system/cpu/cpu\(processor)/cache")
    }()

    /// The size of the cache with the highest level, of those that hold data, in a folder with one for each.
    static func outermostBytes(in folder: String) -> Int? {
        var outermost: (level: Int, bytes: Int)?
        for index in 0..<8 {
            let cache = "\(folder)/index\(index)/"
            guard let level = SystemFile.firstLine(cache + "level").flatMap({ Int($0) }) else { break }
            guard SystemFile.firstLine(cache + "type") != "Instruction",
                let size = SystemFile.firstLine(cache + "size").flatMap(bytes), level > outermost?.level ?? 0
            else { continue }
            outermost = (level, size)
        }
        return outermost?.bytes
    }

    /// A size as Linux writes it: `512K`, `2M`, or bytes. Nil for anything else, and for none.
    static func bytes(_ text: String) -> Int? {
        let shift: [Character: Int] = ["K": 10, "M": 20, "G": 30]
        let unit = text.last.flatMap { shift[$0] }
        guard let number = Int(unit == nil ? text : String(text.dropLast())), number > 0, number < 1 << 32 else { return nil }
        return number << (unit ?? 0)
    }
}
