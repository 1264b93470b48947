#!/usr/bin/env python3
"""The server as a service, without systemd: a stand-in gives it what systemd would. `tools/serve/service` calls it.

    start      READY once the model is open, and never if it can't be; a request that came before the start is answered
    watchdog   WATCHDOG at half the interval, also while answers are computed
    end        SIGTERM in mid-answer: health says 503 at once, the answer ends in 2 s, the exit code is 0, and the next server goes
               on from what was saved; a second SIGTERM ends at once
    keys       as a credential and as a file: asked for, and shown nowhere
    examples   the figures that the examples ask for are there
    cost       from the start to the first answer, and memory of an idle server beyond the model's
    load       clients with long prompts and answers, in a control group of what the server says it takes at most
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
from board import ROOT, Board, Connection, Report, ask, free_port, stream, whole  # noqa: E402

sys.path.insert(0, str(ROOT / "tools" / "support"))
from control_group import Group  # noqa: E402

# What a server may take beyond the figure that it prints, and an idle one beyond the model's.
PROGRAM_BYTES, IDLE_BYTES = 8_000_000, 2_000_000
START_SECONDS = 0.030
# An end is to take 2 s; a busy machine's scheduler gets some more.
END_SECONDS = 2.5


class Manager:
    """What systemd does for a service: holds its sockets, hears what it says."""

    def __init__(self, folder, sockets=1, unix=False):
        self.folder, self.messages = folder, []
        self.sockets = []
        for number in range(sockets):
            if unix and number == sockets - 1:
                path = folder / "api.sock"
                path.unlink(missing_ok=True)
                listening = socket.socket(socket.AF_UNIX)
                listening.bind(str(path))
                self.unix = f"unix:{path}"
            else:
                listening = socket.socket()
                listening.bind(("127.0.0.1", 0))
                self.address = f"127.0.0.1:{listening.getsockname()[1]}"
            listening.listen(128)
            self.sockets.append(listening)
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notice_path = folder / f"notify-{time.monotonic_ns()}"
        self.notices.bind(str(self.notice_path))
        self.ended = False
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        self.notices.settimeout(0.2)
        while not self.ended:
            with contextlib.suppress(TimeoutError):
                text = self.notices.recv(4096).decode()
                self.messages += [(time.monotonic(), line) for line in text.splitlines()]

    def times(self, message):
        return [when for when, text in list(self.messages) if text == message]

    def wait_for(self, message, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.times(message):
                return True
            time.sleep(0.002)
        return False

    def start(self, program, arguments, log, environment=None, prefix=()):
        """The program with the sockets as descriptors 3 and on, whose number and owner the environment names."""
        given = {key: value for key, value in os.environ.items() if not key.startswith(("LISTEN_", "NOTIFY_", "WATCHDOG_"))}
        given |= {"NOTIFY_SOCKET": str(self.notice_path), "LISTEN_FDS": str(len(self.sockets)), **(environment or {})}
        # The descriptors' places may be where others of ours are: first out of the way, then down to 3.
        high = [os.dup2(each.fileno(), 100 + number, inheritable=False) for number, each in enumerate(self.sockets)]
        actions = [(os.POSIX_SPAWN_DUP2, descriptor, 3 + number) for number, descriptor in enumerate(high)]
        errors = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        actions += [(os.POSIX_SPAWN_DUP2, errors, 1), (os.POSIX_SPAWN_DUP2, errors, 2)]
        command = ["/bin/sh", "-c", 'LISTEN_PID=$$ WATCHDOG_PID=$$ exec "$@"', "sh", *map(str, [*prefix, program, *arguments])]
        began = time.monotonic()
        pid = os.posix_spawn(command[0], command, given, file_actions=actions)
        for descriptor in [*high, errors]:
            os.close(descriptor)
        return Service(pid, began, pathlib.Path(log))

    def close(self):
        self.ended = True
        self.listener.join()
        for each in [*self.sockets, self.notices]:
            each.close()


class Service:
    """A process that the manager started."""

    def __init__(self, pid, began, log):
        self.pid, self.began, self.log, self.code = pid, began, log, None

    def signal(self, number):
        os.kill(self.pid, number)

    def wait(self, seconds):
        """The exit code, negative for a signal, or None if it is still there."""
        end = time.monotonic() + seconds
        while self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                return None
            else:
                time.sleep(0.002)
        return self.code

    def end(self):
        if self.wait(0) is None:
            self.signal(signal.SIGKILL)
            self.wait(5)


@contextlib.contextmanager
def service(given, folder, name, arguments=(), environment=None, prefix=(), **more):
    """A server under a manager, ended whatever happens."""
    manager = Manager(folder, **more)
    running = manager.start(given.server, ["-m", given.model, *arguments], folder / f"{name}.log", environment, prefix)
    try:
        yield manager, running
    finally:
        running.end()
        manager.close()


def asked(address, path="/health", **more):
    """The status of a request, or what became of it."""
    try:
        return ask(address, path, timeout=5, **more)[0]
    except OSError as error:
        return type(error).__name__


def endless(given, number=0, tokens=1_000_000):
    """A request whose answer doesn't end by itself."""
    return {
        "prompt": f"And in the {number}th year of the king", "max_tokens": tokens, "seed": number, "temperature": 1.0,
        "logit_bias": {token: -100 for token in given.ends}}


# MARK: - Start

def try_start(given, report, folder):
    manager = Manager(folder, sockets=2, unix=True)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        early = [pool.submit(whole, each, "/v1/completions", {"prompt": "In the", "max_tokens": 4}) for each in (
            manager.address, manager.unix)]
        time.sleep(0.2)
        running = manager.start(given.server, ["-m", given.model], folder / "start.log")
        try:
            answers = [each.result(timeout=60) for each in early]
            report.check(
                not any(each.broken for each in answers),
                "requests that came before the start are answered, over TCP and a Unix socket "
                f"({answers[0].broken or answers[1].broken or 'both'})")
            report.check(manager.wait_for("READY=1", 5), "it says READY=1")
            report.check(len(manager.times("READY=1")) == 1, "once")
            running.signal(signal.SIGTERM)
            report.check(running.wait(END_SECONDS) == 0, f"SIGTERM without work ends it with {running.code}")
            report.check(manager.times("STOPPING=1") != [], "it says STOPPING=1")
        finally:
            running.end()
            manager.close()

    broken = folder / "broken.rgq"
    broken.write_bytes(pathlib.Path(given.model).read_bytes()[:5000])
    manager = Manager(folder)
    running = manager.start(given.server, ["-m", broken], folder / "broken.log")
    code = running.wait(10)
    running.end()
    said = running.log.read_text().strip()
    report.check(code == 1 and not manager.times("READY=1"), f"a broken model: no READY=1, and exit code {code}")
    report.check(len(said.splitlines()) == 1, f"one line says why: {said[:200]}")
    manager.close()

    # An abstract address, as systemd's in containers; and none of LISTEN_FDS's for another process.
    manager = Manager(folder)
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notices.bind(f"\0rg-edge-{os.getpid()}")
    notices.settimeout(10)
    port = free_port()
    board = Board(
        given.server, given.model, f"127.0.0.1:{port}", folder / "abstract.log",
        environment={"NOTIFY_SOCKET": f"@rg-edge-{os.getpid()}", "LISTEN_PID": "1", "LISTEN_FDS": "1"})
    try:
        with contextlib.suppress(TimeoutError):
            heard = ""
            heard = notices.recv(4096).decode()
        report.check("READY=1" in heard, "it speaks to an abstract address, too")
        report.check(asked(board.address) == 200, "sockets that are meant for another process are left alone")
    finally:
        board.stop()
        notices.close()
        manager.close()

    if os.geteuid() == 0 and shutil.which("unshare"):
        with service(given, folder, "private", prefix=["unshare", "--net"]) as (manager, running):
            report.check(
                manager.wait_for("READY=1", 10) and asked(manager.address) == 200,
                "it serves from a network of its own (PrivateNetwork=)")


# MARK: - Watchdog

def try_watchdog(given, report, folder):
    with service(given, folder, "watchdog", ["--parallel", 2], {"WATCHDOG_USEC": "400000"}) as (manager, running):
        manager.wait_for("READY=1", 10)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            long = [pool.submit(stream, manager.address, "/v1/completions", endless(given, number)) for number in range(2)]
            time.sleep(2.5)
            times = manager.times("WATCHDOG=1")
            gaps = [b - a for a, b in zip(times, times[1:])]
            report.check(
                len(gaps) >= 8 and max(gaps) < 0.35,
                f"WATCHDOG=1 each {statistics.median(gaps or [0]):.2f} s beside two answers, of 0.4 s; "
                f"at most {max(gaps or [0]):.2f} s")
            running.end()
            for each in long:
                each.result()
    with service(given, folder, "no-watchdog") as (manager, running):
        manager.wait_for("READY=1", 10)
        time.sleep(1)
        report.check(not manager.times("WATCHDOG=1"), "none where it isn't asked for")


# MARK: - End

def try_end(given, report, folder):
    sessions = folder / "sessions"
    sessions.mkdir()
    options = ["--sessions", sessions, "--parallel", 4, "--max-tokens", 2_000_000]
    talk = [{"role": "user", "content": "Who was the king of that land?"}]
    with service(given, folder, "end", options) as (manager, running):
        manager.wait_for("READY=1", 10)
        first = whole(manager.address, "/v1/chat/completions", {"messages": talk, "seed": 1, "max_completion_tokens": 40})
        report.check(not first.broken, f"a conversation begins ({first.broken or first.finish})")
        held = Connection(manager.address, timeout=5)
        held.request("GET", "/health")
        held.getresponse().read()

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            streamed = pool.submit(stream, manager.address, "/v1/completions", endless(given, 1))
            complete = pool.submit(whole, manager.address, "/v1/completions", endless(given, 2))
            time.sleep(0.5)
            report.check(not streamed.done() and not complete.done(), "two answers are under way")
            told = time.monotonic()
            running.signal(signal.SIGTERM)
            time.sleep(0.02)
            try:
                held.request("GET", "/health")
                answer = held.getresponse()
                body, status = json.loads(answer.read()), answer.status
            except (OSError, ValueError) as error:
                body, status = {}, repr(error)
            report.check(
                status == 503 and body.get("error", {}).get("code") == "draining", f"health on a connection from before: {status}")
            report.check(asked(manager.address) == 503, f"health on a new one, {time.monotonic() - told:.2f} s after SIGTERM")
            refused = whole(manager.address, "/v1/completions", {"prompt": "In", "max_tokens": 2})
            report.check(refused.status == 503, f"new work is refused: {refused.status}")
            code = running.wait(10)
            took = time.monotonic() - told
            report.check(code == 0 and took < END_SECONDS, f"it ended with {code} after {took:.2f} s")
            cut, other = streamed.result(), complete.result()
        report.check(manager.times("STOPPING=1") != [], "it said STOPPING=1")
        report.note(f"the stream: {len(cut.arrivals)} parts, {cut.finish or cut.broken}; the other: {other.finish or other.broken}")
        report.check(
            bool(cut.broken) or cut.finish is not None, "the stream is cut off so that its client sees it, or has an end")
    files = [each for each in sessions.rglob("*") if each.is_file()]
    size = sum(each.stat().st_size for each in files)
    report.check(bool(files), f"sessions are in the folder: {len(files)} files, {size / 1e6:.1f} MB")
    report.check(not [each for each in files if each.stat().st_size == 0 or each.suffix in (".tmp", ".partial")], "whole ones only")

    with service(given, folder, "again", options) as (manager, running):
        manager.wait_for("READY=1", 10)
        talk += [{"role": "assistant", "content": first.text}, {"role": "user", "content": "And what did his servants say?"}]
        second = whole(manager.address, "/v1/chat/completions", {"messages": talk, "seed": 2, "max_completion_tokens": 40})
        had = first.prompt_tokens + first.completion_tokens - 1
        report.check(
            not second.broken and second.cached_tokens >= had,
            f"the next server has {second.cached_tokens if second.usage else second.broken} tokens of the conversation, of {had}")
        # The answer that was cut off, as a client that asks again: its prompt was read.
        again = whole(manager.address, "/v1/completions", {**endless(given, 1), "max_tokens": 8})
        report.check(
            not again.broken and again.cached_tokens >= again.prompt_tokens - 1,
            f"who was cut off asks again: {again.cached_tokens if again.usage else again.broken} of "
            f"{again.usage and again.prompt_tokens} tokens cached")
        report.check(
            not again.broken and cut.text.startswith(again.text[:20]), "and has the same text again")

    with service(given, folder, "twice", options) as (manager, running):
        manager.wait_for("READY=1", 10)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            long = pool.submit(stream, manager.address, "/v1/completions", endless(given, 3))
            time.sleep(0.3)
            running.signal(signal.SIGTERM)
            time.sleep(0.1)
            told = time.monotonic()
            running.signal(signal.SIGTERM)
            code = running.wait(5)
            took = time.monotonic() - told
            report.check(
                code in (143, -signal.SIGTERM) and took < 0.3,
                f"a second SIGTERM ends it after {1000 * took:.0f} ms with {code}")
            running.end()
            long.result()


# MARK: - Keys

def try_keys(given, report, folder):
    secret = f"rg-{random.SystemRandom().getrandbits(128):032x}"
    other = f"rg-{random.SystemRandom().getrandbits(128):032x}"
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    (credentials / "api-keys").write_text(f"tool:{secret}\n{other}\n")
    (credentials / "api-keys").chmod(0o400)
    file = folder / "keys"
    file.write_text(f"{secret}\n")
    file.chmod(0o600)
    for way, arguments, environment in (
            ("a credential", [], {"CREDENTIALS_DIRECTORY": str(credentials)}), ("a file", ["--api-key-file", file], {})):
        with service(given, folder, "keys", arguments, environment) as (manager, running):
            manager.wait_for("READY=1", 10)
            body = {"prompt": "In the", "max_tokens": 2}
            wrong = secret[:-1] + ("0" if secret[-1] != "0" else "1")
            statuses = [
                asked(manager.address), asked(manager.address, "/v1/completions", body=body),
                asked(manager.address, "/v1/completions", body=body, key=wrong),
                asked(manager.address, "/v1/completions", body=body, key=secret), asked(manager.address, "/metrics"),
                asked(manager.address, "/metrics", key=secret), asked(manager.address, "/v1/models"),
                asked(manager.address, "/slots")]
            report.check(
                statuses == [200, 401, 401, 200, 401, 200, 401, 401],
                f"{way}: health needs no key, all else does (without, wrong, right; figures without, with; models; slots): "
                f"{statuses}")
            if way == "a credential":
                report.check(
                    asked(manager.address, "/v1/completions", body=body, key=other) == 200,
                    f"{way}: a key without a name counts as well")
            shown = {
                "its arguments": pathlib.Path(f"/proc/{running.pid}/cmdline").read_bytes().decode(errors="replace"),
                "its environment": pathlib.Path(f"/proc/{running.pid}/environ").read_bytes().decode(errors="replace"),
                "its figures": str(ask(manager.address, "/metrics", key=secret)[2]),
                "its slots": str(ask(manager.address, "/slots", key=secret)[2]), "what it said": running.log.read_text()}
            found = [place for place, text in shown.items() if secret in text or wrong in text]
            report.check(not found, f"{way}: no key, nor a wrong one, in {', '.join(found or shown)}")
    # Where others reach it, or sessions become files, it doesn't start with too little.
    bare = folder / "bare"
    bare.write_text(f"{secret}\n")
    for what, arguments in (
            ("an open address without keys", ["--listen", "0.0.0.0:0"]),
            ("a key without a name beside a folder of sessions", ["--api-key-file", bare, "--sessions", folder / "sessions"])):
        manager = Manager(folder, sockets=0)
        running = manager.start(given.server, ["-m", given.model, *arguments], folder / "refused.log")
        code = running.wait(5)
        running.end()
        said = running.log.read_text().strip().splitlines()[-1][:200]
        report.check(code not in (None, 0) and secret not in said, f"{what}: exit code {code}: {said}")
        manager.close()
    missing = folder / "no-keys"
    manager = Manager(folder)
    running = manager.start(given.server, ["-m", given.model, "--api-key-file", missing], folder / "missing.log")
    code = running.wait(5)
    running.end()
    said = running.log.read_text().strip()[:150]
    report.check(code not in (None, 0), f"a file of keys that isn't there: exit code {code}: {said}")
    manager.close()


# MARK: - Examples

def try_examples(given, report, folder):
    """The names of our figures in the dashboard, beside those that a server has."""
    with service(given, folder, "examples", ["--sessions", folder / "kept"]) as (manager, running):
        manager.wait_for("READY=1", 10)
        whole(manager.address, "/v1/completions", {"prompt": "In the", "max_tokens": 4})
        stream(manager.address, "/v1/completions", {"prompt": "In the", "max_tokens": 4})
        text = ask(manager.address, "/metrics")[2]
    there = set(re.findall(r"^(rg_edge_\w+)", text, re.MULTILINE))
    wanted = set(re.findall(r"rg_edge_\w+", (ROOT / "tools/examples/serve/dashboard.json").read_text()))
    missing = ", ".join(sorted(wanted - there)) or "none"
    report.check(wanted <= there, f"the dashboard's {len(wanted)} figures are there; missing: {missing}")


# MARK: - Cost

def anonymous_bytes(pid):
    """Memory that is the process's own, and not of a file."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return 1024 * int(re.search(r"^Anonymous:\s+(\d+)", text, re.MULTILINE)[1])


def information(given, sessions=1):
    return json.loads(subprocess.run(
        [given.rg_edge, "info", "--json", "--sessions", str(sessions), given.model], check=True, capture_output=True,
        text=True).stdout)


def time_to_first_answer(given, folder):
    """Seconds from the start to an answer of /health that waited for it, and to the first token of a completion."""
    times = []
    for path, body in (("/health", None), ("/v1/completions", {"prompt": "In", "max_tokens": 1})):
        manager = Manager(folder)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(lambda: (ask(manager.address, path, body, timeout=20)[0], time.monotonic()))
            time.sleep(0.05)
            running = manager.start(given.server, ["-m", given.model], folder / "time.log")
            try:
                status, when = waiting.result()
            finally:
                running.end()
                manager.close()
        times.append(when - running.began if status == 200 else float("inf"))
    return times


def try_cost(given, report, folder):
    times = [time_to_first_answer(given, folder) for _ in range(7)]
    health, token = (min(each) for each in zip(*times))
    middle = statistics.median(each[0] for each in times)
    report.check(
        health < START_SECONDS,
        f"{1000 * health:.0f} ms from the start to an answer of /health (median {1000 * middle:.0f}; "
        f"target {1000 * START_SECONDS:.0f}), {1000 * token:.0f} ms to a completion of one token")
    with service(given, folder, "idle") as (manager, running):
        manager.wait_for("READY=1", 10)
        for _ in range(5):
            asked(manager.address)
        time.sleep(0.5)
        own = anonymous_bytes(running.pid)
        info = information(given)
        beyond = own - info["shared_bytes"]
        report.check(
            beyond < IDLE_BYTES,
            f"idle: {own / 1e6:.1f} MB anonymous, {beyond / 1e6:.1f} MB beyond the {info['shared_bytes'] / 1e6:.1f} MB that the "
            f"model shares (target {IDLE_BYTES / 1e6:.0f} MB)")


# MARK: - Load

UNITS = {"kB": 1e3, "MB": 1e6, "GB": 1e9, "bytes": 1}


def printed_maximum(text):
    """The bytes that a server says it takes at most, from a line with `at most` and a size."""
    found = re.search(r"at most\D*?([\d.,]+) (bytes|kB|MB|GB)", text)
    return found and float(found[1].replace(",", "")) * UNITS[found[2]]


def client(address, number, end, given, words):
    """One client: long prompts, every other one with the beginning of the last, and long answers. Returns (answers, tokens)."""
    choice = random.Random(number)
    answers = tokens = 0
    text = ""
    while time.monotonic() < end:
        if answers % 2 == 0:
            text = ""
        text += " ".join(choice.choices(words, k=choice.randrange(50, given.words)))
        answer = stream(
            address, "/v1/completions",
            {"prompt": text, "max_tokens": choice.randrange(50, 600), "seed": number,
             "logit_bias": {each: -100 for each in given.ends}},
            timeout=300)
        if answer.broken:
            raise RuntimeError(f"client {number}: {answer.broken}")
        text += answer.text
        answers += 1
        tokens += answer.prompt_tokens + answer.completion_tokens
    return answers, tokens


def try_load(given, report, folder):
    options = ["--sessions", folder / "load-sessions", "--parallel", 4, "--max-queue", 64]
    # First without a limit, only for the figure.
    with service(given, folder, "maximum", options) as (manager, running):
        manager.wait_for("READY=1", 10)
        most = printed_maximum(running.log.read_text())
    if not report.check(bool(most), f"it says what it takes at most: {most and most / 1e6} MB"):
        return
    limit = int(most + PROGRAM_BYTES)
    try:
        group = Group(limit)
    except OSError:
        group = None
        report.note("no control group could be made here: its largest resident memory counts")
    prefix = ["sh", "-c", f'echo $$ >"{group.folder}/cgroup.procs" && exec "$@"', "sh"] if group else []
    words = (ROOT / "Tests/Fixtures/tiny-en/heldout.txt").read_text().split()
    try:
        with service(given, folder, "load", options, prefix=prefix) as (manager, running):
            report.check(manager.wait_for("READY=1", 10), "it starts in the control group")
            end = time.monotonic() + given.seconds
            with concurrent.futures.ThreadPoolExecutor(given.clients) as pool:
                work = [pool.submit(client, manager.address, number, end, given, words) for number in range(given.clients)]
                outcomes = [each.exception() or each.result() for each in work]
            wrong = [str(each) for each in outcomes if isinstance(each, Exception)]
            report.check(not wrong, f"{given.clients} clients, all answered: {'; '.join(wrong[:3]) or 'yes'}")
            done = [each for each in outcomes if not isinstance(each, Exception)]
            status = pathlib.Path(f"/proc/{running.pid}/status").read_text() if running.wait(0) is None else ""
            peak = 1024 * int((re.search(r"VmHWM:\s+(\d+)", status) or [0, 0])[1])
            report.note(
                f"{sum(a for a, _ in done)} answers, {sum(t for _, t in done)} tokens in {given.seconds} s; "
                f"resident at most {peak / 1e6:.1f} MB, anonymous now {anonymous_bytes(running.pid) / 1e6:.1f} MB"
                if status else "it isn't there any more")
            if group:
                report.check(
                    group.kills == 0 and status != "",
                    f"said {most / 1e6:.1f} MB, limit {limit / 1e6:.1f} MB: taken {group.peak / 1e6:.1f} MB, "
                    f"killed {group.kills} times")
                # What the system keeps of written session files counts for the group as well, and makes room by itself.
                report.note(f"the group was full {group.times_full} times")
            else:
                report.check(
                    0 < peak <= limit,
                    f"said {most / 1e6:.1f} MB, limit {limit / 1e6:.1f} MB: resident at most {peak / 1e6:.1f} MB")
            running.signal(signal.SIGTERM)
            report.check(running.wait(END_SECONDS) == 0, f"it ends with {running.code}")
    finally:
        if group:
            group.remove()


TRIALS = {
    "start": try_start, "watchdog": try_watchdog, "end": try_end, "keys": try_keys, "examples": try_examples, "cost": try_cost,
    "load": try_load}


def main():
    parser = argparse.ArgumentParser(
        prog="tools/serve/service", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="rg-edge-serve")
    parser.add_argument("--model", required=True)
    parser.add_argument("--rg-edge", default=ROOT / ".build/release/rg-edge", help="the program whose info counts")
    parser.add_argument("--seconds", type=float, default=20, help="of load (20)")
    parser.add_argument("--clients", type=int, default=16, help="of load (16)")
    parser.add_argument("--words", type=int, default=400, help="most words of a prompt under load (400)")
    parser.add_argument("--ends", default="1,6", help="tokens that would end an answer, and are not to (1,6)")
    parser.add_argument("--only", help=f"some of {','.join(TRIALS)}")
    parser.add_argument("--folder", type=pathlib.Path, help="for what servers say, kept")
    given = parser.parse_args()
    given.ends = given.ends.split(",")
    given.server, given.model = os.path.abspath(given.server), os.path.abspath(given.model)
    folder = given.folder or pathlib.Path(tempfile.mkdtemp(prefix="rg-edge-service-"))
    report = Report("tools/serve/service")
    for name in given.only.split(",") if given.only else TRIALS:
        print(f"\n# {name}", flush=True)
        inner = folder / name
        inner.mkdir(parents=True)
        TRIALS[name](given, report, inner)
    if report.failures:
        print(f"{'':6} what servers said is in {folder}")
    elif not given.folder:
        shutil.rmtree(folder, ignore_errors=True)
    report.end()


if __name__ == "__main__":
    main()
