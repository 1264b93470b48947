"""Prints what fish shows for a line when Tab is pressed: complete_in_fish.py COMPLETIONS LINE SECONDS.

Completions that ask a command need fish's command line, which there is only in a terminal.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

completions, line, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
process, terminal = pty.fork()
if process == 0:
    os.environ["TERM"] = "xterm"
    settings = f"set -p fish_complete_path {completions}; function fish_prompt; echo -n READY; end"
    os.execvp("fish", ["fish", "--no-config", "-i", "-C", settings])
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, 100, 0, 0))


def read(limit, until=None):
    """What the terminal shows in some seconds, or up to some bytes."""
    shown, end = b"", time.monotonic() + limit
    while time.monotonic() < end and not (until and until in shown):
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                shown += os.read(terminal, 65536)
            except OSError:
                break
    return shown


read(60, b"READY")
time.sleep(0.3)
os.write(terminal, line.encode() + b"\t")
text = read(seconds).decode(errors="replace")
print(re.sub(r"\x1b[\[\]()][0-9;?]*[a-zA-Z]?|\s", "\n", text))
os.kill(process, signal.SIGKILL)
