import Glibc
import Testing

@testable import Kernels

@Suite("Processor count")
struct ProcessorCountTests {
    @Test("At least one core, and no more than the processors that are there")
    func bounds() {
        #expect(ProcessorCount.usableCores >= 1)
        #expect(ProcessorCount.usableCores <= sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }
}
