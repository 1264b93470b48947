#!/usr/bin/env python3
"""Estimates the speed of RecurrentGemma 2B on boards, and compares that with formats/boards.md and the README.

    estimate.py [--write-counts] EMULATOR

EMULATOR    a command that runs kernel-load (Tests/KernelLoad)

An estimate follows from the bytes that a token reads, from the cycles that its kernels take by the pipeline model
(tools/arm/pipeline.tsv), from published bandwidths, and from how far the model is known to be off. Prints a line for each board and
type; exits with 1 if the pages say something else.
"""

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CYCLES = HERE / "pipeline.tsv"
PAGE = HERE.parent.parent / "formats/boards.md"
README = HERE.parent.parent / "README.md"
START, END = "<!-- tools/arm/estimate.py -->\n", "<!-- end -->"

# Presets: the type whose kernels they need, the bytes of a file's tensors, each of which a token reads once, and those of its layers,
# which a prompt's chunk reads once.
MODELS = {"q4-small": ("q4", 1.51e9, 1.14e9), "q8": ("q8", 2.85e9, 2.15e9)}
PRODUCTS = re.compile(r"-(decode|two|four|prefill)$")
# Of a window of 2048 positions, for which attention was counted, a prompt's 256 tokens see 128 in the mean.
PROMPT_WINDOW = 128 / 2048


@dataclass(frozen=True)
class Board:
    name: str
    kernels: str
    core: str
    cores: int
    frequency: float
    # Tokens of a prompt that are computed together, by the caches (Griffin's ChunkCapacity).
    chunk: int
    # Bytes per second, lowest and highest of what was published.
    bandwidth: tuple[float, float]
    # Real cycles per modelled cycle, lowest and highest.
    error: tuple[float, float]


BOARDS = [
    Board("Raspberry Pi 4", "neon", "A72", 4, 1.8e9, 80, (4.0e9, 4.9e9), (1.0, 2.2)),
    Board("Raspberry Pi 5", "neon-dotprod", "A76", 4, 2.4e9, 96, (11.6e9, 13.2e9), (1.05, 1.25)),
]


def calls(emulator: str) -> dict[str, float]:
    """How often a token needs each operation."""
    output = subprocess.run([*shlex.split(emulator), "--operations"], check=True, capture_output=True, text=True).stdout
    return {line.split()[0]: float(line.split()[1]) for line in output.splitlines()}


def cycles() -> dict[tuple[str, str, str], float]:
    rows = [line.split("\t") for line in CYCLES.read_text().splitlines() if not line.startswith("#")]
    return {(row[0], row[2], row[1]): float(row[3]) for row in rows}


def seconds(board: Board, names: dict[str, float], costs: dict, error: float, cores: int) -> float:
    """Of operations, each so often, on some cores."""
    total = sum(times * costs[board.kernels, board.core, name] for name, times in names.items())
    return error * total / (cores * board.frequency)


def speeds(
    board: Board, preset: str, times: dict[str, float], costs: dict, window: float = PROMPT_WINDOW
) -> tuple[list[float], list[float]]:
    """Tokens per second past a full window, and of a prompt whose tokens see this part of one: the lowest and the highest that is
    likely."""
    kind, size, layers = MODELS[preset]
    small = {name: count for name, count in times.items() if not PRODUCTS.search(name) and name != "attend"}
    attend = {"attend": times["attend"]}
    generated, prompt = [], []
    for worst in (True, False):
        error = board.error[1 if worst else 0]
        reading = size / board.bandwidth[0 if worst else 1]
        product = f"{kind}-decode"
        computing = seconds(board, {product: times[product]}, costs, error, board.cores)
        # At best the one hides the other; at worst they take turns. What is small is done by one core at worst.
        both = reading + computing if worst else max(reading, computing)
        rest = seconds(board, small, costs, error, 1 if worst else board.cores)
        generated.append(1 / (both + rest + seconds(board, attend, costs, error, board.cores)))

        product = f"{kind}-prefill"
        parts = {product: times[product], **{name: count for name, count in small.items() if name != "soft-cap"}}
        parts["attend"] = window * times["attend"]
        computing = seconds(board, parts, costs, error, board.cores)
        reading = layers / board.chunk / board.bandwidth[0 if worst else 1]
        prompt.append(1 / (computing + reading if worst else max(computing, reading)))
    return generated, prompt


def between(pair: list[float]) -> str:
    low, high = (f"{value:.1f}" if value < 10 else f"{value:.0f}" for value in pair)
    return f"{low} to {high}"


def table(times: dict[str, float], costs: dict) -> list[str]:
    lines = ["| board | 2B as | tokens/s | a prompt's first 256, tokens/s | past the window |", "|---|---|---|---|---|"]
    for board in BOARDS:
        for preset in MODELS:
            generated, prompt = speeds(board, preset, times, costs)
            _, late = speeds(board, preset, times, costs, window=1)
            lines.append(f"| {board.name} | `{preset}` | {between(generated)} | {between(prompt)} | {between(late)} |")
    return lines


def readme(times: dict[str, float], costs: dict) -> str:
    """The README with these estimates in its table: a row for each preset that fits memory, a column for each board."""
    text = README.read_text()
    for preset in MODELS:
        cells = " | ".join(between(speeds(board, preset, times, costs)[0]) for board in BOARDS)
        text, count = re.subn(rf"^(\| \d GB \| `{preset}` \|) .*$", rf"\1 {cells} |", text, flags=re.MULTILINE)
        if count != 1:
            sys.exit(f"{README} has no row for {preset}")
    return text


def main() -> int:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.exit(__doc__)
    writes = arguments[0] == "--write-counts"
    times, costs = calls(arguments[1 if writes else 0]), cycles()
    lines, short = table(times, costs), readme(times, costs)
    before, start, rest = PAGE.read_text().partition(START)
    written, end, after = rest.partition(END)
    if not (start and end):
        sys.exit(f"{PAGE} has no place for the estimates")
    if writes:
        written = "\n".join(lines) + "\n"
        PAGE.write_text(before + start + written + end + after)
        README.write_text(short)
    is_same = written.splitlines() == lines and README.read_text() == short
    print(f"{'ok    ' if is_same else 'FAILED'} the estimates for boards are those of formats/boards.md and the README")
    for line in lines[2:]:
        print(f"       {line.strip('| ').replace(' | ', ', ')}")
    if not is_same:
        print(f"       make {PAGE.name} and {README.name} anew with tools/test-arm --write-counts")
    return 0 if is_same else 1


if __name__ == "__main__":
    sys.exit(main())
