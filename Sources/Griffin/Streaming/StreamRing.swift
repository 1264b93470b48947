import Files
import Glibc
import Kernels
import ModelFile
import Synchronization
import System

/// A ring of slots into which threads read the slabs of a ``StreamPlan`` ahead of their use, pass after pass.
///
/// A request is a slab in a pass; requests are numbered from the ring's first pass on, in the order in which their slabs are used,
/// and request n goes to slot n mod ``slotCount``. Readers run ahead as far as there are free slots, at the end of a pass into the
/// layers of the next one. Whether a pass needs the head's slabs is known only when it begins; readers wait for that.
final class StreamRing: @unchecked Sendable {
    /// Slots, and so the most slabs that are read ahead: some 17 MB.
    static let slotCount = 16
    /// Threads that read: while one waits for the disk, the requests of the others keep it busy.
    private static let readers = 3

    /// Bytes allocated.
    let byteCount: Int

    private let file: ModelFile
    private let reader: DirectFile
    private let memory: UnsafeMutableRawPointer
    private let slotBytes: Int

    /// For each slot: one more than the number of the request whose slab is there, above the 20 bits that say where in the slot the
    /// slab begins (``DirectFile/alignment`` is no more).
    private let arrived = InlineArray<16, Atomic<UInt64>> { _ in Atomic(0) }
    private let arrivals = SpinWait()

    // Under the monitor.
    private let monitor = Monitor()
    private var plan: StreamPlan
    /// Requests that readers have begun, that they have not finished yet, and those whose slots are free again.
    private var begun = 0, unfinished = 0, released = 0
    /// Where readers are: the number of the pass, and of the slab in the plan.
    private var readPass = 1, readSlab = 0
    /// The pass that is computed, or was last.
    private var pass = 0, passWantsHead = false
    /// The first slab before which the resident bytes are still to be fetched; `.max` if none are.
    private var fetchSlab = 0
    private var isStopped = false
    /// For each slot: what the system had against reading its slab.
    private var errors = [FileProblem?](repeating: nil, count: StreamRing.slotCount)
    /// The first of them in the pass.
    private var failure: FileProblem?

    private var threads: [Thread] = []

    /// A ring for the slabs of any plan for a file. Nil if the system refuses memory.
    init?(_ file: ModelFile, reader: DirectFile, plan: StreamPlan) {
        self.file = file
        self.reader = reader
        self.plan = plan
        slotBytes = reader.bufferBytes(for: StreamPlan.largestSlab(of: file))
        byteCount = slotBytes * Self.slotCount
        // Room to align in: a file system may ask for more than the page.
        guard
            let start = mmap(
                nil, byteCount + reader.alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), start != MAP_FAILED
        else { return nil }
        memory = start
        // Reads past the cache must not go on in memory that fork(2) copies (open(2)); a child makes a ring of its own.
        madvise(start, byteCount + reader.alignment, MADV_DONTFORK)
    }

    /// Starts the threads; false if the system has none left.
    func start() -> Bool {
        while threads.count < Self.readers, let thread = Thread("rg-read", blocksSignals: true, { [unowned self] in read() }) {
            threads.append(thread)
        }
        return !threads.isEmpty
    }

    /// Ends the threads. To be called once, before the last reference goes, in the process that started them.
    func stop() {
        monitor.withLock {
            isStopped = true
            monitor.wakeAll()
        }
        for thread in threads { thread.join() }
        munmap(memory, byteCount + reader.alignment)
    }

    private func slot(_ request: Int) -> UnsafeMutableRawBufferPointer {
        let first = UnsafeMutableRawPointer(
            bitPattern: (UInt(bitPattern: memory) + UInt(reader.alignment) - 1) & ~(UInt(reader.alignment) - 1))
        return UnsafeMutableRawBufferPointer(start: first.map { $0 + request % Self.slotCount * slotBytes }, count: slotBytes)
    }

    // MARK: - Use

    /// Begins a pass and returns the number of its first request. All requests of the one before must have been released. With
    /// `fetches`, readers go ahead in the resident parts, too, which the system may have let go.
    func begin(wantsHead: Bool, fetches: Bool) -> Int {
        monitor.withLock {
            pass += 1
            passWantsHead = wantsHead
            if fetches { fetchSlab = 0 }
            monitor.wakeAll()
            return released
        }
    }

    /// False until readers have been at all resident parts.
    var isFetched: Bool { monitor.withLock { fetchSlab == .max } }

    /// Where the slab of a request lies, once it has been read. If reading failed, anything is there, and ``takeFailure()`` tells.
    ///
    /// A member of the team that comes late, when the others have done its share, may find a later slab there.
    func slab(_ request: Int) -> UnsafeRawPointer? {
        let index = request % Self.slotCount
        arrivals.wait { arrived[index].load(ordering: .sequentiallyConsistent) >> 20 <= UInt64(request) }
        let start = Int(arrived[index].load(ordering: .sequentiallyConsistent) & (1 << 20 - 1))
        return UnsafeRawPointer(slot(request).baseAddress.map { $0 + start })
    }

    /// Gives the slot of the oldest request back, when nobody reads it any more.
    func release() {
        monitor.withLock {
            let index = released % Self.slotCount
            failure = failure ?? errors[index]
            errors[index] = nil
            released += 1
            monitor.wakeAll()
        }
    }

    /// Notes that something else of the pass could not be read.
    func note(_ error: FileProblem) { monitor.withLock { failure = failure ?? error } }

    /// What the system had against reading a slab of the pass that was computed; nil if all were read.
    func takeFailure() -> FileProblem? {
        monitor.withLock {
            defer { failure = nil }
            return failure
        }
    }

    /// Reads by another plan from the next pass on; what was read ahead is dropped. Not to be called in a pass.
    func replace(_ plan: StreamPlan) {
        monitor.withLock {
            // Readers begin nothing new.
            readSlab = .max
            while unfinished > 0 { monitor.wait() }
            self.plan = plan
            for index in errors.indices { errors[index] = nil }
            released = begun
            readPass = pass + 1
            readSlab = 0
            fetchSlab = 0
            monitor.wakeAll()
        }
    }

    // MARK: - Readers

    /// A reader's life.
    private func read() {
        while let (request, bytes, resident) = next() {
            for range in resident { file.prefetch(range) }
            let index = request % Self.slotCount
            var start = 0
            do throws(FileProblem) {
                start = try reader.read(bytes, into: slot(request))
            } catch {
                monitor.withLock { errors[index] = error }
            }
            arrived[index].store(UInt64(request + 1) << 20 | UInt64(start), ordering: .sequentiallyConsistent)
            arrivals.wake()
            monitor.withLock {
                unfinished -= 1
                if readSlab == .max { monitor.wakeAll() }
            }
        }
    }

    /// The next request, its bytes in the file and the resident ones to be fetched before it, when there is a request and a slot is
    /// free; nil at the end.
    private func next() -> (request: Int, bytes: Range<Int>, resident: [Range<Int>])? {
        monitor.withLock {
            while !isStopped {
                if begun - released < Self.slotCount, let slab = nextSlab() {
                    let request = begun
                    begun += 1
                    unfinished += 1
                    readSlab += 1
                    return (request, plan.slabs[slab].bytes, residentBytes(upTo: slab))
                }
                monitor.wait()
            }
            return nil
        }
    }

    /// What is still to be fetched of the resident bytes before a slab, and after it if it is the last.
    private func residentBytes(upTo slab: Int) -> [Range<Int>] {
        guard fetchSlab <= slab else { return [] }
        let isLast = slab == plan.slabs.count - 1
        defer { fetchSlab = isLast ? .max : slab + 1 }
        return (fetchSlab...(isLast ? slab + 1 : slab)).map(plan.residentBytes)
    }

    /// The slab to be read next; nil if that depends on what the next pass wants.
    private func nextSlab() -> Int? {
        guard readSlab != .max else { return nil }
        while readSlab >= plan.layerSlabs {
            guard readPass <= pass else { return nil }
            if readPass == pass, passWantsHead, readSlab < plan.slabs.count { return readSlab }
            readPass += 1
            readSlab = 0
        }
        return readSlab
    }
}
