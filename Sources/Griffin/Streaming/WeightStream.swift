import Files
import Glibc
import KernelTypes
import ModelFile
import System
import Tiles

/// The weights that don't stay in memory: hands out their slabs while a pass is computed.
///
/// The numbers are those of the file, and kernels see them at their place in the matrix, so results are the same to the bit as with
/// the file in memory.
final class WeightStream: @unchecked Sendable {
    private(set) var plan: StreamPlan
    private let file: ModelFile
    private let reader: DirectFile
    private var ring: StreamRing
    private var process: pid_t
    /// The request of the first slab of the pass.
    private var first = 0
    /// True while readers fetch the resident parts, and the computation is not to overtake them.
    private(set) var isFetching = true
    /// Page faults that read the disk: when the pass began, and in the last whole one.
    private var faultsAtBegin = 0, faultsOfPass = 0
    private var sincePass = Stopwatch()

    /// [members × rowTileBytes]: one row of tiles of the embedding for each, where the row of a token is not in memory.
    private let rows: UnsafeMutableRawPointer
    private let rowTileBytes: Int
    private let members: Int

    /// Bytes that a stream of a file allocates, at most.
    static func byteCount(_ file: ModelFile, members: Int) -> Int {
        let slack = 2 * Int(getpagesize())
        return StreamRing.slotCount * (StreamPlan.largestSlab(of: file) + slack) + members * rowTileBytes(file)
    }

    private static func rowTileBytes(_ file: ModelFile) -> Int {
        guard let embedding = file.tensor(named: Configuration.embeddingName), let shape = embedding.matrixShape else { return 0 }
        return shape.columnTiles * embedding.type.bytesPerTile
    }

    /// Nil if the system refuses memory or threads, or the weights are in no file.
    init?(_ file: ModelFile, plan: StreamPlan, members: Int) {
        let rowTileBytes = Self.rowTileBytes(file)
        guard let reader = file.directReader(), let ring = StreamRing(file, reader: reader, plan: plan) else { return nil }
        let rows = mmap(nil, members * rowTileBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let rows, rows != MAP_FAILED, ring.start() else {
            ring.stop()
            if let rows, rows != MAP_FAILED { munmap(rows, members * rowTileBytes) }
            return nil
        }
        self.plan = plan
        self.file = file
        self.reader = reader
        self.ring = ring
        self.rows = rows
        self.rowTileBytes = rowTileBytes
        self.members = members
        process = getpid()
        release(plan)
        file.readPagesAlone(true)
    }

    deinit {
        if isFetching { file.readPagesAlone(false) }
        munmap(rows, members * rowTileBytes)
        // A child process has neither the ring's threads nor its memory.
        if getpid() == process { ring.stop() } else { _ = Unmanaged.passRetained(ring) }
    }

    /// What is read from now on stays no longer in memory by way of the mapping.
    private func release(_ plan: StreamPlan) {
        for slab in plan.slabs { file.release(slab.bytes) }
    }

    /// Goes on by another plan. Not to be called in a pass.
    func replace(_ plan: StreamPlan) {
        self.plan = plan
        // A child process makes a ring of its own when it first needs one.
        guard getpid() == process else { return }
        release(plan)
        setFetching(true)
        ring.replace(plan)
    }

    private func setFetching(_ isFetching: Bool) {
        guard self.isFetching != isFetching else { return }
        self.isFetching = isFetching
        file.readPagesAlone(isFetching)
    }

    // MARK: - A pass

    /// Has a child process use a ring of its own. Throws if it gets no memory for that.
    func enter() throws(FileProblem) {
        guard getpid() != process else { return }
        // Its threads and memory are the parent's; so is all that they hold.
        _ = Unmanaged.passRetained(ring)
        guard let ring = StreamRing(file, reader: reader, plan: plan) else {
            throw .system(file.path, while: "reading", ENOMEM)
        }
        guard ring.start() else {
            ring.stop()
            throw .system(file.path, while: "reading", EAGAIN)
        }
        self.ring = ring
        process = getpid()
    }

    /// Begins a pass, by the thread that runs it. Throws if this is a child process that gets no memory for a ring of its own.
    func begin(wantsHead: Bool) throws(FileProblem) {
        try enter()
        // Where the system has let resident parts go, in a pause or under pressure, reading them as they are used is slow.
        let fetches = sincePass.seconds > Self.pause || faultsOfPass > Self.fewFaults
        faultsAtBegin = ProcessMemory.majorFaults
        if fetches { setFetching(true) }
        first = ring.begin(wantsHead: wantsHead, fetches: fetches)
    }

    /// Seconds without a pass after which the system may have found other use for memory.
    private static let pause = 1.0
    private static let fewFaults = 16

    /// A matrix of which only the rows of a slab may be used, when these are there. Called by every member.
    func matrix(_ matrix: TiledMatrix, slab: Int) -> TiledMatrix {
        guard let tiles = ring.slab(first + slab) else { return matrix }
        return matrix.placed(tiles, at: plan.slabs[slab].rowTiles.lowerBound)
    }

    /// Ends the use of a slab, when all members are done with it. Called by one of them, in the plan's order.
    func release() { ring.release() }

    /// The embedding, of which only the row of a token may be used: in memory, or just read for this member.
    func embedding(_ embedding: TiledMatrix, token: Int, member: Int) -> TiledMatrix {
        let rowTile = token / Tile.rows
        guard let part = plan.part(of: embedding.number), rowTile >= part.residentRowTiles else { return embedding }
        let buffer = UnsafeMutableRawBufferPointer(start: rows + member * rowTileBytes, count: rowTileBytes)
        do throws(FileProblem) {
            try file.read(at: file.tensors[embedding.number].offset + rowTile * rowTileBytes, into: buffer)
        } catch {
            ring.note(error)
        }
        return buffer.baseAddress.map { embedding.placed($0, at: rowTile) } ?? embedding
    }

    /// Ends a pass. Throws what the system had against reading its weights, or that the file has been written to.
    func end() throws(FileProblem) {
        if isFetching, ring.isFetched { setFetching(false) }
        faultsOfPass = ProcessMemory.majorFaults - faultsAtBegin
        sincePass = Stopwatch()
        let failure = ring.takeFailure()
        // Why it failed, if it was that.
        try file.checkUnchanged()
        if let failure { throw failure }
    }
}

extension TiledMatrix {
    /// The matrix as if it began so far before `tiles` that a row of tiles of it lies there.
    fileprivate func placed(_ tiles: UnsafeRawPointer, at rowTile: Int) -> TiledMatrix {
        // Only an address: what lies before is never read.
        let start = UInt(bitPattern: tiles) &- UInt(rowTile * shape.columnTiles * type.bytesPerTile)
        guard let start = UnsafeRawPointer(bitPattern: start) else { return self }
        return TiledMatrix(tiles: start, shape: shape, type: type, number: number)
    }
}
