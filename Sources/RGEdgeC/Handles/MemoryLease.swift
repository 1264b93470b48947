/// Gives memory of the caller's back when nothing uses it any more.
final class MemoryLease {
    /// False while the model may still fail to open: then the memory stays the caller's.
    var isOurs = false
    private let giveBack: () -> Void

    init(_ giveBack: @escaping () -> Void) { self.giveBack = giveBack }

    deinit { if isOurs { giveBack() } }
}
