// swift-format-ignore-file: AlwaysUseLowerCamelCase
import CRGEdge
import Glibc
import Kernels
import RGEdge
import Version

// The functions of `rg_edge.h`, "version and kernels". Their documentation is there.

/// Strings that live as long as the process.
private nonisolated(unsafe) let version = permanent(projectVersion)
private nonisolated(unsafe) let kernels = permanent(Kernels.best.name)

/// A copy that is never freed, from the reserve if need be.
private func permanent(_ text: String) -> UnsafeMutablePointer<CChar>? {
    text.withCString { source in
        let count = strlen(source) + 1
        let copy = crg_malloc(count)?.assumingMemoryBound(to: CChar.self)
        copy?.update(from: source, count: count)
        return copy
    }
}

@c @implementation
public func rg_abi_version() -> UInt32 { RG_ABI_VERSION }

@c @implementation
public func rg_version() -> UnsafePointer<CChar>! { version.map { UnsafePointer($0) } }

@c @implementation
public func rg_cpu_kernels() -> UnsafePointer<CChar>! { kernels.map { UnsafePointer($0) } }

@c @implementation
public func rg_set_log(_ level: rg_log_level, _ on_log: rg_on_log!, _ user: UnsafeMutableRawPointer!) -> rg_status {
    status { () throws(Failure) in
        guard let on_log else { return Model.receiveLog(nil) }
        guard let level = LogLevel(rawValue: Int(level.rawValue)) else {
            throw .argument("the level is \(level.rawValue); use one of RG_LOG_…")
        }
        nonisolated(unsafe) let user = user
        Model.receiveLog(from: level) { level, line in
            line.withCString { on_log(user, rg_log_level(UInt32(level.rawValue)), $0) }
        }
    }
}
