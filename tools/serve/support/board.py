"""A server that a trial runs, and what its clients do: requests, streams, figures. Only the standard library."""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Connection(http.client.HTTPConnection):
    """A connection to `host:port` or `unix:PATH`."""

    def __init__(self, address, timeout=60):
        self.path = address[5:] if address.startswith("unix:") else None
        host, port = ("localhost", None) if self.path else address.rsplit(":", 1)
        super().__init__(host, port and int(port), timeout=timeout)

    def connect(self):
        if self.path is None:
            return super().connect()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def headers_of(key, more):
    given = {"Content-Type": "application/json", **(more or {})}
    if key:
        given["Authorization"] = f"Bearer {key}"
    return given


def ask(address, path, body=None, key=None, headers=None, timeout=60, connection=None):
    """One request, GET without a body and POST with one: (status, headers, the answer read as JSON if it is)."""
    link = connection or Connection(address, timeout)
    try:
        method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
        link.request(method, path, content, headers_of(key, headers))
        answer = link.getresponse()
        text = answer.read().decode()
    finally:
        if not connection:
            link.close()
    try:
        return answer.status, answer.headers, json.loads(text)
    except ValueError:
        return answer.status, answer.headers, text


class Answer:
    """What came of a request for text. `broken` says why it didn't come to its end, or is None."""

    def __init__(self):
        self.status, self.board, self.text, self.finish, self.usage, self.broken = None, None, "", None, None, None
        self.arrivals, self.comments = [], []

    @property
    def prompt_tokens(self):
        return self.usage["prompt_tokens"]

    @property
    def completion_tokens(self):
        return self.usage["completion_tokens"]

    @property
    def cached_tokens(self):
        return (self.usage.get("prompt_tokens_details") or {}).get("cached_tokens", 0)


def take_event(data, answer):
    """One event of a stream; the text that it brought."""
    event = json.loads(data)
    if "error" in event:
        answer.broken = f"an error event: {event['error'].get('message')}"
        return ""
    answer.usage = event.get("usage") or answer.usage
    for choice in event.get("choices", []):
        answer.finish = choice.get("finish_reason") or answer.finish
        part = choice["delta"].get("content") if "delta" in choice else choice.get("text")
        if part:
            answer.text += part
            answer.arrivals.append(time.monotonic())
            return part
    return ""


def stream(address, path, body, key=None, headers=None, timeout=120, on_part=None):
    """A streamed answer. `on_part(answer)` is called with each part of its text; what ends it early is in `broken`."""
    answer = Answer()
    link = Connection(address, timeout)
    given = {**body, "stream": True, "stream_options": {"include_usage": True}}
    done = False
    try:
        link.request("POST", path, json.dumps(given), headers_of(key, headers))
        response = link.getresponse()
        answer.status, answer.board = response.status, response.headers.get("X-Board")
        if response.status != 200:
            answer.broken = f"status {response.status}: {response.read().decode()[:300]}"
            return answer
        while line := response.readline():
            line = line.decode().rstrip("\r\n")
            if line.startswith(":"):
                answer.comments.append((time.monotonic(), line[1:].strip()))
            elif line == "data: [DONE]":
                done = True
            elif line.startswith("data: ") and take_event(line[6:], answer) and on_part:
                on_part(answer)
    except (OSError, http.client.HTTPException) as error:
        answer.broken = answer.broken or f"the connection: {error!r}"
    finally:
        link.close()
    if not done:
        answer.broken = answer.broken or "it ended without [DONE]"
    return answer


def whole(address, path, body, **more):
    """An answer that comes in one piece."""
    answer = Answer()
    try:
        answer.status, headers, given = ask(address, path, body, **more)
    except (OSError, http.client.HTTPException) as error:
        answer.broken = f"the connection: {error!r}"
        return answer
    answer.board = headers.get("X-Board")
    if answer.status != 200:
        answer.broken = f"status {answer.status}: {str(given)[:300]}"
        return answer
    choice = given["choices"][0]
    answer.text, answer.finish, answer.usage = choice["message"]["content"] if "message" in choice else choice["text"], \
        choice["finish_reason"], given["usage"]
    return answer


def figures(address, key=None):
    """/metrics as a dictionary; series with labels under their full names."""
    _, _, text = ask(address, "/metrics", key=key)
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def free_port(host="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Board:
    """A server of ours. What it says on standard error goes to a file."""

    def __init__(self, program, model, address, log, options=(), prefix=(), environment=None):
        self.address, self.log = address, pathlib.Path(log)
        with open(self.log, "ab") as errors:
            self.process = subprocess.Popen(
                [*map(str, prefix), str(program), "-m", str(model), "--listen", address, *map(str, options)], stderr=errors,
                stdout=errors, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        self.pid = self.process.pid

    def wait_until_healthy(self, seconds=30, network=contextlib.nullcontext):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended with {self.process.returncode}: {self.said()[-500:]}")
            try:
                with network():
                    status = ask(self.address, "/health", timeout=2)[0]
                if status == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.01)
        raise RuntimeError(f"no answer from {self.address} for {seconds} s: {self.said()[-500:]}")

    def said(self):
        return self.log.read_text(errors="replace")

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)

    def wait(self, seconds):
        """The exit code, or None if it is still there."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self):
        """Ends it in order, and if need be without."""
        if self.process.poll() is None:
            self.kill(signal.SIGTERM)
            if self.wait(5) is None:
                self.kill()
                self.wait(5)
        return self.process.returncode


class Report:
    """Checks, a line each; the program ends with 1 if one of them failed."""

    def __init__(self, name):
        self.name, self.failures = name, 0

    def check(self, passed, text):
        self.failures += not passed
        print(f"{'ok' if passed else 'FAILED':6} {text}", flush=True)
        return passed

    def note(self, text):
        print(f"{'':6} {text}", flush=True)

    def end(self):
        if self.failures:
            raise SystemExit(f"{self.name}: {self.failures} of the checks failed")
