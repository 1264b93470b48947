#!/usr/bin/env python3
"""Compares the logits and greedy tokens of `rg-edge` on emulated ARM boards with those on this machine.

    compare-outputs.py FIXTURES BINARIES EMULATOR BOARD=ARGUMENTS...

FIXTURES    the checkpoints with reference outputs (Tests/Fixtures/oracle)
BINARIES    this machine's rg-quant and rg-edge, which make the model files and what is compared with
EMULATOR    a command that runs ARM's rg-edge when a board's arguments stand in the place of {}

Prints a line for each board, checkpoint and type of weights; exits with 1 if one fails.
"""

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

TYPES = ["f32", "q8", "q4"]
STEPS = 12
TOLERANCE = 1e-3


def logits(command: list[str], model: Path, tokens: list[int], last: bool = False) -> np.ndarray:
    """What `rg-edge logits` writes: [tokens, vocabulary], or [1, vocabulary] of the last one."""
    output = model.with_suffix(".npy")
    options = ["--tokens", ",".join(map(str, tokens)), "-o", str(output)] + (["--last"] if last else [])
    subprocess.run([*command, "logits", "-m", str(model), *options], check=True)
    return np.load(output)


def continued(command: list[str], model: Path, tokens: list[int]) -> list[int]:
    """The tokens and STEPS more, each the likeliest one."""
    tokens = list(tokens)
    for _ in range(STEPS):
        tokens.append(int(np.argmax(logits(command, model, tokens, last=True)[0])))
    return tokens


def reference(binaries: Path) -> list[str]:
    """rg-edge on an x86-64 with AVX2: this machine, or an emulated one.

    From AVX2 on kernels multiply and add with one rounding, as ARM's do. With two, some activation gets another code sooner or
    later, and logits of q8 and q4 move by 3e-2 of the largest (QuantizationLossTests).
    """
    program = str(binaries / "rg-edge")
    sets = subprocess.run([program, "info", "--cpu"], check=True, capture_output=True, text=True).stdout
    return [program] if re.search(r"^avx2 +yes", sets, re.MULTILINE) else ["qemu-x86_64", "-cpu", "max", program]


class Case:
    """A model file and, for each of its prompts, the tokens with their continuation and the logits on this machine."""

    def __init__(self, checkpoint: Path, weights: str, binaries: Path, folder: Path) -> None:
        self.name = f"{checkpoint.name} {weights}"
        self.model = folder / f"{checkpoint.name}-{weights}.rgq"
        convert = [str(binaries / "rg-quant"), "convert", str(checkpoint), "-o", str(self.model), "--type", weights, "--quiet"]
        subprocess.run(convert, check=True, stdout=subprocess.DEVNULL)
        here = reference(binaries)
        prompts = sorted(checkpoint.glob("expected/tokens_*.npy"), key=lambda path: int(path.stem.split("_")[1]))
        self.prompts = []
        for path in prompts:
            prompt = np.load(path).reshape(-1).tolist()
            tokens = continued(here, self.model, prompt)
            self.prompts.append((len(prompt), tokens, logits(here, self.model, tokens)))

    def compare(self, command: list[str]) -> tuple[bool, str]:
        """Whether a board gives the same, and a sentence that says how near it comes."""
        largest, wrong = 0.0, 0
        for length, tokens, expected in self.prompts:
            actual = logits(command, self.model, tokens)
            largest = max(largest, float(np.abs(actual - expected).max() / np.abs(expected).max()))
            # If each likeliest token after the prompt is the one that followed here, so is the whole continuation.
            wrong += int(np.count_nonzero(actual[length - 1 : -1].argmax(axis=1) != np.array(tokens[length:])))
        steps = STEPS * len(self.prompts)
        passed = wrong == 0 and largest <= TOLERANCE
        return passed, f"{steps - wrong} of {steps} tokens the same, logits within {largest:.1e} of the largest"


def main() -> int:
    fixtures, binaries, emulator, *boards = sys.argv[1:]
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = [path for path in sorted(Path(fixtures).iterdir()) if (path / "expected").is_dir()]
        cases = [Case(path, weights, Path(binaries), Path(folder)) for path in checkpoints for weights in TYPES]
        if not cases:
            sys.exit(f"{fixtures}: no checkpoints with expected outputs; run this in the repository")
        for board in boards:
            name, arguments = board.split("=", 1)
            for case in cases:
                passed, sentence = case.compare(shlex.split(emulator.replace("{}", arguments)))
                print(f"{'ok    ' if passed else 'FAILED'} {name}: {case.name}: {sentence}", flush=True)
                failed |= not passed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
