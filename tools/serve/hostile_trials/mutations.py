#!/usr/bin/env python3
"""Does to rg-edge-serve what a hostile or broken client would, and looks whether it is still as it was.

    tools/serve/hostile_trials/mutations.py --server rg-edge-serve -m MODEL.rgq
    tools/serve/hostile_trials/mutations.py --minutes 30 --seed 7 --server …
    tools/serve/hostile_trials/mutations.py --seed 7 --case 1234 --server …    one case of the fuzzer, shown

Requests are mutated as JSON, as bytes and as HTTP, and sent in pieces, too slowly, too fast, or not to the end; connections are
opened in turn, left idle, and left with half a request. Nothing may be answered with an error of the server's own, what is no JSON
is never taken, and after each trial the server answers at once, has no connection left, no more than 8 MB of memory more, and says
the same text as before. Standard library only. Ends with 1 if something doesn't hold.
"""
import collections
import concurrent.futures
import contextlib
import copy
import json
import pathlib
import random
import re
import resource
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
import trial as support  # noqa: E402
from trial import ask, eventually, trial  # noqa: E402

# What it may grow by once it has been used for a while; and in the short form, in which it hasn't.
GROWTH, EARLY_GROWTH = 8_000_000, 40_000_000
ANSWER_SECONDS = 30
OPTIONS = ("--session-memory", "16M", "--max-tokens", "6", "--max-prompt-tokens", "3000")
THREADS = 4

MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Who? \" \\ ü 漢 🙂"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function",
                                                                   "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "x"}, {"role": "user", "content": "So?"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^[a-z]{1,3}$"},
                                           "b": {"type": "array", "items": {"enum": [1, "x", None]}, "maxItems": 2}},
          "required": ["a"], "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}}
SAMPLING = {"temperature": 0.7, "top_p": 0.9, "top_k": 5, "min_p": 0.1, "seed": 1, "presence_penalty": 0.1,
            "frequency_penalty": 0.1, "repeat_penalty": 1.1, "logit_bias": {"5": 1}, "stop": ["a", "bc"], "n": 2}
# Requests in which every field occurs.
REQUESTS = [
    ("/v1/chat/completions", {"model": "m", "messages": MESSAGES, **SAMPLING, "max_completion_tokens": 5, "max_tokens": 4,
                              "logprobs": True, "top_logprobs": 2,
                              "tools": [TOOL], "tool_choice": "auto", "stream": True, "stream_options": {"include_usage": True}}),
    ("/v1/chat/completions", {"messages": MESSAGES[-1:], "max_tokens": 5, "tools": [TOOL],
                              "tool_choice": {"type": "function", "function": {"name": "f"}}}),
    ("/v1/chat/completions", {"messages": MESSAGES[:1], "max_tokens": 5,
                              "response_format": {"type": "json_schema",
                                                  "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}}),
    ("/v1/completions", {"model": "m", "prompt": ["In the", "And"], **SAMPLING, "max_tokens": 4, "logprobs": 2, "echo": True,
                         "stream": False}),
    ("/v1/completions", {"prompt": [5, 6, 7], "max_tokens": 3, "stream": True}),
    ("/v1/responses", {"model": "m", "input": [{"role": "user", "content": [{"type": "input_text", "text": "Who?"}]},
                                               {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                                               {"type": "function_call_output", "call_id": "c", "output": "x"}],
                       "instructions": "i", "max_output_tokens": 4, "stream": True,
                       "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}], "tool_choice": "none",
                       "text": {"format": {"type": "json_object"}}}),
    ("/api/chat", {"model": "m", "messages": [{"role": "user", "content": "Who?"},
                                              {"role": "assistant", "content": "",
                                               "tool_calls": [{"function": {"name": "f", "arguments": {}}}]}],
                   "tools": [TOOL], "format": "json", "stream": True, "keep_alive": "5m",
                   "options": {**{k: v for k, v in SAMPLING.items() if k not in ("n", "logit_bias")}, "num_predict": 3}}),
    ("/api/generate", {"model": "m", "prompt": "In the", "system": "s", "raw": False, "format": SCHEMA,
                       "options": {"num_predict": 3}, "stream": False}),
    ("/api/show", {"model": "m"}), ("/tokenize", {"content": "größe 🙂", "add_special": True, "with_pieces": True}),
    ("/detokenize", {"tokens": [1, 2, 300]}), ("/apply-template", {"messages": MESSAGES})]


class Raw(str):
    """A text that stands in JSON as it is, whether or not it is a value."""


VALUES = [
    None, True, False, 0, -1, 1, 0.5, "", "x", [], {}, [None], {"": None}, [[]], "\0", "a" * 70_000, "🙂" * 3000, " " * 1000,
    "\u2028\ufeff",
    *map(Raw, ["1e999", "-1e999", "1E400", "1e-400", "-0", "-0.0", "0.1e1", "123456789012345678901234567890", "9" * 5000,
               "1." + "3" * 5000, "1e" + "9" * 300,
               "18446744073709551616", "-9223372036854775809", "9223372036854775807", "9007199254740993", "4294967296",
               "2147483648",
               "NaN", "Infinity", "-", "+1", "01", ".5", "1.", "0x10", "nul", "truE", "'x'", '"\\ud800"', '"\\udc00\\ud800"',
               '"\\ud800x"', '"\\u12"', '"\\x41"', '"a\nb"', '"\t"',
               '"\\u0000"', '"unended', "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{1:2}", "/**/1", "", "[", "{", "]",
               '{"a":1,"a":2}', "\ufeff1"])]
LARGE = [
    Raw("[" * 100_000), Raw("[" * 200 + "]" * 200), Raw("[" * 60_000 + "]" * 60_000), Raw('{"a":' * 300 + "1" + "}" * 300),
    Raw('{"a":' * 50_000), Raw("[" + "0," * 99_999 + "0]"),
    Raw('["' + '","' * 99_999 + '"]'), Raw("{" + ",".join(f'"k{i}":{i}' for i in range(50_000)) + "}"),
    Raw('[' + '{"role":"user","content":"x"},' * 20_000 + '{"role":"user","content":"x"}]'),
    Raw('"' + "\\u00e4" * 100_000 + '"'), Raw('"' + "\\\\" * 200_000 + '"'),
    Raw('{"type":"string","pattern":"' + "(" * 5000 + '"}'),
    Raw('{"type":"string","pattern":"(a{1,500}){1,500}"}'), Raw('{"enum":[' + ",".join(f'"{i:06}"' for i in range(20_000)) + "]}"),
    Raw('{"$ref":"#"}'), Raw('{"anyOf":[' * 500 + "{}" + "]}" * 500),
    Raw('{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}')]


LENGTHS = ["-1", "+5", "0x10", "1e3", "", " ", "99999999999999999999", "9223372036854775807", "5, 5", "1 1", "\xb2"]
ENCODINGS = ["gzip", "chunked, chunked", "identity", "xchunked", "Chunked", " chunked ", "gzip, chunked", "chunked\x0b"]
PATHS = ["*", "http://evil.example/", "/v1/models/%ff", "/v1/models/", "/v1/models/a/b", "/%zz", "/é", "", "/" * 3000,
         "/../../etc/passwd", "/.", "?", "/\0"]
AFTER = ["%00", "/../health", "/", " x", "?%", "#x", "?" + "a=b&" * 500, "?" + "a=b&" * 9000, "/x" * 9000]
METHODS = ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "CONNECT", "post", "PO ST", "X" * 5000, "", "PRI", "G\0T",
           "PROPFIND"]
VERSIONS = ["HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/1.2", "HTTP/9", "http/1.1", "HTTP/1.10", "", "HTTP/1.1 ", "SPDY/3"]
HOSTS = ["", "Host: evil.example\r\n", "Host:\r\n", "Host: 127.0.0.1\r\nHost: evil.example\r\n", "Host: 127.0.0.1:99999\r\n",
         "Host: [::1\r\n", "Host: " + "a" * 9000 + "\r\n", "Host: user@127.0.0.1\r\n"]
FIELDS = [" folded: x\r\n", "X: a\r\n b\r\n", "No colon\r\n", ": no name\r\n", "X : y\r\n", "X: \0\r\n", "X: \x7f\x01\r\n",
          "X\0: y\r\n", "\xff\xfe: y\r\n", "X: \xff\r\n", "X: a\rb\r\n"]
PROTOCOLS = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
             b"SSH-2.0-x\r\n", bytes(2000), b"\r\n", b"GET", b"GET /\r\n\r\n", b"\xff" * 100_000]


def spelled(value, chance):
    """JSON of a value, in which a key may come twice and raw texts are as they are."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(spelled(item, chance) for item in value) + "]"
    if isinstance(value, dict):
        members = [json.dumps(name, ensure_ascii=chance.random() < 0.5) + ":" + spelled(item, chance)
                   for name, item in value.items()]
        if members and chance.random() < 0.05:
            members.append(chance.choice(members))
        return "{" + ",".join(members) + "}"
    return json.dumps(value, ensure_ascii=chance.random() < 0.5)


def places(value, path=()):
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(item, (*path, key))


def copied(value):
    """A value of a list that is used again: the next step may change what it has been put into."""
    return value if isinstance(value, Raw) else copy.deepcopy(value)


def mutated(value, chance):
    """A request with some of its values replaced, removed, doubled or moved."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        path = chance.choice([path for path in places(value) if path] or [()])
        if not path:
            return copied(chance.choice(VALUES))
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        key, kind = path[-1], chance.random()
        if kind < 0.6:
            holder[key] = copied(chance.choice(VALUES))
        elif kind < 0.64:
            holder[key] = chance.choice(LARGE)
        elif kind < 0.74:
            del holder[key]
        elif kind < 0.84:
            holder[key] = [copied(holder[key]) for _ in range(chance.choice([1, 2, 20]))]
        elif kind < 0.92:
            holder[key] = {chance.choice(["type", "a", "", "$ref", "role"]): holder[key]}
        elif isinstance(holder, dict):
            holder[chance.choice(["x", "", "\0", "k" * 70_000, "stream", "not", "🙂"])] = holder.pop(key)
    return value


def bitten(data, chance):
    """Bytes of which some are others, gone, doubled or cut off."""
    data = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 8, 40])):
        if not data:
            break
        at, kind = chance.randrange(len(data)), chance.random()
        if kind < 0.4:
            data[at] = chance.choice([chance.randrange(256), 0, 0xFF, 0xC0, 0xED, 0x80, 0x22, 0x5C, 0x7B, 0x5D])
        elif kind < 0.6:
            data[at:at] = chance.choice([b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\0", b'"',
                                         b"\\", b"{", b"\r\n", b"\xe2\x82"])
        elif kind < 0.8:
            del data[at : at + chance.choice([1, 2, 10, 1000])]
        elif kind < 0.9:
            data[at:at] = data[at : at + chance.choice([5, 100])] * chance.choice([1, 50])
        else:
            del data[at:]
    return bytes(data)


def is_json(data):
    """Whether bytes are JSON; None where opinions may differ: what is deep, or beyond numbers' range."""
    try:
        text = data.decode()
        json.loads(text, parse_constant=refuse)
    except RecursionError:
        return None
    except ValueError:
        return None if text_is_wide(data) else False
    return True


def refuse(constant):
    raise ValueError(constant)


def text_is_wide(data):
    """Whether Python itself refuses an integer for its length, or takes a byte order mark for an error."""
    return data.startswith(b"\xef\xbb\xbf") or max((len(part) for part in data.split(b",")), default=0) > 4000


class Case:
    """One connection's worth: what is sent and in which pieces, and what may come back."""

    def __init__(self, seed, number):
        chance = random.Random(f"{seed}/{number}")
        self.chance, self.title, self.is_whole, self.body, self.count = chance, [], True, b"", 1
        path, request = chance.choice(REQUESTS)
        self.path = path
        kind = chance.random()
        if kind < 0.55:
            self.title.append("JSON mutated")
            self.body = spelled(mutated(request, chance), chance).encode("utf-8", "surrogatepass")
        elif kind < 0.75:
            self.title.append("bytes mutated")
            self.body = bitten(spelled(request, chance).encode(), chance)
        else:
            self.title.append("JSON as it was")
            self.body = spelled(request, chance).encode()
        # Of what is too large the server may close the connection before it has it all.
        self.is_whole = len(self.body) <= 1 << 20
        self.data = self.framed(path) if chance.random() < 0.3 else self.plain(path)
        self.deliver()

    def plain(self, path, fields=""):
        head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n{fields}"
                f"Content-Length: {len(self.body)}\r\n\r\n")
        return head.encode() + self.body

    def chunked(self, path, chance, wrong):
        """A body in chunks; wrong ones have sizes that aren't, or end too early or never."""
        data, at = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n".encode(), 0
        while at < len(self.body):
            size = chance.choice([1, 7, 100, 5000, 1 << 20])
            part = self.body[at : at + size]
            data += chance.choice([b"%x", b"%X", b"00%x", b"%x;name=value"]) % len(part) + b"\r\n" + part + b"\r\n"
            at += size
            if chance.random() < 0.002:
                break
        if wrong:
            data = data[:-1] + chance.choice([b"zz\r\n", b"-5\r\nabcde\r\n", b"fffffffffffffffff\r\n", b"7fffffffffffffff\r\nx",
                                              b"5\r\nab", b"5", b"\r\n\r\n", b"0x5\r\nabcde\r\n", b"5 \r\nabcde\r\n"])
        else:
            data += chance.choice([b"0\r\n\r\n", b"0\r\n\r\n", b"000\r\n\r\n", b"0\r\nX-Trailer: y\r\n\r\n"])
        return data

    def framed(self, path):
        """A request whose HTTP is odd or wrong."""
        chance, body, one = self.chance, self.body, self.chance.choice
        length = len(body)
        own = f"Content-Length: {length}\r\n"
        self.is_whole = False

        def head(fields=own, line=f"POST {path} HTTP/1.1", host="Host: 127.0.0.1\r\n", end="\r\n"):
            return (line + "\r\n" + host + fields + end).encode("latin-1") + body

        def line(method="POST", target=path, version="HTTP/1.1"):
            return head(line=f"{method} {target} {version}")

        def field(name, values, also=own):
            return head(f"{name}: {one(values)}\r\n{also}")
        made = {
            "chunks": lambda: self.chunked(path, chance, False),
            "wrong chunks": lambda: self.chunked(path, chance, True),
            "length too small": lambda: head(f"Content-Length: {length // 2}\r\n"),
            "length too large": lambda: head(f"Content-Length: {length + 10}\r\n"),
            "odd length": lambda: field("Content-Length", LENGTHS, ""),
            "two lengths": lambda: field("Content-Length", [length, 0, 5]),
            "length and chunks": lambda: field("Transfer-Encoding", ["chunked"]),
            "odd encoding": lambda: field("Transfer-Encoding", ENCODINGS, ""),
            "no length": lambda: head(""),
            "a body too large": lambda: head(f"Content-Length: {(1 << 20) + 1}\r\n") + b" " * one([0, 1000, 1 << 20]),
            "many fields": lambda: head("".join(f"X-{i}: y\r\n" for i in range(one([90, 101, 3000]))) + own),
            "a long field": lambda: field("X", ["y" * 8000, "y" * 17_000, "y" * 300_000]),
            "a long name": lambda: field("y" * one([8000, 17_000, 300_000]), ["x"]),
            "a field never ended": lambda: head("X: " + "y" * 100_000, end=""),
            "an odd path": lambda: line(target=one([*PATHS, *(path + after for after in AFTER), "/" + path, path.upper(),
                                                    "http://127.0.0.1" + path])),
            "an odd method": lambda: line(method=one(METHODS)),
            "an odd version": lambda: line(version=one(VERSIONS)),
            "an odd host": lambda: head(host=one(HOSTS)),
            "odd fields": lambda: head(own + one(FIELDS)),
            "bare line feeds": lambda: head().replace(b"\r\n", b"\n"),
            "lines before it": lambda: b"\r\n" * one([1, 5, 5000]) + head(),
            "an expectation": lambda: field("Expect", ["100-continue", "100-Continue", "x"]),
            "an upgrade": lambda: field("Connection", ["Upgrade, HTTP2-Settings"],
                                        f"Upgrade: {one(['websocket', 'h2c', 'TLS/1.0'])}\r\nHTTP2-Settings: AAMAAABk\r\n{own}"),
            "another type": lambda: field("Content-Type", ["text/plain", "multipart/form-data; boundary=x", "",
                                                           "application/json; charset=utf-16", "x" * 5000]),
            "compressed, it says": lambda: field("Content-Encoding", ["gzip", "br", "x"]),
            "odd sessions": lambda: field("X-Session-Id", ["../../etc/passwd", "", "a" * 5000, "é", "%00", "a/b", ".", "a\tb"]),
            "odd keys": lambda: field("Authorization", ["Bearer", "Bearer ", "Basic x", "Bearer " + "x" * 10_000, "é", "bearer  x",
                                                        "Bearer x, Bearer y"]),
            "another protocol": lambda: one(PROTOCOLS),
            "bytes": lambda: chance.randbytes(one([10, 3000, 50_000])),
            "requests one after the other": lambda: self.pipelined(path),
            "a mutated head": lambda: bitten(self.plain(path)[: -length or None], chance) + body,
        }
        name = one(list(made))
        self.title.append(name)
        return made[name]()

    def pipelined(self, path):
        self.count = self.chance.choice([2, 3, 10, 100])
        others = [b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
                  b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"]
        return b"".join(self.chance.choice([self.plain(path), *others]) if i < 3 else self.chance.choice(others)
                        for i in range(self.count))

    def deliver(self):
        """Chooses the pieces, and how the connection ends."""
        chance, data = self.chance, self.data
        kind = chance.random()
        self.end = "reads"
        self.pause = 0
        if kind < 0.6:
            self.pieces = [data]
        elif kind < 0.7:
            at = chance.randrange(len(data) + 1)
            self.pieces, self.pause = [data[:at], data[at:]], chance.choice([0, 0.01])
        elif kind < 0.76:
            self.pieces = [data[i : i + 1] for i in range(min(len(data), 150))] + [data[150:]]
            self.pause = chance.choice([0, 0.0005])
        elif kind < 0.9:
            self.pieces, self.end = [data[: chance.randrange(len(data) + 1)]], chance.choice(["closes", "resets", "half closes"])
            self.is_whole = False
        else:
            self.pieces = [data]
            self.end = chance.choice(["closes", "resets", "half closes", "closes in the answer", "resets in the answer"])
            # One that closes its half may count as one that has gone.
            self.is_whole = False
        self.title.append(self.end)

    def send(self, port):
        """What came back: all bytes of the answers, b"" if the server closed, None if it waits for more."""
        with socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS) as link:
            try:
                for piece in self.pieces:
                    link.sendall(piece)
                    if self.pause:
                        time.sleep(self.pause)
            except (BrokenPipeError, ConnectionResetError):
                pass  # It may refuse what it has seen the beginning of; then its answer is read.
            if self.end == "closes":
                return b""
            if self.end.startswith("resets"):
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if self.end == "resets":
                    return b""
            if self.end.endswith("in the answer"):
                # Where the request is a part of one, nothing comes.
                link.settimeout(1)
                with contextlib.suppress(OSError):
                    link.recv(self.chance.choice([1, 100, 5000]))
                return b""
            if self.end == "half closes":
                with contextlib.suppress(OSError):
                    link.shutdown(socket.SHUT_WR)
            # Where the request may be a part of one, the server rightly waits for more.
            link.settimeout(ANSWER_SECONDS if self.is_whole else 0.1)
            return received(link, self.is_whole)

    def judge(self, answer):
        """Raises what is wrong with the answer."""
        for status, body in answers(answer):
            assert status < 500 or status == 503, f"status {status}: {body[:300]!r}"
            if status >= 400 and body:
                error = json.loads(body)["error"]
                has_its_shape = isinstance(error, str) and error or set(error) == {"message", "type", "param", "code"}
                assert has_its_shape, f"{status} without its shape: {body[:300]!r}"
        if self.is_whole:
            assert answer, "no answer to a whole request"
            status = next(answers(answer))[0]
            right = is_json(self.body)
            assert right is not False or status in (400, 413), f"what is no JSON was answered {status}"
            # Ollama's clients ask for models that there aren't.
            assert right is not True or status in (200, 400, 413) or status == 404 and self.path == "/api/show", f"status {status}"


def received(link, is_whole):
    """All that comes until the server closes, or, of a whole request, until its answer is complete."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            try:
                part = link.recv(65536)
            except TimeoutError:
                assert not is_whole, f"no whole answer within {ANSWER_SECONDS} s, only {data[-200:]!r}"
                return data
            data += part
            if not part or is_whole and is_complete(data):
                return data
    return data


def is_complete(data):
    head, _, rest = data.partition(b"\r\n\r\n")
    fields = {line.split(b":")[0].strip().lower(): line.split(b":", 1)[1].strip() for line in head.split(b"\r\n")[1:]
              if b":" in line}
    if b"content-length" in fields:
        return len(rest) >= int(fields[b"content-length"])
    return rest.endswith(b"0\r\n\r\n")


def answers(data):
    """The status and body of each answer; a chunked one's body is left out. Raises if something else comes."""
    while data:
        assert data.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")), f"no answer: {data[:100]!r}"
        head, end, data = data.partition(b"\r\n\r\n")
        if not end:
            return
        status = int(head[9:12])
        fields = {line.split(b":")[0].strip().lower(): line.split(b":", 1)[1].strip() for line in head.split(b"\r\n")[1:]}
        if status == 100:
            continue
        if b"content-length" in fields:
            length = int(fields[b"content-length"])
            # An answer to HEAD has a length and no body.
            body, data = (b"", data) if data.startswith(b"HTTP/1.") else (data[:length], data[length:])
            yield status, body if len(body) == length else b""
        else:
            cut = data.find(b"0\r\n\r\n")
            data = data[cut + 5 :] if cut >= 0 else b""
            yield status, b""


class Watched:
    """A server, what it was like before, and whether it is so still."""

    def __init__(self, server, growth):
        self.server, self.growth = server, growth
        self.fixed = [{"messages": [{"role": "user", "content": "Who made the heaven?"}], "seed": 11, "max_tokens": 20,
                       "temperature": 1, "logprobs": True, "top_logprobs": 3},
                      {"messages": MESSAGES, "seed": 12, "max_tokens": 20, "response_format": {"type": "json_object"}}]
        self.texts = [self.said(body) for body in self.fixed]
        self.before = None

    def said(self, body):
        answer = ask(self.server.address, "POST", "/v1/chat/completions", body)
        assert answer.status == 200, f"{answer}"
        return answer.json["choices"]

    def fill(self):
        """Makes the server keep as many sessions as it may, so that what grows afterwards is something else."""
        kept = -1
        for number in range(1000):
            self.said({"messages": [{"role": "user", "content": f"{number} are many."}], "max_tokens": 1})
            if number % 50 == 49:
                before, kept = kept, support.metric(self.server.address, "sessions_resident")
                if kept <= before:
                    return

    def settle(self):
        """Remembers the memory as it is now."""
        if self.server.process:
            eventually(lambda: self.server.connections() == 0)
            self.before = self.server.resident()

    def check(self):
        began = time.monotonic()
        health = ask(self.server.address, "GET", "/health", seconds=5)
        assert health.status == 200 and time.monotonic() - began < 1, f"/health took {time.monotonic() - began:.2f} s: {health}"
        idle = eventually(lambda: support.metric(self.server.address, "requests_processing") == 0, 20)
        assert idle, "requests are processed still"
        assert [self.said(body) for body in self.fixed] == self.texts, "a known request is answered otherwise than before"
        if self.server.process:
            assert self.server.process.poll() is None, "the server has ended"
            assert "Fatal error" not in self.server.said()
            assert eventually(lambda: self.server.connections() == 0, 20), f"{self.server.connections()} connections are left"
            grown = self.server.resident() - self.before
            is_small = eventually(lambda: self.server.resident() - self.before <= self.growth, 3)
            assert is_small, f"{grown / 1e6:.1f} MB more memory than before"
            most = re.search(r"Memory: at most (\d+) MB", self.server.said())
            is_within = most and self.server.resident() < int(most[1]) * 1e6
            assert is_within, "more memory than the server has said that it takes at most"


def one(seed, number, port, counts, failures, missing):
    case = Case(seed, number)
    if case.path in missing:
        return
    try:
        answer = case.send(port)
        case.judge(answer)
        for status, _ in answers(answer):
            counts[status] += 1
        counts["none"] += not answer
    except Exception as error:  # Whatever it is, it is this case's.
        failures.append(f"--seed '{seed}' --case {number} ({', '.join(case.title)}, {case.path}): {support.explained(error)}")


@trial
def mutated_requests(watched, given):
    """Mutated requests; nothing is answered 500, what is no JSON isn't taken."""
    counts, failures, number = collections.Counter(), [], 0
    missing = {path for path, _ in REQUESTS if ask(watched.server.address, "POST", path, {}).status == 404}
    failures += [f"{path} isn't there" for path in sorted(missing)]
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        # The first ones make the server take the memory that it keeps.
        watched.fill()
        list(pool.map(lambda i: one(f"{given.seed} before", i, watched.server.port, collections.Counter(), failures, missing),
                      range(given.warm)))
        watched.settle()
        until = time.monotonic() + given.minutes * 60
        while time.monotonic() < until and len(failures) < 20:
            list(pool.map(lambda i: one(given.seed, i, watched.server.port, counts, failures, missing),
                          range(number, number + 200)))
            number += 200
            if watched.server.process and watched.server.process.poll() is not None:
                failures.append(f"the server ended with {watched.server.process.poll()} in the cases {number - 200} to {number}: "
                                + watched.server.said()[-1000:])
                break
    said = ", ".join(f"{status} {count}" for status, count in sorted(counts.items(), key=str))
    print(f"{number} cases with seed {given.seed}: {said}", flush=True)
    assert not failures, f"{len(failures)} of {number}:\n    " + "\n    ".join(failures[:20])
    assert counts[200] and counts[400], "no request was taken, or none refused"
    watched.check()


@trial
def connections_in_turn(watched, given):
    """Many connections, one after the other: a request each, some without any."""
    def connect(number):
        with socket.create_connection(("127.0.0.1", watched.server.port), 10) as link:
            if number % 3 < 2:
                link.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                data = b""
                while part := link.recv(4096):
                    data += part
                assert data.startswith(b"HTTP/1.1 200"), f"connection {number}: {data[:100]!r}"
    for number in range(500):
        connect(number)
    watched.settle()
    for number in range(given.connections):
        connect(number)
    watched.check()


@trial
def idle_connections(watched, given):
    """Many connections at once that do nothing, or have been answered once: others are served, and none is left when they close."""
    def opened(count):
        links = [socket.create_connection(("127.0.0.1", watched.server.port), 10) for _ in range(count)]
        for link in links[::2]:
            link.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert link.recv(4096).startswith(b"HTTP/1.1 200")
        return links
    for link in opened(given.idle):
        link.close()
    watched.settle()
    links = opened(given.idle)
    began = time.monotonic()
    assert watched.said(watched.fixed[0]) == watched.texts[0] and time.monotonic() - began < 10
    if watched.server.process:
        # What a connection costs while it is there.
        each = (watched.server.resident() - watched.before) / given.idle
        print(f"{given.idle} idle connections take {max(0, each) / 1000:.1f} kB each", flush=True)
        assert each < 50_000, f"an idle connection takes {each / 1000:.0f} kB"
    for link in links:
        link.close()
    watched.check()


@trial
def half_requests(watched, given):
    """Connections that stop in the midst of their request are closed in time, and hold up nobody."""
    body = json.dumps(REQUESTS[1][1]).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    beginnings = [b"P", head[:25], head[:-2], b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n"]
    if not given.short:
        # A body has more time than a head.
        beginnings += [head, head + body[:1], head + body[:-1]]
    watched.settle()
    links = [socket.create_connection(("127.0.0.1", watched.server.port), 10) for _ in range(given.half)]
    for number, link in enumerate(links):
        link.sendall(beginnings[number % len(beginnings)])
    assert watched.said(watched.fixed[0]) == watched.texts[0]
    # One byte in a while doesn't help.
    stop = threading.Event()
    slow = socket.create_connection(("127.0.0.1", watched.server.port), 10)

    def trickle():
        with contextlib.suppress(OSError):
            for byte in head:
                slow.sendall(bytes([byte]))
                if stop.wait(1):
                    return
    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    until = time.monotonic() + given.patience
    for link in [*links, slow]:
        link.settimeout(max(0.1, until - time.monotonic()))
        data = b""
        try:
            while part := link.recv(4096):
                data += part
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise AssertionError(f"half a request is waited for longer than {given.patience} s; so far {data[:80]!r}") from None
        assert not data or data.startswith(b"HTTP/1.1 408"), f"{data[:100]!r}"
    stop.set()
    for link in [*links, slow]:
        link.close()
    watched.check()


@trial
def slow_readers(watched, given):
    """Clients that ask for long streams and don't read them hold up nobody, and leave nothing behind."""
    watched.settle()
    body = json.dumps({"messages": MESSAGES[-1:], "max_tokens": 20_000, "logprobs": True, "top_logprobs": 20, "stream": True,
                       "ignored": 0}).encode()
    links = []
    for _ in range(6):
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        link.connect(("127.0.0.1", watched.server.port))
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        link.sendall(head.encode() + body)
        links.append(link)
    time.sleep(1)
    assert ask(watched.server.address, "GET", "/health", seconds=2).status == 200
    for link in links:
        link.close()
    watched.check()


def show(given, servers):
    """One case of the fuzzer."""
    case = Case(given.seed, given.case)
    print(f"{', '.join(case.title)}: {case.path}, {len(case.data)} bytes in {len(case.pieces)} pieces\n{case.data[:3000]!r}")
    answer = case.send(servers(*OPTIONS).port if given.server else servers().port)
    print(f"→ {answer[:3000]!r}")
    case.judge(answer)


def main():
    made = support.parser("tools/serve/hostile_trials/mutations.py", __doc__)
    made.add_argument("--minutes", type=float, default=2, help="of mutated requests")
    made.add_argument("--seed", default="1")
    made.add_argument("--case", type=int, help="only this one, shown")
    made.add_argument("--warm", type=int, default=13_000, help="mutated requests before the memory is measured")
    made.add_argument("--connections", type=int, default=10_000)
    made.add_argument("--idle", type=int, default=1000, help="connections at once")
    made.add_argument("--half", type=int, default=200, help="connections with half a request")
    made.add_argument("--patience", type=float, default=60, help="seconds within which half a request is given up")
    made.add_argument("--short", action="store_true", help="a part of everything, in half a minute")
    given = support.arguments(made)
    if given.short:
        given.minutes, given.warm, given.connections, given.idle, given.half = 0.25, 500, 1000, 200, 50
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with support.Servers(given) as servers:
        if given.case is not None:
            return show(given, servers)
        watched = Watched(servers(*OPTIONS) if given.server else servers(), EARLY_GROWTH if given.short else GROWTH)
        counts = support.run(support.collected(globals()), given, watched, given)
    support.finish("tools/serve/hostile_trials/mutations.py", counts, servers)


if __name__ == "__main__":
    main()
