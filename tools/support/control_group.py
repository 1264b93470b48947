"""A memory control group (cgroups(7), version 1 or 2), for those who may make one: root, as a rule."""
import os
import pathlib
import time


class Group:
    """A memory control group of version 1 or 2, below the one that this process may change."""

    def __init__(self, limit):
        base = pathlib.Path("/sys/fs/cgroup")
        self.version = 1 if (base / "memory").is_dir() else 2
        root = base / "memory" if self.version == 1 else base
        if self.version == 2 and "memory" not in (root / "cgroup.subtree_control").read_text().split():
            (root / "cgroup.subtree_control").write_text("+memory")
        self.folder = root / f"rg-edge-{os.getpid()}"
        self.folder.mkdir()
        names = {1: ("memory.limit_in_bytes", "memory.max_usage_in_bytes"), 2: ("memory.max", "memory.peak")}
        self.limit_name, self.peak_name = names[self.version]
        (self.folder / self.limit_name).write_text(str(limit))
        swap = self.folder / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")

    def enter(self):
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    @property
    def peak(self):
        return int((self.folder / self.peak_name).read_text())

    @property
    def kills(self):
        name = "memory.oom_control" if self.version == 1 else "memory.events"
        return sum(int(line.split()[1]) for line in open(self.folder / name) if line.startswith("oom_kill "))

    @property
    def times_full(self):
        """How often the group was at its limit, so that the system had to find memory, for example of a mapped file."""
        if self.version == 1:
            return int((self.folder / "memory.failcnt").read_text())
        return sum(int(line.split()[1]) for line in open(self.folder / "memory.events") if line.startswith("max "))

    def remove(self):
        for _ in range(50):
            try:
                return self.folder.rmdir()
            except OSError:
                time.sleep(0.1)
