"""Loops of a call: what repeats is computed once and multiplied, so that millions of instructions are modelled in a second.

A sequence of blocks is shortened to one where repetitions after the second of the same stretch are a number beside it. The first
two stay, so that a loop's beginning and end are in the sequence with what stands around it. A shortened loop can be part of a
larger one, which is shortened in its turn.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

# Instructions of the shortest stretch: enough that how two of them overlap is a small part of it.
SHORTEST = 500
# Repetitions that stay.
KEPT = 2
# Later executions of the same block that are tried as the next repetition.
TRIED = 20


@dataclass(frozen=True)
class Repeated:
    """Further repetitions of the stretch that stands before it."""

    stretch: tuple
    times: int


Item = int | Repeated


def shortened(order: Sequence[int], instructions: Callable[[int], int]) -> tuple[Item, ...]:
    """``order`` with its loops as ``Repeated``; ``instructions`` says how many a block has."""
    items: tuple[Item, ...] = tuple(order)
    total = sum(map(instructions, order))
    longest = 2 * SHORTEST
    # Inner loops first: they are in the outer ones.
    while longest < total:
        items = Stretches(items, instructions).shortened(longest)
        longest *= 2
    return items


class Stretches:
    """The repeated stretches among some items."""

    def __init__(self, items: tuple[Item, ...], instructions: Callable[[int], int]) -> None:
        self.items = items
        numbers: dict[Item, int] = {}
        # Items as numbers, which are faster to compare.
        self.names = [numbers.setdefault(item, len(numbers)) for item in items]
        sizes = (instructions(item) if isinstance(item, int) else 0 for item in items)
        # Instructions before each item.
        self.before = [0, *accumulate(sizes)]
        self.places: list[list[int]] = [[] for _ in numbers]
        for place, name in enumerate(self.names):
            self.places[name].append(place)

    def shortened(self, longest: int) -> tuple[Item, ...]:
        """The items with those loops as ``Repeated`` whose stretches have up to ``longest`` instructions."""
        result: list[Item] = []
        place = 0
        while place < len(self.items):
            length, times = self._loop(place, longest)
            stretch = self.items[place:place + length]
            result += stretch * min(times, KEPT)
            if times > KEPT:
                result.append(Repeated(stretch, times - KEPT))
            place += length * times
        return tuple(result)

    def _loop(self, place: int, longest: int) -> tuple[int, int]:
        """Items of the loop that begins at a place, and how often it stands there; one item, once, if there is none."""
        places = self.places[self.names[place]]
        first = bisect_left(places, bisect_left(self.before, self.before[place] + SHORTEST))
        for end in places[first:first + TRIED]:
            if self.before[end] - self.before[place] > longest:
                break
            times = self._repetitions(place, end - place)
            if times > KEPT + 1:
                return end - place, times
        return 1, 1

    def _repetitions(self, place: int, length: int) -> int:
        stretch = self.names[place:place + length]
        times = 1
        while self.names[place + times * length:place + (times + 1) * length] == stretch:
            times += 1
        return times
