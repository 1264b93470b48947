"""The instructions of one call of a kernel, as an emulated processor executes them."""

import functools
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .loops import Item, shortened

ROUNDS = 3
# What reads or writes memory by the stack pointer or the frame's.
STACK = re.compile(r"(ld|st)\S*\t.*\[(sp|x29)\b")
# The model refuses to look into calls; what they cost beside a branch is what is in the trace.
BRANCHES = {"bl": "b", "blr": "br", "ret": "br\tx30"}


class Call:
    """A call's blocks in the order of their execution, numbers into ``blocks``; of each, the lines of assembly."""

    def __init__(self, order: np.ndarray, blocks: list[list[str]]) -> None:
        self.order = order
        self.blocks = blocks

    @functools.cached_property
    def loops(self) -> tuple[Item, ...]:
        return shortened(self.order.tolist(), lambda number: len(self.blocks[number]))

    @property
    def instructions(self) -> int:
        return self._count(lambda line: True)

    @property
    def stack_accesses(self) -> int:
        return self._count(lambda line: STACK.match(line) is not None)

    def _count(self, counts) -> int:
        executions = np.bincount(self.order, minlength=len(self.blocks))
        return sum(int(executions[number]) * sum(map(counts, block)) for number, block in enumerate(self.blocks))


def traced_call(emulator: list[str], plugin: Path, program: list[str]) -> Call:
    """One of the calls that `kernel-load SET OPERATION` makes."""
    with tempfile.TemporaryDirectory() as folder:
        blocks, order = Path(folder) / "blocks", Path(folder) / "order"
        option = ["-plugin", f"{plugin},blocks={blocks},order={order}"]
        subprocess.run([emulator[0], *option, *emulator[1:], *program, str(ROUNDS)], check=True)
        words = [line.split() for line in blocks.read_text().splitlines()]
        round_of_blocks = one_round(np.fromfile(order, dtype=np.uint32))
    lines = disassembled({word for number in np.unique(round_of_blocks) for word in words[number]})
    return Call(round_of_blocks, [[lines.get(word, "") for word in block] for block in words])


def one_round(order: np.ndarray) -> np.ndarray:
    """The longest stretch between executions of a block that is executed once a round, if it is the same each time."""
    best = order[:0]
    for block in np.flatnonzero(np.bincount(order) == ROUNDS):
        places = np.flatnonzero(order == block)
        first, second = (order[places[index]:places[index + 1]] for index in range(2))
        if len(first) > len(best) and np.array_equal(first, second):
            best = first
    if len(best) == 0:
        raise ValueError("no round is like the one before it")
    return best


def disassembled(words: set[str]) -> dict[str, str]:
    """The assembly of each instruction."""
    ordered = sorted(words)
    text = "\n".join(" ".join(f"0x{byte:02x}" for byte in int(word, 16).to_bytes(4, "little")) for word in ordered)
    command = ["llvm-mc-19", "--disassemble", "--triple=aarch64", "--mattr=+all"]
    output = subprocess.run(command, input=text, check=True, capture_output=True, text=True).stdout
    lines = [line.strip() for line in output.splitlines() if line.strip() and not line.strip().startswith(".")]
    if len(lines) != len(ordered):
        raise ValueError("an instruction is not known to llvm-mc")
    return dict(zip(ordered, map(as_branch, lines)))


def as_branch(line: str) -> str:
    name, *operands = line.split("\t", 1)
    return "\t".join([BRANCHES.get(name, name), *operands])
