import System

/// Notices that the system takes weights away that are in use: then each pass reads again, by page faults, what was taken since the
/// one before.
struct EvictionWatch {
    private var faults = ProcessMemory.majorFaults
    private var resident = ProcessMemory.resident.bytes
    private var passes = 0

    /// Faults of a pass that are no accident: each reads 128 KB, as a rule.
    private static let fewest = 16
    private static let pageBytes = 4096

    /// Takes note of a pass; true if in this one and the one before weights came in and as many went.
    mutating func notePass() -> Bool {
        let now = ProcessMemory.majorFaults
        defer { faults = now }
        guard now - faults >= Self.fewest else {
            passes = 0
            return false
        }
        // A page at least comes with a fault: where a file is read for the first time, the process grows by that.
        let before = resident
        resident = ProcessMemory.resident.bytes
        passes = resident - before < (now - faults) * Self.pageBytes ? passes + 1 : 0
        return passes >= 2
    }
}
