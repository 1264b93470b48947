import CRGEdge
import Glibc
import Kernels
import Version

// The functions of `rg_edge.h`, "version and kernels". Their documentation is there.

/// Strings that live as long as the process.
private nonisolated(unsafe) let version = strdup(projectVersion)
private nonisolated(unsafe) let kernels = strdup(Kernels.best.name)

@c @implementation
public func rg_abi_version() -> UInt32 { RG_ABI_VERSION }

@c @implementation
public func rg_version() -> UnsafePointer<CChar>! { version.map { UnsafePointer($0) } }

@c @implementation
public func rg_cpu_kernels() -> UnsafePointer<CChar>! { kernels.map { UnsafePointer($0) } }
