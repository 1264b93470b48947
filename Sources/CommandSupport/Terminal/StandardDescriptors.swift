import Glibc

/// The descriptors 0, 1 and 2, which whoever starts a program may have closed.
enum StandardDescriptors {
    /// Opens those that are closed, or the next file that is opened would take their place: a model would be read as what the user
    /// says, or a file be written over by the text. Each is opened the wrong way round, so that reading and writing fail as they
    /// would have (EBADF).
    static func occupy() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            // Those before it are open, and so this is the lowest that is free.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
