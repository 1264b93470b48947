import CRGEdge

/// A struct of the header whose first member is `struct_size`, and which grows at its end in later versions.
///
/// Version 1 is the first: no struct is smaller than here. A larger one comes from a program for a later version, and is understood
/// if what is not known here has been left zero.
enum SizedStruct {
    /// More than any version will have: a size above it is no size.
    private static let largest = 4096

    /// The struct that a caller filled in.
    static func read<Value: BitwiseCopyable>(_ pointer: UnsafePointer<Value>?, _ name: String) throws(Failure) -> Value {
        let pointer = UnsafeRawPointer(try required(pointer, name))
        let size = try size(of: Value.self, at: pointer, name)
        guard (MemoryLayout<Value>.stride..<size).allSatisfy({ pointer.load(fromByteOffset: $0, as: UInt8.self) == 0 }) else {
            throw Failure(
                RG_ERROR_VERSION, "\(name) sets members that this version of the library doesn't know; install a newer one")
        }
        return pointer.loadUnaligned(as: Value.self)
    }

    /// Fills in a struct of the caller's that has been checked, of which `struct_size` and members not known here stay.
    static func write<Value: BitwiseCopyable>(to pointer: UnsafeMutablePointer<Value>, _ fill: (inout Value) -> Void) {
        var value = UnsafeRawPointer(pointer).loadUnaligned(as: Value.self)
        fill(&value)
        withUnsafeBytes(of: value) { bytes in
            UnsafeMutableRawPointer(pointer).copyMemory(
                from: bytes.baseAddress ?? UnsafeRawPointer(pointer), byteCount: bytes.count)
        }
    }

    /// Throws unless the struct has room for all that is known here.
    static func check<Value: BitwiseCopyable>(_ pointer: UnsafeMutablePointer<Value>, _ name: String) throws(Failure) {
        _ = try size(of: Value.self, at: UnsafeRawPointer(pointer), name)
    }

    private static func size<Value: BitwiseCopyable>(
        of type: Value.Type, at pointer: UnsafeRawPointer, _ name: String
    ) throws(Failure) -> Int {
        let size = pointer.loadUnaligned(as: Int.self)
        guard (MemoryLayout<Value>.stride...largest).contains(size) else {
            throw Failure(
                RG_ERROR_VERSION,
                "struct_size of \(name) is \(UInt(bitPattern: size)), not \(MemoryLayout<Value>.stride) as in version 1; "
                    + "begin with its RG_…_INIT")
        }
        return size
    }
}
