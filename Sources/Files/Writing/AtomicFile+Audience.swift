import Glibc

// Permissions, owner and group are a courtesy: it is not an error if a file system has none, or doesn't let them be changed.
extension AtomicFile.Audience {
    /// The permissions that a new file is made with, before umask(2).
    var mode: mode_t {
        switch self {
        case .usual: 0o644
        case .userAlone: 0o600
        case .sharing(let sharing): 0o600 | sharing.permissions
        }
    }

    /// Gives a new file that was made with ``mode`` the permissions for this audience, as the replacement for what is at `target`.
    func apply(to descriptor: Int32, replacing target: String) {
        var new = stat()
        guard fstat(descriptor, &new) == 0 else { return }
        switch self {
        case .usual, .userAlone:
            var former = stat()
            guard lstat(target, &former) == 0, former.st_mode & S_IFMT == S_IFREG else { return }
            give(descriptor, new, owner: former.st_uid, group: former.st_gid, permissions: former.st_mode & 0o777)
        case .sharing(let sharing):
            give(descriptor, new, owner: new.st_uid, group: sharing.group, permissions: new.st_mode & 0o777)
        }
    }

    /// Gives a file an owner and a group, if this user may, and permissions. If the file's group stays another one, that group gets
    /// no more than everybody.
    private func give(_ descriptor: Int32, _ new: stat, owner: uid_t, group: gid_t, permissions: mode_t) {
        var permissions = permissions
        let isOther = owner != new.st_uid || group != new.st_gid
        if isOther, fchown(descriptor, owner, group) != 0, group != new.st_gid, fchown(descriptor, uid_t.max, group) != 0 {
            permissions = permissions & ~0o070 | permissions & (permissions & 0o007) << 3
        }
        _ = fchmod(descriptor, permissions)
    }
}
