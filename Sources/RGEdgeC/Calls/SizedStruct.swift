import CRGEdge

/// A struct of the header whose first member is `struct_size`, and which grows at its end in later versions.
protocol GrowingStruct {
    /// Bytes in version 1, the first. A member that came later lies behind them, not in what was padding: that may hold anything.
    static var firstSize: Int { get }
}

extension GrowingStruct {
    /// It has not grown yet.
    static var firstSize: Int { MemoryLayout<Self>.stride }
}

extension rg_model_options: GrowingStruct {
    static var firstSize: Int { MemoryLayout<Self>.offset(of: \.catch_sigbus) ?? MemoryLayout<Self>.stride }
}
extension rg_model_info: GrowingStruct {
    static var firstSize: Int { MemoryLayout<Self>.offset(of: \.resident_bytes) ?? MemoryLayout<Self>.stride }
}
extension rg_sampling: GrowingStruct {
    static var firstSize: Int { MemoryLayout<Self>.offset(of: \.presence_penalty) ?? MemoryLayout<Self>.stride }
}
extension rg_generate_options: GrowingStruct {
    static var firstSize: Int { MemoryLayout<Self>.offset(of: \.sampling_at) ?? MemoryLayout<Self>.stride }
}
extension rg_generate_result: GrowingStruct {
    static var firstSize: Int { MemoryLayout<Self>.offset(of: \.reused_tokens) ?? MemoryLayout<Self>.stride }
}

/// Reading and writing such structs.
///
/// A caller's struct may be smaller than here, but not smaller than in version 1: it then comes from a program for an earlier
/// version, and what it lacks is zero. A larger one comes from a program for a later version, and is understood if the members that
/// are not known here are zero.
enum SizedStruct {
    /// More than any version will have: a size above it is an error.
    private static let largest = 4096

    /// The struct that a caller filled in.
    static func read<Value: GrowingStruct>(_ pointer: UnsafePointer<Value>?, _ name: String) throws(Failure) -> Value {
        let pointer = UnsafeRawPointer(try required(pointer, name))
        let size = try size(of: Value.self, at: pointer, name)
        let unknown = MemoryLayout<Value>.stride..<max(size, MemoryLayout<Value>.stride)
        guard unknown.allSatisfy({ pointer.load(fromByteOffset: $0, as: UInt8.self) == 0 }) else {
            throw Failure(
                RG_ERROR_VERSION, "\(name) sets members that this version of the library doesn't know; install a newer one")
        }
        return known(pointer, size: size)
    }

    /// What is known here of a struct of `size` bytes; what it lacks is zero.
    private static func known<Value: GrowingStruct>(_ pointer: UnsafeRawPointer, size: Int) -> Value {
        withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { buffer in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(size, bytes.count)))
            return bytes.load(as: Value.self)
        }
    }

    /// Fills in a caller's struct that has been checked. `struct_size` and members not known here stay as they are.
    static func write<Value: GrowingStruct>(to pointer: UnsafeMutablePointer<Value>, _ fill: (inout Value) -> Void) {
        let target = UnsafeMutableRawPointer(pointer)
        let size = target.loadUnaligned(as: Int.self)
        var value: Value = known(target, size: size)
        fill(&value)
        withUnsafeBytes(of: value) { bytes in
            target.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(target), byteCount: min(size, bytes.count))
        }
    }

    /// Throws unless the struct has room for all that was in version 1.
    static func check<Value: GrowingStruct>(_ pointer: UnsafeMutablePointer<Value>, _ name: String) throws(Failure) {
        _ = try size(of: Value.self, at: UnsafeRawPointer(pointer), name)
    }

    private static func size<Value: GrowingStruct>(
        of type: Value.Type, at pointer: UnsafeRawPointer, _ name: String
    ) throws(Failure) -> Int {
        let size = pointer.loadUnaligned(as: Int.self)
        guard (Value.firstSize...largest).contains(size) else {
            throw Failure(
                RG_ERROR_VERSION,
                "struct_size of \(name) is \(UInt(bitPattern: size)), not \(Value.firstSize) or more; "
                    + "begin with its RG_…_INIT")
        }
        return size
    }
}
