#!/usr/bin/env python3
"""Run rg-edge and llama.cpp in turns, and ik_llama.cpp if its program is given, and print them side by side. `tools/bench-llama`
builds what this needs and calls it.

Models differ (RecurrentGemma-2B, Gemma-1-2B), so what is compared is how well the machine is used:
    decode   bytes of weights read a second: bytes of all weights × tokens/s
    prefill  operations a second: 2 × (weights of the layers' matrices × tokens + weights of the head) / seconds
    resident and first token: of a process that opens the model, feeds a prompt and ends (`rg-edge logits`, `llama-bench -n 0`)
    sessions at once (--sessions): tokens a second of all that generate in common passes (`llama-batched-bench`)
A ratio is ours / theirs, the median over rounds, in each of which all ran one after the other. ik_llama.cpp repacks weights while
it loads them (-rtr 1), which makes it faster or leaves it as it is; figures of the process have that in them, too.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from gemma_shape import GEMMA_2B

# The type of llama.cpp that has about the bits of ours.
LLAMA_TYPES = {"q4": "Q4_0", "q8": "Q8_0"}


def fail(message):
    sys.exit(f"tools/bench-llama: {message}")


def output(command):
    """Standard output of a command that must succeed."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        fail(f"{' '.join(command)} failed: {(result.stderr.strip().splitlines() or ['no message'])[-1]}")
    return result.stdout


def process_cost(command):
    """Seconds and largest resident bytes of a process."""
    start = time.monotonic()
    with open(os.devnull, "w") as nothing:
        process = subprocess.Popen(command, stdout=nothing, stderr=nothing)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        fail(f"{' '.join(command)} failed with {process.returncode}")
    return {"first token s": time.monotonic() - start, "resident GB": usage.ru_maxrss * 1024 / 1e9}


class RGEdge:
    name = "rg-edge"

    def __init__(self, program, model, tokens_file, folder):
        self.program, self.model, self.tokens_file, self.folder = program, model, tokens_file, folder

    def speed(self, threads, prompt, generated):
        rows = json.loads(output([
            self.program, "bench", "-m", self.model, "-p", str(prompt), "-n", str(generated), "-t", str(threads), "-r", "1",
            "-o", "json"]))
        prefill, decode = rows
        return {
            "decode GB/s": decode["bytes_per_second"] / 1e9, "prefill GOPS": prefill["operations_per_second"] / 1e9,
            "decode of limit": decode["fraction_of_limit"], "prefill of limit": prefill["fraction_of_limit"]}

    def together(self, threads, sessions, depth, generated):
        rows = json.loads(output([
            self.program, "bench", "-m", self.model, "--sessions-at-once", str(sessions), "-d", str(depth), "-n", str(generated),
            "-t", str(threads), "-r", "1", "-o", "json"]))
        return {"tokens/s": rows[0]["speed_tg"], "of limit": rows[0]["fraction_of_limit"]}

    def start(self, threads, prompt):
        return process_cost([
            self.program, "logits", "-m", self.model, "--tokens", "@" + self.tokens_file, "--last", "-t", str(threads),
            "-o", os.path.join(self.folder, "logits.npy")])


class LlamaCpp:
    name = "llama.cpp"
    options = []
    no_warmup = ["--no-warmup"]

    def __init__(self, program, batched, model):
        self.program, self.batched, self.model = program, batched, model

    def together(self, threads, sessions, depth, generated):
        lines = output([
            self.batched, "-m", self.model, "-c", str(sessions * (depth + generated)), "-npp", str(depth), "-ntg", str(generated),
            "-npl", str(sessions), "-t", str(threads), "-tb", str(threads), "--output-format", "jsonl"]).splitlines()
        return {"tokens/s": json.loads(next(line for line in lines if line.startswith("{")))["speed_tg"]}

    def command(self, threads, prompt, generated):
        return [
            self.program, "-m", self.model, "-p", str(prompt), "-n", str(generated), "-t", str(threads), "-r", "1", "-o", "json",
            *self.options]

    def speed(self, threads, prompt, generated):
        rows = json.loads(output(self.command(threads, prompt, generated)))
        seconds = {row["n_gen"] > 0: row["avg_ns"] / 1e9 for row in rows}
        operations = 2 * (GEMMA_2B.layer_weights * prompt + GEMMA_2B.head_weights)
        self.weight_bytes = self.bytes_per_token(rows[0]["model_size"])
        return {
            "decode GB/s": self.weight_bytes * generated / seconds[True] / 1e9,
            "prefill GOPS": operations / seconds[False] / 1e9}

    def bytes_per_token(self, model_size):
        return model_size

    def start(self, threads, prompt):
        return process_cost(self.command(threads, prompt, 0) + self.no_warmup)


class IkLlama(LlamaCpp):
    name = "ik_llama.cpp"
    options = ["-rtr", "1"]
    no_warmup = ["-w", "0"]

    def __init__(self, program, llama):
        super().__init__(program, None, llama.model)
        self.llama = llama

    def bytes_per_token(self, model_size):
        """Those that llama.cpp gives for the same file: this one counts the embedding, which is the head too, twice."""
        return self.llama.weight_bytes


def compare(tools, threads, arguments):
    """Figures of each round: {figure: [of each tool, None where it has none]}."""
    figures = {}
    for number in range(arguments.rounds):
        measured = []
        for tool in tools:
            print(f"\r{tool.name}, {threads} threads, round {number + 1} of {arguments.rounds} ", end="\033[K", file=sys.stderr)
            measured.append(tool.speed(threads, arguments.prompt, arguments.generated) | tool.start(threads, arguments.prompt))
        for figure in measured[0]:
            figures.setdefault(figure, []).append([each.get(figure) for each in measured])
    print("\r\033[K", end="", file=sys.stderr)
    return figures


def report_together(names, ours, theirs, threads, arguments):
    for sessions in map(int, arguments.sessions.split(",")):
        pairs = [
            [tool.together(threads, sessions, arguments.depth, arguments.generated) for tool in (ours, theirs)]
            for _ in range(arguments.rounds)]
        rates = [statistics.median(pair[side]["tokens/s"] for pair in pairs) for side in (0, 1)]
        ratio = statistics.median(a["tokens/s"] / b["tokens/s"] for a, b in pairs)
        limit = statistics.median(pair[0]["of limit"] for pair in pairs)
        print(
            f"| {names} | {threads} | {sessions} at once, tokens/s | {rates[0]:.3g} | {rates[1]:.3g} | {ratio:.2f} | {100 * limit:.0f} % |",
            flush=True)


def report(names, threads, figures):
    for figure in ("decode GB/s", "prefill GOPS", "resident GB", "first token s"):
        rounds = figures[figure]
        cells = [f"{statistics.median(each[0] for each in rounds):.3g}"]
        for peer in range(1, len(rounds[0])):
            theirs = statistics.median(each[peer] for each in rounds)
            cells += [f"{theirs:.3g}", f"{statistics.median(each[0] / each[peer] for each in rounds):.2f}"]
        limits = figures.get(figure.split()[0] + " of limit")
        cells.append(f"{100 * statistics.median(each[0] for each in limits):.0f} %" if limits else "")
        print(f"| {names} | {threads} | {figure} | {' | '.join(cells)} |", flush=True)


def header(peers):
    columns = ["types", "threads", "figure", "rg-edge"] + [cell for peer in peers for cell in (peer, "ratio")] + ["rg-edge of limit"]
    print(f"| {' | '.join(columns)} |\n|---|---:|---|{'---:|' * (len(columns) - 3)}", flush=True)


def model_type(program, model):
    """The type of most of a file's weights."""
    types = json.loads(output([program, "info", model, "--json"]))["types"]
    return max(types, key=lambda entry: entry["weights"])["type"]


def main():
    parser = argparse.ArgumentParser(
        prog="tools/bench-llama", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL.rgq", help="RecurrentGemma-2B as q4 or q8")
    parser.add_argument("--rg-edge", required=True, help="the program")
    parser.add_argument("--llama-bench", required=True, help="the program")
    parser.add_argument("--llama-batched-bench", required=True, help="the program")
    parser.add_argument("--ik-llama-bench", help="ik_llama.cpp's llama-bench: compared, too")
    parser.add_argument("--gguf", required=True, help="folder of the GGUF files")
    parser.add_argument("-p", "--prompt", type=int, default=256, help="tokens of the prompt (256)")
    parser.add_argument("-n", "--generated", type=int, default=64, help="tokens to decode (64)")
    parser.add_argument("-t", "--threads", default="1,2", help="numbers of threads (1,2)")
    parser.add_argument("-r", "--rounds", type=int, default=3, help="times to run each pair (3)")
    parser.add_argument("--sessions", help="compare so many sessions at once, such as 1,2,4,8,16,32, and nothing else")
    parser.add_argument("-d", "--depth", type=int, default=64, help="tokens of each session before those (64)")
    arguments = parser.parse_args()
    if min(arguments.prompt, arguments.generated, arguments.rounds) < 1:
        fail("-p, -n and -r must be 1 or more")
    if arguments.sessions and arguments.ik_llama_bench:
        fail("--sessions compares with llama.cpp alone; leave out --ik-llama")

    pairs = []
    for model in arguments.models:
        ours = model_type(arguments.rg_edge, model)
        if ours not in LLAMA_TYPES:
            fail(f"{model}: is mostly {ours}, which llama.cpp has nothing like; give files of {' or '.join(LLAMA_TYPES)}")
        pairs.append((model, ours, LLAMA_TYPES[ours]))

    header([LlamaCpp.name] + ([IkLlama.name] if arguments.ik_llama_bench else []))
    with tempfile.TemporaryDirectory() as folder:
        tokens_file = os.path.join(folder, "tokens")
        with open(tokens_file, "w") as file:
            file.write(",".join(str(2 + 7 * number) for number in range(arguments.prompt)))
        for model, ours, theirs in pairs:
            for threads in arguments.threads.split(","):
                gguf = os.path.join(arguments.gguf, f"gemma-2b-{theirs}.gguf")
                tools = [
                    RGEdge(arguments.rg_edge, model, tokens_file, folder),
                    LlamaCpp(arguments.llama_bench, arguments.llama_batched_bench, gguf)]
                if arguments.ik_llama_bench:
                    tools.append(IkLlama(arguments.ik_llama_bench, tools[1]))
                if arguments.sessions:
                    report_together(f"{ours}, {theirs}", *tools, threads, arguments)
                else:
                    report(f"{ours}, {theirs}", threads, compare(tools, threads, arguments))


if __name__ == "__main__":
    main()
