"""What the trials of rg-edge-serve share: a server that is started and ended, plain requests and streams, and what is counted.

A trial is a function with a docstring that says what holds; it fails by an exception. The server is either a command, which is
started for the trials on a free port and has to end with 0 and without a fatal error, or one that runs already at an address.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

START_SECONDS = 30
END_SECONDS = 10
# The longest name of a trial that a line has room for.
WIDTH = 34


class Skipped(Exception):
    """A trial that can't be made here; says why."""


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Server:
    """A server that answers at an address. Those that are started by a command get further options and end with the block."""

    def __init__(self, command, options=(), port=None):
        self.port = port or free_port()
        self.command = [*command, "--listen", f"127.0.0.1:{self.port}", *options]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stderr=self.log)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ask(self.address, "GET", "/health").status == 200:
                    return self
            time.sleep(0.02)
        if self.process.poll() is None:
            self.process.kill()
        raise RuntimeError(f"{' '.join(self.command)} does not answer /health (status {self.process.wait()}):\n{self.said()}")

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = f"nothing within {END_SECONDS} s of SIGTERM"
            self.process.wait()
        said = self.said()
        self.log.close()
        if status != 0 or "Fatal error" in said:
            failure = f"the server ended with {status}; it said at last:\n{said[-3000:]}"
            if kind:
                print(failure, file=sys.stderr)
            else:
                raise RuntimeError(failure)

    def said(self):
        """What it has written on standard error."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def resident(self):
        """Its resident memory in bytes, less the pages of files, which the system may take back."""
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("no RssAnon")

    def connections(self):
        """How many of its descriptors are sockets that are connected, or half so."""
        inodes = set()
        for name in os.listdir(f"/proc/{self.process.pid}/fd"):
            with contextlib.suppress(OSError):
                target = os.readlink(f"/proc/{self.process.pid}/fd/{name}")
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
        listening = "0A"
        rows = [line.split() for file in ("/proc/net/tcp", "/proc/net/tcp6") if os.path.exists(file) for line in open(file)]
        return sum(row[9] in inodes and row[3] != listening for row in rows if len(row) > 9)


class Running:
    """A server that somebody else has started."""

    process = None

    def __init__(self, address):
        self.address = address.rstrip("/").removesuffix("/v1")
        self.port = urllib.parse.urlsplit(self.address).port

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Servers:
    """Gives the trials the server that they are made with, one for each set of options, and ends them with the block."""

    def __init__(self, given):
        self.given = given
        self.started = {}
        self.stack = contextlib.ExitStack()
        self.wrong = None

    def __call__(self, *options):
        if self.given.address:
            if options:
                raise Skipped("needs --server")
            return Running(self.given.address)
        if options not in self.started:
            self.started[options] = self.stack.enter_context(Server(self.given.server, options))
        return self.started[options]

    def new(self, *options):
        """One of the trial's own, to be used in a with statement."""
        if self.given.address:
            raise Skipped("needs --server")
        return Server(self.given.server, options)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            self.stack.close()
        except RuntimeError as error:
            self.wrong = error


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def connection(address, seconds=60):
    parts = urllib.parse.urlsplit(address)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)


def ask(address, method, path, body=None, fields=None, seconds=60):
    """The whole answer to a request; a body that isn't bytes is sent as JSON."""
    link = connection(address, seconds)
    try:
        kind = {} if body is None else {"Content-Type": "application/json"}
        link.request(method, path, encoded(body), {**kind, **(fields or {})})
        answer = link.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        link.close()


def encoded(body):
    return body if body is None or isinstance(body, bytes) else json.dumps(body).encode()


def stream(address, path, body, fields=None, seconds=60):
    """The lines of a streamed answer without their ends, as they come, after its Answer without a body."""
    link = connection(address, seconds)
    try:
        link.request("POST", path, encoded(body), {"Content-Type": "application/json", **(fields or {})})
        answer = link.getresponse()
        yield Answer(answer.status, answer.headers, b"")
        for line in answer:
            yield line.decode().rstrip("\r\n")
    finally:
        link.close()


def events(address, path, body, fields=None):
    """The answer's head, the data of the events of a stream as JSON (or the text [DONE]), and its comments."""
    lines = stream(address, path, body, fields)
    head = next(lines)
    data, comments = [], []
    for line in lines:
        if line.startswith("data: "):
            text = line[len("data: ") :]
            data.append(text if text == "[DONE]" else json.loads(text))
        elif line.startswith(":"):
            comments.append(line[1:].strip())
        else:
            assert line == "" or line.startswith("event: "), f"no line of a stream: {line!r}"
    return head, data, comments


def metric(address, name):
    """The value of a metric without labels, 0 if there is none yet."""
    for line in ask(address, "GET", "/metrics").body.decode().splitlines():
        if line.split(" ")[0] == "rg_edge_" + name:
            return float(line.split(" ")[1])
    return 0.0


class Each:
    """Many things that have to hold, of which all that don't are told; used in a with statement."""

    def __init__(self):
        self.failures = []

    def __call__(self, title, body, *values, **named):
        try:
            return body(*values, **named)
        except Skipped:
            raise
        except Exception as error:
            self.failures.append(f"{title}: {explained(error)}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if not kind and self.failures:
            raise AssertionError(f"{len(self.failures)}:\n      " + "\n      ".join(self.failures))


def eventually(condition, seconds=5.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def parser(program, description):
    made = argparse.ArgumentParser(prog=program, description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--address", metavar="URL", help="of a server that runs already; trials that need other options are skipped")
    made.add_argument("--only", metavar="WORDS", help="only trials in whose names one of these words is, separated by commas")
    made.add_argument("--verbose", action="store_true", help="a line for each trial, and where it failed")
    made.add_argument(
        "--server", nargs=argparse.REMAINDER, metavar="COMMAND",
        help="the last option: the command that starts the server, with its arguments")
    return made


def arguments(made):
    given = made.parse_args()
    if bool(given.server) == bool(given.address):
        made.error("one of --address URL and --server COMMAND… is needed")
    return given


def collected(namespace):
    """The trials of a module in their order: its functions that are marked."""
    return [value for value in namespace.values() if getattr(value, "is_trial", False)]


def trial(function):
    function.is_trial = True
    return function


def name_of(function):
    return function.__name__.replace("_", " ").strip()


def run(trials, given, *values):
    """Runs the trials with the values, prints what failed and how many, and returns the exit status."""
    words = given.only.split(",") if given.only else [""]
    chosen = [function for function in trials if any(word.strip() in name_of(function) for word in words)]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for function in chosen:
        began = time.monotonic()
        try:
            function(*values)
        except Skipped as reason:
            counts["skipped"] += 1
            said = f"skipped: {reason}"
        except Exception as error:
            counts["failed"] += 1
            said = f"FAILED: {function.__doc__ or ''}\n    {explained(error)}"
            if given.verbose:
                said += "\n" + traceback.format_exc()
        else:
            counts["passed"] += 1
            said = f"{time.monotonic() - began:.1f} s" if given.verbose else None
        if said:
            print(f"{name_of(function):{WIDTH}} {said}", flush=True)
    return counts


def explained(error):
    """An exception in a few lines; of an assertion without a message, its source."""
    if isinstance(error, AssertionError) and not str(error):
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"{pathlib.Path(frame.filename).name}:{frame.lineno}: {frame.line}"
    return f"{type(error).__name__}: {str(error)[:4000]}"


def finish(program, counts, servers):
    """Says how many trials held, and ends the program: with 1 if one didn't, or a server didn't end as it should."""
    if servers.wrong:
        counts["failed"] += 1
        print(f"{'the end':{WIDTH}} FAILED: {servers.wrong}")
    print(f"{program}: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["failed"] else 0)


def main(namespace, program, prepare=None):
    """What most of the trials' programs are: all trials of a module, called with the servers or what is prepared of them."""
    given = arguments(parser(program, namespace["__doc__"]))
    with Servers(given) as servers:
        counts = run(collected(namespace), given, *(prepare(servers) if prepare else [servers]))
    finish(program, counts, servers)
