import CRGEdge
import Glibc

/// Memory that a call is granted before it begins: Swift ends the process where one of its own allocations is refused.
///
/// In the library, an allocation that the system refuses is taken from the room that is open here (`reserve.h`). So a call either
/// gets no room, and fails with RG_ERROR_MEMORY, or has what it needs.
enum Headroom {
    /// What a call may need besides what is named.
    private static let slack = 256 << 10

    /// Runs `body` with `bytes` bytes at its disposal, or throws if the system doesn't grant them.
    static func with(_ bytes: Int, for purpose: String, _ body: () throws(Failure) -> Void) throws(Failure) {
        let (total, overflow) = bytes.addingReportingOverflow(slack)
        guard !overflow, let room = crg_open_room(total) else {
            throw Failure(RG_ERROR_MEMORY, "no memory \(purpose); close other programs, or raise \"ulimit -v\" (errno \(ENOMEM))")
        }
        defer { crg_close_room(room) }
        try body()
    }

    /// The same for `count` times `bytes`, and `more`.
    static func with(
        _ bytes: Int, times count: Int, and more: Int = 0, for purpose: String, _ body: () throws(Failure) -> Void
    ) throws(Failure) {
        let (product, overflow) = count.multipliedReportingOverflow(by: bytes)
        let (total, overflow2) = product.addingReportingOverflow(more)
        try with(overflow || overflow2 ? .max : total, for: purpose, body)
    }
}
