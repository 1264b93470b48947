#!/usr/bin/env python3
"""Read RGS session files: an independent reader, written from formats/rgs.md, that needs only NumPy
(and rgq.py and xxh3.py beside it).

    rgs.py FILE             the header and the size of every part
    rgs.py FILE -o OUT.npz  every part as an array

From Python: `session = RGSFile(path)`, then `session.header`, `session.parts[name]`.
"""

from __future__ import annotations

import argparse
import struct
import sys

import numpy as np

from rgq import RGQError, lz4_decompress
from xxh3 import MASK, PRIME_MX2, SECRET, rotate_left, xxh3_64

HEADER_BYTES = 128
PIECE_BYTES = 1 << 20
TOKENS_KEPT = 4096
CONVOLUTION_INPUTS = 3
FIELDS = (
    "version size content_checksum fingerprint position token_hash flags element_bytes recurrent_layers recurrent_width "
    "attention_layers head_width window vocabulary"
).split()


class RGSError(ValueError):
    """What keeps a file from being read, in a sentence."""


class RGSFile:
    """A saved session. Opening reads and checks all of it, except for what only its model can tell."""

    def __init__(self, path: str):
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise RGSError(f"{path}: {error}") from error
        try:
            self.header = read_header(data)
            self.parts = read_parts(data[HEADER_BYTES:], self.header)
        except (RGSError, RGQError) as error:
            raise RGSError(f"{path}: {error}") from error


def read_header(data: bytes) -> dict[str, int]:
    """The fields of the header of a file that consists of `data`."""
    if data[:4] != b"RGS1":
        raise RGSError("it is not a saved session")
    if len(data) < HEADER_BYTES:
        raise RGSError(f"it has only {len(data)} bytes")
    header = dict(zip(FIELDS, struct.unpack_from("<IQQQQQ8I", data, 4)))
    if header["version"] not in (1, 2, 3):
        raise RGSError(f"it is RGS version {header['version']}, and this reader knows versions 1 to 3")
    if struct.unpack_from("<Q", data, 120)[0] != xxh3_64(data[:120]):
        raise RGSError("the header is damaged")
    has_answer = header["version"] == 3
    if header["flags"] > (3 if has_answer else 1) or any(data[96 if has_answer else 80 : 120]) or header["position"] > 1 << 53:
        raise RGSError("the header breaks a rule of the format")
    header["constraint"], header["answer_tokens"] = struct.unpack_from("<QQ", data, 80)
    if header["answer_tokens"] > header["position"]:
        raise RGSError("the header breaks a rule of the format")
    if header["size"] != len(data):
        raise RGSError(f"it has {len(data)} bytes, and its header says {header['size']}")
    if header["content_checksum"] != xxh3_64(data[HEADER_BYTES:]):
        raise RGSError("it is damaged")
    return header


def read_parts(content: bytes, header: dict[str, int]) -> dict[str, np.ndarray]:
    """The parts in the document's order."""
    place = 0

    def segment(size: int) -> bytes:
        nonlocal place
        stored = int.from_bytes(content[place : place + 4], "little")
        block = content[place + 4 : place + 4 + stored]
        place += 4 + stored
        if len(block) != stored or stored > size:
            raise RGSError("a segment is too long")
        return block if stored == size else lz4_decompress(block, size)

    def part(element: str, *shape: int) -> np.ndarray:
        size = int(np.prod(shape)) * np.dtype(element).itemsize
        data = b"".join(segment(min(PIECE_BYTES, size - start)) for start in range(0, size, PIECE_BYTES))
        return np.frombuffer(data, element).reshape(shape)

    position, width = header["position"], header["recurrent_width"]
    slots = min(position, header["window"])
    element = {2: "<f2", 4: "<f4"}[header["element_bytes"]]
    parts = {"tokens": part("<u4", min(position, TOKENS_KEPT))}
    recurrent = part("<f4", header["recurrent_layers"], 1 + CONVOLUTION_INPUTS, width)
    parts["h"], parts["convolution_inputs"] = recurrent[:, 0], recurrent[:, 1:]
    for layer in range(header["attention_layers"]):
        for name in ("keys", "values"):
            parts[f"{name}_{layer}"] = part(element, slots, header["head_width"])
    if header["version"] == 2 or header["version"] == 3 and header["flags"] & 2:
        for layer in range(header["attention_layers"]):
            for name in ("key", "value"):
                parts[f"{name}_exponents_{layer}"] = part("i1", slots)
    parts["logits"] = part("<f4", header["vocabulary"] if position else 0)
    if place != len(content):
        raise RGSError("there are bytes after the last segment")
    for name, numbers in parts.items():
        if not np.isfinite(numbers).all() or numbers.dtype == np.int8 and (numbers < -126).any():
            raise RGSError(f"{name} has numbers that are not finite, or too small exponents")
    return parts


def token_hash(tokens: np.ndarray) -> int:
    """The hash of a sequence of tokens: XXH3 of each token's four bytes with the hash before it as the seed."""
    flip = int.from_bytes(SECRET[8:16], "little") ^ int.from_bytes(SECRET[16:24], "little")
    seed = 0
    for token in map(int, tokens):
        # "Inputs of 4 to 8 bytes" in the specification of XXH3.
        swapped = int.from_bytes((seed & 0xFFFFFFFF).to_bytes(4, "little"), "big")
        value = (token | token << 32) ^ (flip - (seed ^ swapped << 32)) & MASK
        value ^= rotate_left(value, 49) ^ rotate_left(value, 24)
        value = value * PRIME_MX2 & MASK
        value ^= (value >> 35) + 4
        value = value * PRIME_MX2 & MASK
        seed = value ^ value >> 28
    return seed


def main() -> None:
    parser = argparse.ArgumentParser(description="Read RGS session files (formats/rgs.md).")
    parser.add_argument("file")
    parser.add_argument("-o", "--output", metavar="OUT.npz", help="write every part as an array")
    arguments = parser.parse_args()
    try:
        session = RGSFile(arguments.file)
        if arguments.output:
            with open(arguments.output, "wb") as output:
                np.savez(output, **session.parts)
            return
    except (RGSError, OSError) as error:
        sys.exit(f"rgs.py: {error}")
    for key, value in session.header.items():
        is_hash = key in ("content_checksum", "fingerprint", "token_hash")
        print(f"{key:18}  {value:016x}" if is_hash else f"{key:18}  {value}")
    print()
    for name, part in session.parts.items():
        print(f"{name:18}  {str(part.dtype):8}  {' × '.join(map(str, part.shape))}")


if __name__ == "__main__":
    main()
