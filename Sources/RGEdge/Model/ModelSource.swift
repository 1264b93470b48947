import Files
import System

/// Where the bytes of a model file are.
public enum ModelSource: @unchecked Sendable {
    /// A file of its own.
    case path(String)
    /// A part of a file that is open for reading, such as a program with a model behind it: `byteCount` bytes from `offset` on, a
    /// multiple of 64, or all up to the file's end. The descriptor stays the caller's, who may close it once the model is open.
    case descriptor(Int32, offset: Int = 0, byteCount: Int? = nil)
    /// Memory of the caller's, aligned to 64 bytes. It must stay where and as it is until the model and its sessions, snapshots and
    /// constraints are gone, which keep its `owner`. Nothing is copied, and nothing read from a disk: ``Residency/bytes(_:)`` makes no
    /// sense, and ``Model/Options/guardFile`` guards nothing, even if the memory is a file's mapping.
    case memory(UnsafeRawBufferPointer, owner: AnyObject? = nil)
}

extension ModelSource {
    /// What the offset of a part, and the address of memory, is a multiple of: a line of the processor's cache.
    static let alignment = 64

    /// What messages say of it.
    private var name: String {
        switch self {
        case .path(let path): path
        case .descriptor(let descriptor, 0, _): "descriptor \(descriptor)"
        case .descriptor(let descriptor, let offset, _): "descriptor \(descriptor), at \(offset)"
        case .memory: "model in memory"
        }
    }

    /// Opens it, and reads nothing.
    func mapped(isGuarded: Bool) throws(FileProblem) -> MappedFile {
        switch self {
        case .path(let path):
            return try MappedFile(path: path, isGuarded: isGuarded)
        case .descriptor(let descriptor, let offset, let byteCount):
            try checkAlignment(offset, "begins at", "append it at a multiple of \(Self.alignment) (truncate -s %4096 FILE)")
            return try MappedFile(
                try RegularFile(descriptor: descriptor, start: offset, byteCount: byteCount, name: name), isGuarded: isGuarded)
        case .memory(let bytes, let owner):
            try checkAlignment(
                bytes.baseAddress.map { Int(bitPattern: $0) } ?? 0, "is at address", "align it (posix_memalign, mmap)")
            return try MappedFile(bytes, owner: owner, name: name)
        }
    }

    private func checkAlignment(_ place: Int, _ verb: String, _ advice: String) throws(FileProblem) {
        guard place & (Self.alignment - 1) != 0 else { return }
        throw FileProblem(
            .option, path: name, problem: "\(verb) \(place), which is no multiple of \(Self.alignment)", advice: advice)
    }
}
