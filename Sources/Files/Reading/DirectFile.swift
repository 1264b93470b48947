import CLinux
import Glibc
import Synchronization
import System

/// A file that is read past the system's file cache (`O_DIRECT`, open(2)): what is read once and not soon again, and would push
/// out of memory what is needed there.
///
/// Where the file system can't do that, it is read through the cache, and leaves it at once.
public final class DirectFile: Sendable {
    private let file: RegularFile
    /// For reads past the cache; -1 if the file system has none.
    private let descriptor: Int32
    private let isDirect: Atomic<Bool>

    /// Where a buffer must begin, and what its reads are rounded to: a power of two, at most 1 MiB. The system's page (16 KB on a
    /// Raspberry Pi 5), or more if the file system asks for more.
    public let alignment: Int

    /// A second way to a file that is open; nil for what is none.
    public init?(_ file: MappedFile) {
        guard let file = file.regularFile else { return nil }
        self.file = file
        let direct = clinux_open_direct(file.descriptor)
        let asked = direct >= 0 ? Int(clinux_direct_alignment(direct)) : -1
        let isSensible = asked >= 0 && asked & (asked - 1) == 0 && asked <= 1 << 20
        if direct >= 0, !isSensible { close(direct) }
        descriptor = isSensible ? direct : -1
        isDirect = Atomic(isSensible)
        alignment = max(4096, Int(getpagesize()), isSensible ? asked : 0)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// False if reads go through the system's file cache after all.
    public var isPastCache: Bool { isDirect.load(ordering: .relaxed) }

    /// Bytes that a buffer needs to read any range of `count` bytes.
    public func bufferBytes(for count: Int) -> Int { (count + 2 * alignment - 2) & ~(alignment - 1) }

    /// Reads a range, which must lie in the file as it was opened, into a buffer of ``bufferBytes(for:)``, aligned to
    /// ``alignment``. Returns where in the buffer the range begins. Throws if reading fails or the file has become shorter.
    public func read(_ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws(FileProblem) -> Int {
        precondition(buffer.count >= bufferBytes(for: range.count), "the buffer is too small")
        let place = file.start + range.lowerBound
        let start = place & ~(alignment - 1), first = place - start
        let wanted = first + range.count
        guard isPastCache else { return try readThroughCache(range, into: buffer, at: first) }
        // What is used of the file by a mapping brings its neighbours into the cache, where nobody needs them; and some file systems
        // read through it all the same.
        defer { file.dropFromCache(range) }
        var done = 0
        while done < wanted {
            let end = (wanted + alignment - 1) & ~(alignment - 1)
            let count = pread(descriptor, buffer.baseAddress.map { $0 + done }, end - done, off_t(start + done))
            if count > 0 {
                // What is left of a short read must begin at a multiple again.
                let next = done + count >= wanted ? wanted : (done + count) & ~(alignment - 1)
                guard next > done else { return try readThroughCache(range, into: buffer, at: first) }
                done = next
            } else if count == 0 {
                throw file.changed("became shorter")
            } else if errno == EINVAL || errno == EOPNOTSUPP {
                isDirect.store(false, ordering: .relaxed)
                return try readThroughCache(range, into: buffer, at: first)
            } else if errno != EINTR {
                throw .system(file.path, while: "reading", errno)
            }
        }
        return first
    }

    private func readThroughCache(
        _ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer, at first: Int
    ) throws(FileProblem) -> Int {
        try file.read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(rebasing: buffer[first..<first + range.count]))
        file.dropFromCache(range)
        return first
    }
}
