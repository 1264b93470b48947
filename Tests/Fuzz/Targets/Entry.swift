import Glibc

/// The target that libFuzzer runs: that which RG_EDGE_FUZZ_TARGET names.
private let chosen: FuzzTarget = {
    let name = getenv("RG_EDGE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.named(name) else { fatalError("RG_EDGE_FUZZ_TARGET names no target: \"\(name)\"") }
    return target
}()

/// What libFuzzer calls for each input (https://llvm.org/docs/LibFuzzer.html#fuzz-target).
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = chosen.run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}
