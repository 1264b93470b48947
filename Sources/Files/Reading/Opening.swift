import Glibc

/// open(2), again and again while signals interrupt it. Returns a descriptor that is closed on exec, or -1 and errno.
func openRetrying(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
    while true {
        let descriptor = open(path, flags | O_CLOEXEC, mode)
        if descriptor >= 0 || errno != EINTR { return descriptor }
    }
}
