#!/usr/bin/env python3
"""Counts the instructions of kernels on emulated ARM processors, and compares them with the table of an earlier day.

    count-instructions.py [--write-counts] EMULATOR "BOARD=ARGUMENTS SET"...

EMULATOR    a command that runs kernel-load (Tests/KernelLoad) when a board's arguments stand in the place of {}, and that prints
            "instructions N" at the end
SET         the board's set of kernels

Instructions are the same number in every run, whatever else the machine does: a stand-in for speed that can be tested. The table is
tools/arm/instructions.tsv. Prints a line for each operation; exits with 1 if one takes over 5 % more than in the table.
"""

import datetime
import re
import shlex
import subprocess
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("instructions.tsv")
ALLOWED = 1.05
# What the matrix kernels of a type do: their operation, and what else a token takes in each case.
TOTALS = {f"token-{type}": f"{type}-decode" for type in ["f16", "q8", "q4"]}


class Board:
    def __init__(self, emulator: str, description: str) -> None:
        self.name, rest = description.split("=", 1)
        arguments, self.kernels = rest.rsplit(" ", 1)
        self.command = shlex.split(emulator.replace("{}", arguments))

    def instructions(self, operation: str) -> int:
        """Those of one round: the difference between 41 rounds and one."""
        one, many = (self.run(operation, rounds) for rounds in (1, 41))
        return round((many - one) / 40)

    def run(self, operation: str, rounds: int) -> int:
        command = [*self.command, self.kernels, operation, str(rounds)]
        result = subprocess.run(command, check=True, capture_output=True, text=True)
        return int(re.search(r"^instructions (\d+)$", result.stderr, re.MULTILINE)[1])

    def operations(self) -> dict[str, float]:
        """How often a token of RecurrentGemma 2B needs each operation."""
        output = subprocess.run([*self.command, "--operations"], check=True, capture_output=True, text=True).stdout
        return {name: float(times) for name, times, *_ in (line.split() for line in output.splitlines())}


def count(boards: list[Board]) -> dict[str, list[int]]:
    """For each operation, and for a whole token of each type, the instructions on each board."""
    operations = boards[0].operations()
    counts = {name: [board.instructions(name) for board in boards] for name in operations}
    products = [name for name in operations if name.endswith(("-decode", "-two", "-four", "-prefill"))]
    for total, product in TOTALS.items():
        parts = [name for name in operations if name == product or name not in products]
        counts[total] = [round(sum(operations[name] * counts[name][board] for name in parts)) for board in range(len(boards))]
    return counts


def read() -> dict[str, list[int]]:
    if not TABLE.exists():
        return {}
    rows = [line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    return {row[0]: [int(number) for number in row[1:]] for row in rows}


def write(boards: list[Board], counts: dict[str, list[int]]) -> None:
    lines = [
        f"# Instructions of a call of each kernel at the shapes of RecurrentGemma 2B, {datetime.date.today()}.",
        "# A call of a product is 16 rows of 2560 columns, for one token (decode), two, four, or 48 (prefill).",
        "# token-TYPE is one generated token, past 2048 others. tools/test-arm --write-counts makes this table.",
        "\t".join(["# operation", *(f"{board.name} ({board.kernels})" for board in boards)]),
        *("\t".join([name, *map(str, numbers)]) for name, numbers in counts.items()),
    ]
    TABLE.write_text("\n".join(lines) + "\n")


def main() -> int:
    arguments = sys.argv[1:]
    writes = arguments[0] == "--write-counts"
    emulator, *descriptions = arguments[1:] if writes else arguments
    boards = [Board(emulator, description) for description in descriptions]
    counts = count(boards)
    if writes:
        write(boards, counts)
    before = read()
    failed = set(before) != set(counts)
    if failed:
        print(f"FAILED {TABLE.name} has other operations; make it anew with tools/test-arm --write-counts")
    for name in [name for name in counts if name in before]:
        parts, is_worse = [], False
        for board, now, then in zip(boards, counts[name], before[name]):
            parts.append(f"{board.name} {now:,} instructions ({now / then - 1:+.1%})")
            is_worse |= now > ALLOWED * then
        print(f"{'FAILED' if is_worse else 'ok    '} {name}: {', '.join(parts)}")
        failed |= is_worse
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
