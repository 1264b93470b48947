#!/usr/bin/env python3
"""Runs our server and llama.cpp's in turns under the same load, and prints both side by side. `tools/serve/load` calls it.

Models differ (RecurrentGemma-2B, Gemma-1-2B) but are of one size, with weights of the same bits; threads, places (--parallel),
prompts (in tokens, distinct from the first on) and answers (as many tokens, none ends before) are the same. Both use the system's
usual ways to sample. What is measured, at the client:
    first token    from the request to the first text: median and 95th percentile of all requests
    between        from one text to the next, in each answer: median, 95th percentile, the longest
    tokens/s       of all answers together, from the first request to the last token
    aside          a short question, asked while a long prompt is read: its first token, and its longest wait between tokens
Each figure is the median over rounds; the ratio too, ours / theirs of each round. Less is better but for tokens/s. The clients are
one process, whose share of a processor is shown: it and the servers share the machine.
"""
import argparse
import asyncio
import json
import os
import pathlib
import random
import resource
import statistics
import string
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.dont_write_bytecode = True
from board import ask, free_port  # noqa: E402

SAMPLING = {"temperature": 0.8, "top_k": 40, "top_p": 0.95}


def fail(message):
    sys.exit(f"tools/serve/load: {message}")


class Server:
    """A server under load. `command(port, places, tokens)` and `extra` are what differs."""

    def __init__(self, folder, places, tokens):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.log = folder / f"{self.name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.command(self.port, places, tokens), stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 120
        while True:
            if self.process.poll() is not None or time.monotonic() > end:
                fail(f"{self.name} doesn't start: {self.log.read_text(errors='replace')[-500:]}")
            try:
                if ask(self.address, "/health", timeout=5)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)

    def tokens(self, text):
        return len(ask(self.address, "/tokenize", {"content": text})[2]["tokens"])

    def resident(self):
        """The largest resident memory, in bytes."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class RGEdge(Server):
    name = "rg-edge"

    def __init__(self, given, *more):
        self.given = given
        self.extra = {"logit_bias": {token: -100 for token in given.ends.split(",")}}
        super().__init__(*more)

    def command(self, port, places, tokens):
        return [
            self.given.server, "-m", self.given.model, "--listen", f"127.0.0.1:{port}", "--parallel", str(places), "--threads",
            str(self.given.threads)]


class LlamaServer(Server):
    name = "llama.cpp"
    extra = {"ignore_eos": True, "cache_prompt": False, "min_p": 0}

    def __init__(self, given, *more):
        self.given = given
        super().__init__(*more)

    def command(self, port, places, tokens):
        # Its context is divided by its places. Without its cache of old prompts, which would only cost time here.
        threads = str(self.given.threads)
        return [
            self.given.llama_server, "-m", self.given.gguf, "--host", "127.0.0.1", "--port", str(port), "-np", str(places), "-c",
            str(places * tokens), "-t", threads, "-tb", threads, "--cache-ram", "0",
            # It refuses more tokens than a model was trained with; what is measured here is time alone.
            "--override-kv", "gemma.context_length=int:131072"]


def prompt_of(server, count, choice):
    """A text of that many tokens, random from the first character on."""
    text = "".join(choice.choice(string.ascii_lowercase + "     ") for _ in range(count * 8))
    low, high = 1, len(text)
    while low < high:
        middle = (low + high) // 2
        if server.tokens(text[:middle]) < count:
            low = middle + 1
        else:
            high = middle
    return text[:low]


class Request:
    """A streamed completion: when it was asked for, when each part of its text came, how many tokens it had."""

    def __init__(self):
        self.began, self.arrivals, self.usage, self.done = None, [], None, False

    @property
    def first(self):
        return self.arrivals[0] - self.began

    @property
    def gaps(self):
        return [b - a for a, b in zip(self.arrivals, self.arrivals[1:])]


async def events_of(reader):
    """The data of a stream's events, of a body in chunks or one that ends with the connection."""
    chunked = False
    while (line := (await reader.readline()).strip().lower()):
        chunked = chunked or (line.startswith(b"transfer-encoding:") and b"chunked" in line)
    buffer = b""
    while True:
        if chunked:
            size = int((await reader.readline()).split(b";")[0] or b"0", 16)
            piece = (await reader.readexactly(size + 2))[:size] if size else b""
        else:
            piece = await reader.read(65536)
        if not piece:
            return
        buffer += piece.replace(b"\r\n", b"\n")
        *events, buffer = buffer.split(b"\n\n")
        for event in events:
            for line in event.split(b"\n"):
                if line.startswith(b"data: "):
                    yield line[6:]


async def complete(server, prompt, tokens, seed, record=None):
    request = record or Request()
    body = json.dumps({
        "prompt": prompt, "max_tokens": tokens, "seed": seed, "stream": True, "stream_options": {"include_usage": True}, **SAMPLING,
        **server.extra}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 20)
    try:
        request.began = time.monotonic()
        writer.write(
            b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body)
        status = await reader.readline()
        if b" 200 " not in status:
            fail(f"{server.name} answers {status.decode().strip()}: {(await reader.read(2000)).decode(errors='replace')[-600:]}")
        async for data in events_of(reader):
            now = time.monotonic()
            if data == b"[DONE]":
                request.done = True
                break
            event = json.loads(data)
            if "error" in event:
                fail(f"{server.name}: {event['error']}")
            request.usage = event.get("usage") or request.usage
            if any(choice.get("text") for choice in event.get("choices", [])):
                request.arrivals.append(now)
    finally:
        writer.close()
    return request


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def load(server, given, clients, seed):
    """So many clients at once, each with some requests one after the other."""
    choice = random.Random(seed)
    prompts = [[prompt_of(server, given.prompt, choice) for _ in range(given.requests)] for _ in range(clients)]

    async def one(number):
        return [await complete(server, prompt, given.answer, seed + number) for prompt in prompts[number]]

    began, used = time.monotonic(), time.process_time()
    requests = sum(await asyncio.gather(*(one(number) for number in range(clients))), [])
    seconds, used = time.monotonic() - began, time.process_time() - used
    for request in requests:
        if not request.done or request.usage["completion_tokens"] != given.answer or len(request.arrivals) < given.answer // 2:
            fail(f"{server.name}: an answer of {request.usage} in {len(request.arrivals)} parts")
    firsts = [request.first for request in requests]
    gaps = [gap for request in requests for gap in request.gaps]
    return {
        "first token, median, s": statistics.median(firsts), "first token, 95 %, s": percentile(firsts, 0.95),
        "between, median, ms": 1000 * statistics.median(gaps), "between, 95 %, ms": 1000 * percentile(gaps, 0.95),
        "between, longest, ms": 1000 * max(gaps),
        "tokens/s": sum(request.usage["completion_tokens"] for request in requests) / seconds,
        "prompt tokens": statistics.median(request.usage["prompt_tokens"] for request in requests),
        "client's share": used / seconds}


async def aside(server, given, seed):
    """Short questions: alone, and while a long prompt is read, which isn't waited for."""
    choice = random.Random(seed)
    long = prompt_of(server, given.long, choice)
    alone = await complete(server, prompt_of(server, 24, choice), 32, seed)
    record = Request()
    task = asyncio.create_task(complete(server, long, 4, seed, record))
    await asyncio.sleep(given.after)
    if record.arrivals:
        fail(f"{server.name} has read the long prompt before a question comes; make it longer (--long)")
    beside = []
    # A server that lets a question wait until the long prompt is read is asked only that one.
    while len(beside) < given.questions and not record.arrivals:
        beside.append(await complete(server, prompt_of(server, 24, choice), 32, seed + len(beside)))
    progress = time.monotonic() - record.began
    if given.wait:
        request = await task
        figures = {"long prompt read, s": request.first}
    else:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        figures = {}
    return {
        "aside, first token alone, s": alone.first,
        "aside, first token, median, s": statistics.median(each.first for each in beside),
        "aside, first token, longest, s": max(each.first for each in beside),
        "aside, between, median, ms": 1000 * statistics.median(gap for each in beside for gap in each.gaps),
        "aside, between, longest, ms": 1000 * max(gap for each in beside for gap in each.gaps),
        "aside, a question in all, s": (progress - given.after) / len(beside), **figures}


def table(title, rounds):
    """Rounds of [ours, theirs] (or [ours]) as rows."""
    for figure in rounds[0][0]:
        columns = [statistics.median(pair[side][figure] for pair in rounds) for side in range(len(rounds[0]))]
        ratio = statistics.median(pair[0][figure] / pair[1][figure] for pair in rounds) if len(columns) == 2 else None
        cells = " | ".join(f"{value:.3g}" for value in columns) + (f" | {ratio:.2f}" if ratio else "")
        print(f"| {title} | {figure} | {cells} |", flush=True)


def run(kinds, given, places, tokens, measure, rounds, title):
    """Both servers under the same load, in turns; who begins changes."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="rg-edge-load-") as folder:
        servers = []
        try:
            for kind in kinds:
                servers.append(kind(given, pathlib.Path(folder), places, tokens))
                asyncio.run(complete(servers[-1], "warm up", 8, 1))
            for number in range(rounds):
                pair = {}
                for server in servers if number % 2 == 0 else servers[::-1]:
                    print(f"\r{title}, {server.name}, round {number + 1} of {rounds} ", end="\033[K", file=sys.stderr)
                    pair[server.name] = asyncio.run(measure(server, 1000 * number))
                outcomes.append([pair[server.name] for server in servers])
            print("\r\033[K", end="", file=sys.stderr)
            for pair_side, server in enumerate(servers):
                for pair in outcomes:
                    pair[pair_side]["resident, MB"] = server.resident() / 1e6
        finally:
            for server in servers:
                server.stop()
    table(title, outcomes)


def main():
    parser = argparse.ArgumentParser(
        prog="tools/serve/load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="rg-edge-serve")
    parser.add_argument("--model", required=True, help="RecurrentGemma-2B as q4-small")
    parser.add_argument("--llama-server", help="the program; without it only ours is measured")
    parser.add_argument("--gguf", help="its model")
    parser.add_argument("--clients", default="1,4,16", help="numbers of clients (1,4,16)")
    parser.add_argument("-p", "--prompt", type=int, default=128, help="tokens of a prompt (128)")
    parser.add_argument("-n", "--answer", type=int, default=128, help="tokens of an answer (128)")
    parser.add_argument("--requests", type=int, default=2, help="of each client, one after the other (2)")
    parser.add_argument("-t", "--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each server (all)")
    parser.add_argument("-r", "--rounds", type=int, default=3, help="times to measure both (3)")
    parser.add_argument("--ends", default="1,6", help="our tokens that would end an answer, and are not to (1,6)")
    parser.add_argument("--long", type=int, default=20_000, help="tokens of the long prompt; 0: not that trial (20000)")
    parser.add_argument("--after", type=float, default=2, help="seconds from the long prompt to the first question (2)")
    parser.add_argument("--questions", type=int, default=3, help="asked while it is read (3)")
    parser.add_argument("--long-rounds", type=int, default=1, help="times to measure that (1)")
    parser.add_argument("--wait", action="store_true", help="until the long prompt is read, and show how long that took")
    given = parser.parse_args()
    if min(given.prompt, given.answer, given.requests, given.rounds, given.threads, given.questions) < 1:
        fail("numbers must be 1 or more")
    kinds = [RGEdge] + ([LlamaServer] if given.llama_server else [])
    load_before = os.getloadavg()[0]
    if load_before > 0.5:
        print(f"Others are at work here: the load is {load_before:.1f}.", file=sys.stderr)
    print(f"{given.threads} threads, {given.rounds} rounds, {given.requests} requests of each client\n")
    print("| load | figure | " + " | ".join(kind.name for kind in kinds) + (" | ratio |" if len(kinds) == 2 else " |"))
    print("|---|---|" + "---:|" * (len(kinds) + (len(kinds) == 2)), flush=True)
    for clients in map(int, filter(None, given.clients.split(","))):
        run(
            kinds, given, 16, given.prompt + given.answer + 64, lambda server, seed: load(server, given, clients, seed + clients),
            given.rounds, f"{clients} client{'s' if clients > 1 else ''}")
    if given.long:
        run(
            kinds, given, 2, given.long + 200, lambda server, seed: aside(server, given, seed), given.long_rounds,
            f"{given.long} tokens")


if __name__ == "__main__":
    # Streams of many clients are many descriptors.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    main()
