/// How much of a model's weights stays in memory.
///
/// What doesn't stay is read from the disk in each pass, in the order of its use and ahead of it, past the system's file cache
/// (`StreamPlan`). Results are the same to the bit in all cases. What stays is used by the file's mapping and not locked, unless
/// ``Model/Options/lockMemory`` asks for it: if another process takes memory away, the system takes weights back, which are on the
/// disk anyway, instead of ending a process.
public enum Residency: Hashable, Sendable {
    /// All weights if they fit beside what else the model needs, otherwise as many as do, by what the system and its control groups
    /// leave. Goes with it: less stays once the system takes weights away that are in use, and more once memory is free again.
    case auto
    /// All weights, read at open. Opening fails if they don't fit.
    case all
    /// What the system decides. If not all fits, each token reads nearly all of the file again, since the system lets go what was
    /// used longest ago, which is what is needed next.
    case mapped
    /// As many bytes of weights, all if that is more than there are. Opening fails if they don't fit.
    case bytes(Int)
}
