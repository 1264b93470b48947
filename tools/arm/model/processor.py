"""Processors as llvm-mca models them: the cycles of a call of a kernel, if all it reads is in the first cache."""

import functools
import re
import subprocess
from dataclasses import dataclass

from .call import Call
from .loops import Item, Repeated


@dataclass(frozen=True)
class Cost:
    """Cycles, and the cycles for which the busiest unit works: what no order of the instructions goes below."""

    cycles: float
    bound: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.cycles + other.cycles, self.bound + other.bound)

    def __mul__(self, times: float) -> "Cost":
        return Cost(self.cycles * times, self.bound * times)


@dataclass(frozen=True)
class Processor:
    """A processor's name, and how llvm-mca is told to model it."""

    name: str
    options: tuple[str, ...]

    def cost(self, call: Call) -> Cost:
        @functools.cache
        def steady(stretch: tuple[Item, ...]) -> Cost:
            """Of one more repetition."""
            few, many = (self._run(call, stretch, iterations) for iterations in (2, 6))
            return Cost((many.cycles - few.cycles) / 4, many.bound) + repeated(stretch)

        def repeated(items: tuple[Item, ...]) -> Cost:
            parts = (steady(item.stretch) * item.times for item in items if isinstance(item, Repeated))
            return sum(parts, Cost(0, 0))

        return self._run(call, call.loops, 1) + repeated(call.loops)

    def _run(self, call: Call, items: tuple[Item, ...], iterations: int) -> Cost:
        """Of the blocks among the items; the bound is that of one iteration."""
        text = "\n".join(line for item in items if isinstance(item, int) for line in call.blocks[item])
        options = [f"-iterations={iterations}", "-instruction-info=0", "-resource-pressure=0"]
        command = ["llvm-mca-19", "-mtriple=aarch64", "-mattr=+all", *self.options, *options]
        output = subprocess.run(command, input=text + "\n", check=True, capture_output=True, text=True).stdout
        cycles, bound = (re.search(rf"^{name}: +([\d.]+)$", output, re.MULTILINE)[1]
                         for name in ("Total Cycles", "Block RThroughput"))
        return Cost(float(cycles), float(bound))
