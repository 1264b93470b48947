import Glibc
import System

/// Notices that the system takes weights away that are in use: then each pass reads again, by page faults, what was taken since the
/// one before.
struct EvictionWatch {
    private var faults = 0
    private var resident = ProcessMemory.resident.bytes
    private var passes = 0

    /// Faults of a pass that are no accident: each reads 128 KB and more, as a rule.
    private static let fewest = 16
    private let pageBytes = Int(getpagesize())

    /// Takes note that a pass begins. Faults between passes are not the model's.
    mutating func beginPass() { faults = ProcessMemory.majorFaults }

    /// Takes note that a pass has ended; true if in this one and the one before weights came in and as many went.
    mutating func endPass() -> Bool {
        let count = ProcessMemory.majorFaults - faults
        guard count >= Self.fewest else {
            passes = 0
            return false
        }
        // A page at least comes with a fault: where a file is read for the first time, the process grows by that.
        let before = resident
        resident = ProcessMemory.resident.bytes
        passes = resident - before < count * pageBytes ? passes + 1 : 0
        return passes >= 2
    }
}
