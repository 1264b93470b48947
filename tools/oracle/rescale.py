#!/usr/bin/env python3
"""Checkpoints that compute the same as another one, with some numbers much larger or smaller on the way.

    rescale.py write SRC DIR --change KIND [--factor F] [--channel C]   a rescaled copy of the checkpoint in SRC
    rescale.py check SRC DIR                                            whether both give the same logits in float32
    rescale.py table SRC TEXT [--factors 10,30,100,1000] [--commands DIR]
                                                                        what quantizing such checkpoints costs

KIND, and what is multiplied by F; what reads it is divided by F:
    normed      a channel of each norm's output, which the matrices of a block read. The residual stream's own channels can't be
                changed alone, since the norms' root has them all; to the matrices it is the same.
    residual    the whole residual stream. (The norms' epsilon is not, so outputs agree less for F far below 1.)
    values      v_proj / o_proj
    keys        k_proj / q_proj; with a channel both numbers that are rotated together
    mlp         up_proj / down_proj: the hidden layer of the MLP
    recurrent   linear_x / gates and linear_out: the input of the convolution, its output, and the state h
--channel names one channel; without it, all are rescaled (normed: channel 7, which is any).

`write` and `check` need what reference.py needs. `table` converts by rg-quant, measures by rg-edge, prints the table of README.md
(TEXT is what `rg-edge perplexity` reads), and checks each checkpoint as `check` does.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file, save_file

KINDS = ("normed", "residual", "values", "keys", "mlp", "recurrent")
TYPES = ("f16", "q8", "q4")
# Logits of the reference in float32 differ by rounding: by up to 8e-6 of the largest on the checkpoints of the table.
TOLERANCE = 1e-4
ANY_CHANNEL = 7
# The rows of the table: a kind, and the channel or all.
CASES = [(kind, ANY_CHANNEL) for kind in KINDS if kind != "residual"] + [(kind, None) for kind in KINDS if kind != "normed"]

Tensors = dict[str, torch.Tensor]


def read(folder: str) -> tuple[dict, Tensors]:
    """The configuration and the weights of a checkpoint, in float32."""
    with open(os.path.join(folder, "config.json")) as file:
        config = json.load(file)
    tensors: Tensors = {}
    for path in sorted(glob.glob(os.path.join(folder, "*.safetensors"))):
        tensors |= {name: tensor.float() for name, tensor in load_file(path).items()}
    return config, tensors


def is_attention(config: dict, layer: int) -> bool:
    kinds = config.get("block_types") or config["_block_types"]
    return kinds[layer % len(kinds)] == "attention"


class Rescaling:
    """Multiplies what a kind names by a factor, in place, and divides what reads it."""

    def __init__(self, config: dict, tensors: Tensors, factor: float, channel: int | None):
        self.config = config
        self.tensors = tensors
        self.factor = factor
        self.channel = channel

    def apply(self, kind: str) -> None:
        if kind == "residual":
            self.residual_ends()
        for layer in range(self.config["num_hidden_layers"]):
            prefix = f"model.layers.{layer}."
            getattr(self, kind)(prefix, prefix + "temporal_block.", is_attention(self.config, layer))

    def rows(self, name: str, channels: list[int] | None = None, factor: float | None = None) -> None:
        """Outputs of a linear, or elements of a vector: those of some channels, or all."""
        self.tensors[name][slice(None) if channels is None else channels] *= factor or self.factor

    def columns(self, name: str, channels: list[int] | None = None) -> None:
        """Inputs of a linear, which get what is factor times as large."""
        self.tensors[name][:, slice(None) if channels is None else channels] /= self.factor

    def output(self, name: str, channels: list[int] | None = None) -> None:
        """A linear's outputs, with their bias if it has one."""
        for part in (".weight", ".bias"):
            if name + part in self.tensors:
                self.rows(name + part, channels)

    @property
    def chosen(self) -> list[int] | None:
        return None if self.channel is None else [self.channel]

    def norm(self, name: str, channel: int | slice, factor: float) -> None:
        weight = self.tensors[name]
        weight[channel] = (1 + weight[channel]) * factor - 1

    # Kinds: called with the prefixes of a layer and of its temporal block.

    def normed(self, prefix: str, block: str, attention: bool) -> None:
        channel = ANY_CHANNEL if self.channel is None else self.channel
        readers = ("q_proj", "k_proj", "v_proj") if attention else ("linear_x", "linear_y")
        self.norm(prefix + "temporal_pre_norm.weight", channel, self.factor)
        self.norm(prefix + "channel_pre_norm.weight", channel, self.factor)
        names = [block + name for name in readers] + [prefix + "mlp_block." + name for name in ("gate_proj", "up_proj")]
        for name in names:
            self.columns(name + ".weight", [channel])

    def residual_ends(self) -> None:
        self.rows("model.embed_tokens.weight")
        self.norm("model.final_norm.weight", slice(None), 1 / self.factor)

    def residual(self, prefix: str, block: str, attention: bool) -> None:
        self.output(block + ("o_proj" if attention else "linear_out"))
        self.output(prefix + "mlp_block.down_proj")

    def values(self, prefix: str, block: str, attention: bool) -> None:
        if not attention:
            return
        heads, width = self.config["num_attention_heads"], self.tensors[block + "v_proj.weight"].shape[0]
        self.output(block + "v_proj", self.chosen)
        read = None if self.channel is None else [head * width + self.channel for head in range(heads)]
        self.columns(block + "o_proj.weight", read)

    def keys(self, prefix: str, block: str, attention: bool) -> None:
        if not attention:
            return
        heads, width = self.config["num_attention_heads"], self.tensors[block + "k_proj.weight"].shape[0]
        channels = None
        if self.channel is not None:
            half = width // 4
            pair = {self.channel, (self.channel + half) % (2 * half)} if self.channel < 2 * half else {self.channel}
            channels = sorted(pair)
        self.output(block + "k_proj", channels)
        read = None if channels is None else [head * width + channel for head in range(heads) for channel in channels]
        self.rows(block + "q_proj.weight", read, 1 / self.factor)

    def mlp(self, prefix: str, block: str, attention: bool) -> None:
        self.output(prefix + "mlp_block.up_proj", self.chosen)
        self.columns(prefix + "mlp_block.down_proj.weight", self.chosen)

    def recurrent(self, prefix: str, block: str, attention: bool) -> None:
        if attention:
            return
        self.output(block + "linear_x", self.chosen)
        self.rows(block + "conv_1d.bias", self.chosen)
        self.columns(block + "linear_out.weight", self.chosen)
        for gate in ("input", "recurrent"):
            weight = self.tensors[f"{block}rg_lru.{gate}_gate_weight"]
            # [heads, inputs, outputs]
            inputs = weight.view(-1, weight.shape[2])
            inputs[slice(None) if self.channel is None else self.channel] /= self.factor


def write(source: str, folder: str, kind: str, factor: float, channel: int | None) -> None:
    """A rescaled checkpoint, in float32 and one file, with what else there is in the folder."""
    config, tensors = read(source)
    Rescaling(config, tensors, factor, channel).apply(kind)
    os.makedirs(folder, exist_ok=True)
    for path in glob.glob(os.path.join(source, "*")):
        if not path.endswith((".safetensors", ".safetensors.index.json")):
            shutil.copy(path, folder)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, os.path.join(folder, "model.safetensors"),
              metadata={"format": "pt"})


@torch.no_grad()
def reference_logits(folder: str, count: int = 150) -> np.ndarray:
    """The reference's logits on random tokens, past some windows."""
    from reference import load

    # Its report on the weights is not ours.
    stdout, sys.stdout = sys.stdout, open(os.devnull, "w")
    try:
        model = load(folder)
    finally:
        sys.stdout.close()
        sys.stdout = stdout
    tokens = np.concatenate([[2], np.random.default_rng(7).integers(4, model.config.vocab_size, count - 1)])
    return model(input_ids=torch.from_numpy(tokens)[None], use_cache=False).logits[0].numpy().astype(np.float64)


def difference(logits: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, in parts of the largest logit; infinite for what is no number."""
    worst = np.abs(logits - expected).max() / np.abs(expected).max()
    return worst if np.isfinite(worst) else np.inf


def check(source: str, folder: str) -> float:
    worst = difference(reference_logits(folder), reference_logits(source))
    if worst > TOLERANCE:
        sys.exit(f"rescale.py: {folder}: its logits differ from those of {source} by {worst:.2g} of the largest")
    return worst


def divergence(commands: str, model: str, original: str, text: str) -> str:
    """Mean KL divergence to the original's f32 file, nats per token; or what the command has against it."""
    run = subprocess.run([os.path.join(commands, "rg-edge"), "perplexity", "-m", model, "--kl", original, "--json", text],
                         capture_output=True, text=True)
    if run.returncode:
        return run.stderr.strip()
    return f"{json.loads(run.stdout)['kl_divergence']:.2g}"


def convert(commands: str, folder: str, output: str, kind: str) -> str | None:
    run = subprocess.run([os.path.join(commands, "rg-quant"), "convert", "-q", folder, "-o", output, "--type", kind],
                         capture_output=True, text=True)
    return run.stderr.strip() if run.returncode else None


def table(source: str, text: str, factors: list[float], commands: str) -> None:
    """Prints a row for each change, columns for each type and factor; to standard error how far the reference's logits move."""
    expected = reference_logits(source)
    with tempfile.TemporaryDirectory() as scratch:
        original, model, folder = (os.path.join(scratch, name) for name in ("original.rgq", "model.rgq", "rescaled"))
        if problem := convert(commands, source, original, "f32"):
            sys.exit(problem)

        def figures(folder: str) -> list[str]:
            return [convert(commands, folder, model, kind) or divergence(commands, model, original, text) for kind in TYPES]

        unchanged = ", ".join(f"`{kind}` {figure}" for kind, figure in zip(TYPES, figures(source)))
        print(f"Unchanged: {unchanged}.\n")
        headings = [f"`{kind}`: × {factor:g}" if factor == factors[0] else f"× {factor:g}" for kind in TYPES for factor in factors]
        print("| multiplied | " + " | ".join(headings) + " |")
        print("|---" * (1 + len(headings)) + "|")
        for kind, channel in CASES:
            name = kind if channel is None else f"{kind}, one channel"
            columns = []
            for factor in factors:
                write(source, folder, kind, factor, channel)
                worst = difference(reference_logits(folder), expected)
                print(f"{name}, × {factor:g}: the reference's logits differ by {worst:.0e} of the largest", file=sys.stderr)
                if worst > TOLERANCE:
                    sys.exit(f"rescale.py: that is more than rounding makes: {kind} changes the function")
                columns.append(figures(folder))
            cells = [column[index] for index in range(len(TYPES)) for column in columns]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    writer = commands.add_parser("write")
    writer.add_argument("source")
    writer.add_argument("folder")
    writer.add_argument("--change", choices=KINDS, required=True)
    writer.add_argument("--factor", type=float, default=100)
    writer.add_argument("--channel", type=int)
    checker = commands.add_parser("check")
    checker.add_argument("source")
    checker.add_argument("folder")
    figures = commands.add_parser("table")
    figures.add_argument("source")
    figures.add_argument("text")
    figures.add_argument("--factors", type=lambda text: [float(factor) for factor in text.split(",")], default=[10, 30, 100, 1000])
    figures.add_argument("--commands", default=".build/release", help="folder of rg-quant and rg-edge")
    arguments = parser.parse_args()
    if arguments.command == "write":
        write(arguments.source, arguments.folder, arguments.change, arguments.factor, arguments.channel)
    if arguments.command == "check":
        print(f"the same within {check(arguments.source, arguments.folder):.0e} of the largest logit")
    if arguments.command == "table":
        table(arguments.source, arguments.text, arguments.factors, arguments.commands)


if __name__ == "__main__":
    main()
