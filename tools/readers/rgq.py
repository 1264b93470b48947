#!/usr/bin/env python3
"""Read RGQ model files: an independent reader, written from formats/rgq.md, that needs only NumPy
(and xxh3.py beside it).

    rgq.py FILE                           the header, every tensor, the metadata
    rgq.py FILE --verify                  the same after checking every tensor (0.2 GB/s or so)
    rgq.py FILE --tensor NAME -o OUT.npy  a tensor as a float32 array
    rgq.py FILE --metadata KEY -o OUT     a value of the metadata as it is: `tokenizer` gives tokenizer.model

From Python: `file = RGQFile(path)`, then `file.tensors[name]`, `file.decode(name)`, `file.metadata[key]`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import struct
import sys

import numpy as np

from xxh3 import xxh3_64

HEADER_BYTES = 128
ENTRY_BYTES = 128
PAGE_BYTES = 4096
LARGEST_METADATA = 64 << 20
LARGEST_PACKED_METADATA = LARGEST_METADATA + LARGEST_METADATA // 255 + 16
LARGEST_TEXTS = {"configuration": 1 << 16, "sampling": 1 << 16, "chat_template": 1 << 20, "provenance": 1 << 20}
LARGEST_ENTRY_COUNT = 1024
LARGEST_DIMENSION = 1 << 24
LARGEST_STACK = 1 << 12

TILE_ROWS = 16
TILE_COLUMNS = 64
BLOCK = 32
SCALE_BYTES = 2 * TILE_ROWS * TILE_COLUMNS // BLOCK

TYPES = ("f32", "f16", "q8", "q4")
TILE_BYTES = {"f32": 4096, "f16": 2048, "q8": 1088, "q4": 576}


class RGQError(ValueError):
    """What keeps a file from being read, in a sentence."""


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An entry of the tensor table."""

    name: str
    type: str
    tiled: bool
    shape: tuple[int, ...]
    offset: int
    byte_count: int
    checksum: int


class RGQFile:
    """A model file, mapped. Opening checks everything but the tensors' bytes; see `verify`."""

    def __init__(self, path: str):
        self.path = path
        try:
            size = os.stat(path).st_size
            self.data = np.memmap(path, np.uint8, "r") if size else np.zeros(0, np.uint8)
        except (OSError, ValueError) as error:
            raise RGQError(f"{path}: {error}") from error
        try:
            self.header = read_header(self.data[:HEADER_BYTES].tobytes(), size)
            table = self._section("table")
            block = self._section("metadata")
            entries = read_table(table, self.header["first_tensor"], size)
            self.tensors: dict[str, Tensor] = {tensor.name: tensor for tensor in entries}
            self.metadata = read_metadata(lz4_decompress(block, self.header["metadata_unpacked"]))
        except RGQError as error:
            raise RGQError(f"{path}: {error}") from error

    def _section(self, name: str) -> bytes:
        start = self.header[name + "_offset"]
        section = self.data[start : start + self.header[name + "_bytes"]]
        if xxh3_64(section) != self.header[name + "_checksum"]:
            raise RGQError(f"the {name} is damaged")
        return section.tobytes()

    def raw(self, name: str) -> np.ndarray:
        """The bytes of a tensor as they lie in the file."""
        if name not in self.tensors:
            raise RGQError(f"{self.path}: no tensor is named {name}")
        tensor = self.tensors[name]
        return self.data[tensor.offset : tensor.offset + tensor.byte_count]

    def decode(self, name: str) -> np.ndarray:
        """A tensor as a float32 array of its shape."""
        data = self.raw(name)
        tensor = self.tensors[name]
        if not tensor.tiled:
            return data.view("<f4").reshape(tensor.shape).astype(np.float32)
        count, rows, columns = (1, *tensor.shape) if len(tensor.shape) == 2 else tensor.shape
        tile_rows, tile_columns = tiles_for(rows, columns)
        matrices = np.empty((count, rows, columns), np.float32)
        # One row of tiles at a time, so that memory beyond the result stays small.
        tile_row_data = data.reshape(count, tile_rows, tile_columns, TILE_BYTES[tensor.type])
        for matrix in range(count):
            for index in range(tile_rows):
                tiles = DECODERS[tensor.type](tile_row_data[matrix, index])
                strip = tiles.transpose(1, 0, 2).reshape(TILE_ROWS, tile_columns * TILE_COLUMNS)
                first = index * TILE_ROWS
                matrices[matrix, first : first + TILE_ROWS] = strip[: rows - first, :columns]
        return matrices.reshape(tensor.shape)

    def verify(self) -> None:
        """Check every tensor's checksum, that its numbers are finite, and that the padding between sections is zero."""
        end = self.header["metadata_offset"] + self.header["metadata_bytes"]
        for name, tensor in self.tensors.items():
            if self.data[end : tensor.offset].any():
                raise RGQError(f"{self.path}: the padding before tensor {name} is not zero")
            if xxh3_64(self.raw(name)) != tensor.checksum:
                raise RGQError(f"{self.path}: tensor {name} is damaged")
            if not np.isfinite(stored_floats(tensor, self.raw(name))).all():
                raise RGQError(f"{self.path}: tensor {name} has numbers that are not finite")
            end = tensor.offset + tensor.byte_count


# Header, tensor table and metadata -------------------------------------------------------------------------------------


def read_header(header: bytes, file_size: int) -> dict[str, int]:
    """Check the header of a file of `file_size` bytes in the document's order; return its fields."""
    if not header.startswith(b"RGQ1"):
        raise RGQError("it is not an RGQ file")
    if len(header) < HEADER_BYTES:
        raise RGQError(f"it has only {file_size} bytes")
    (version,) = struct.unpack_from("<I", header, 4)
    if version != 1:
        raise RGQError(f"it is RGQ version {version}, and this reader knows version 1")
    fields = (
        "file_size table_offset table_bytes table_checksum metadata_offset metadata_bytes metadata_unpacked "
        "metadata_checksum first_tensor tensor_bytes"
    ).split()
    values = dict(zip(fields, struct.unpack_from("<10Q", header, 8)))
    count, flags, reserved, checksum = struct.unpack_from("<II24sQ", header, 88)
    if checksum != xxh3_64(header[:120]):
        raise RGQError("the header is damaged")
    if values["file_size"] != file_size:
        raise RGQError(f"it has {file_size} bytes, and its header says {values['file_size']}")
    table_end = HEADER_BYTES + count * ENTRY_BYTES
    metadata_end = table_end + values["metadata_bytes"]
    rules = (
        1 <= count <= 65536,
        values["table_offset"] == HEADER_BYTES,
        values["table_bytes"] == count * ENTRY_BYTES,
        values["metadata_offset"] == table_end,
        values["metadata_bytes"] <= LARGEST_PACKED_METADATA,
        values["metadata_unpacked"] <= LARGEST_METADATA,
        values["first_tensor"] == next_page(metadata_end) <= file_size,
        values["tensor_bytes"] == file_size - values["first_tensor"],
        flags == 0,
        not any(reserved),
    )
    if not all(rules):
        raise RGQError("the header breaks a rule of the format")
    return {"version": version, "tensors": count, **values}


def read_table(table: bytes, first_offset: int, file_size: int) -> list[Tensor]:
    """The entries of the tensor table; they must fill the file to its end."""
    tensors: list[Tensor] = []
    names: set[str] = set()
    end = first_offset
    for start in range(0, len(table), ENTRY_BYTES):
        name_field, type_number, layout, count, *dimensions, offset, size, checksum, reserved = struct.unpack_from(
            "<72sIIIIIIQQQQ", table, start
        )
        name = read_name(name_field.rstrip(b"\0"))
        if not (len(name) < 72 and type_number < len(TYPES) and layout <= 1 and 1 <= count <= 3 and reserved == 0):
            raise RGQError(f"the table entry of {name} breaks a rule of the format")
        if any(dimensions[count:]) or name in names:
            raise RGQError(f"the table entry of {name} breaks a rule of the format")
        tensor = Tensor(name, TYPES[type_number], layout == 1, tuple(dimensions[:count]), offset, size, checksum)
        if size != byte_count(tensor) or offset != next_page(end) or offset + size > file_size:
            raise RGQError(f"tensor {name} has the wrong size or lies in the wrong place")
        tensors.append(tensor)
        names.add(name)
        end = offset + size
    if end != file_size:
        raise RGQError("there are bytes after the last tensor")
    return tensors


def read_name(name: bytes) -> str:
    """A tensor's name or a metadata key: printable ASCII without the space."""
    if not name or not all(0x21 <= byte <= 0x7E for byte in name):
        raise RGQError("a name is not printable ASCII")
    return name.decode("ascii")


def byte_count(tensor: Tensor) -> int:
    """The bytes that a tensor's shape, type and layout ask for."""
    largest = [LARGEST_DIMENSION] * len(tensor.shape)
    if tensor.tiled and len(largest) == 3:
        largest[0] = LARGEST_STACK
    if not all(1 <= size <= limit for size, limit in zip(tensor.shape, largest)):
        raise RGQError(f"tensor {tensor.name} has dimensions {tensor.shape}")
    if not tensor.tiled:
        if tensor.type != "f32":
            raise RGQError(f"tensor {tensor.name} is plain, but {tensor.type}")
        return 4 * math.prod(tensor.shape)
    if len(tensor.shape) == 1:
        raise RGQError(f"tensor {tensor.name} is tiled, but no matrix")
    *stack, rows, columns = tensor.shape
    return math.prod(stack) * math.prod(tiles_for(rows, columns)) * TILE_BYTES[tensor.type]


def tiles_for(rows: int, columns: int) -> tuple[int, int]:
    """Tiles down and across a matrix."""
    return -(-rows // TILE_ROWS), -(-columns // TILE_COLUMNS)


def next_page(offset: int) -> int:
    """The first multiple of the page at or after an offset."""
    return -(-offset // PAGE_BYTES) * PAGE_BYTES


def read_metadata(data: bytes) -> dict[str, bytes]:
    """The entries of the unpacked metadata."""
    position = 0

    def take(size: int) -> bytes:
        nonlocal position
        if size > len(data) - position:
            raise RGQError("the metadata ends too soon")
        position += size
        return data[position - size : position]

    count = int.from_bytes(take(4), "little")
    if count > LARGEST_ENTRY_COUNT:
        raise RGQError(f"the metadata has {count} entries")
    entries: dict[str, bytes] = {}
    for _ in range(count):
        key = read_name(take(int.from_bytes(take(4), "little")))
        if key in entries:
            raise RGQError(f"the metadata has {key} twice")
        entries[key] = take(int.from_bytes(take(8), "little"))
        if len(entries[key]) > LARGEST_TEXTS.get(key, LARGEST_METADATA):
            raise RGQError(f"the metadata's {key} has {len(entries[key])} bytes, more than {LARGEST_TEXTS[key]}")
    if position != len(data):
        raise RGQError("there are bytes after the last metadata entry")
    for key in ("configuration", "tokenizer"):
        if key not in entries:
            raise RGQError(f"the metadata has no {key}")
    return entries


# Tiles: [tiles, bytes] -> float32 [tiles, 16 rows, 64 columns] --------------------------------------------------------


def stored_floats(tensor: Tensor, data: np.ndarray) -> np.ndarray:
    """The numbers of a tensor that are stored as floats: all weights of f32 and f16, the scales of q8 and q4."""
    if tensor.type in ("f32", "f16"):
        return data.view("<f4" if tensor.type == "f32" else "<f2")
    return data.reshape(-1, TILE_BYTES[tensor.type])[:, :SCALE_BYTES].copy().view("<f2")


def decode_floats(tiles: np.ndarray, element: str) -> np.ndarray:
    """f32 and f16: number 16·c + r is the weight of row r and column c."""
    numbers = tiles.view(element).reshape(-1, TILE_COLUMNS, TILE_ROWS)
    return numbers.transpose(0, 2, 1).astype(np.float32)


def decode_scales(tiles: np.ndarray) -> np.ndarray:
    """The scale of every weight: f16 number 16·b + r is that of row r in block b. [tiles, 16, 64]"""
    scales = tiles[:, :SCALE_BYTES].copy().view("<f2").reshape(-1, TILE_COLUMNS // BLOCK, TILE_ROWS)
    return np.repeat(scales.transpose(0, 2, 1).astype(np.float32), BLOCK, axis=2)


def decode_q8(tiles: np.ndarray) -> np.ndarray:
    """Signed bytes; byte 64·⌊c/4⌋ + 4·r + (c mod 4) is the code of row r and column c."""
    codes = tiles[:, SCALE_BYTES:].view(np.int8).reshape(-1, TILE_COLUMNS // 4, TILE_ROWS, 4)
    codes = codes.transpose(0, 2, 1, 3).reshape(-1, TILE_ROWS, TILE_COLUMNS)
    return decode_scales(tiles) * codes


def decode_q4(tiles: np.ndarray) -> np.ndarray:
    """Nibbles; the low ones are block 0, the high ones block 1, each laid out as q8's codes; 8 means 0."""
    pairs = tiles[:, SCALE_BYTES:].reshape(-1, BLOCK // 4, TILE_ROWS, 4)
    pairs = pairs.transpose(0, 2, 1, 3).reshape(-1, TILE_ROWS, BLOCK)
    codes = np.concatenate((pairs & 15, pairs >> 4), axis=2).astype(np.int8) - 8
    return decode_scales(tiles) * codes


DECODERS = {
    "f32": lambda tiles: decode_floats(tiles, "<f4"),
    "f16": lambda tiles: decode_floats(tiles, "<f2"),
    "q8": decode_q8,
    "q4": decode_q4,
}


# LZ4 blocks: https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md ----------------------------------------------


def lz4_decompress(block: bytes, size: int) -> bytes:
    """Unpack an LZ4 block, which must give exactly `size` bytes."""
    out = bytearray()
    position = 0

    def length(nibble: int) -> int:
        """A length that goes on in further bytes while they are 255, if its nibble is 15."""
        nonlocal position
        total = nibble
        more = nibble == 15
        while more:
            total += block[position]
            more = block[position] == 255
            position += 1
        return total

    try:
        while True:
            token = block[position]
            position += 1
            literals = length(token >> 4)
            if literals > len(block) - position or len(out) + literals > size:
                raise RGQError("the metadata's LZ4 block is damaged")
            out += block[position : position + literals]
            position += literals
            if position == len(block):  # The last sequence has no match.
                break
            distance = block[position] | block[position + 1] << 8
            position += 2
            match = length(token & 15) + 4
            if not 1 <= distance <= len(out) or len(out) + match > size:
                raise RGQError("the metadata's LZ4 block is damaged")
            # A match may reach into the bytes that it makes: then they repeat.
            source = out[-distance:][:match]
            out += (source * -(-match // len(source)))[:match]
    except IndexError:
        raise RGQError("the metadata's LZ4 block is damaged") from None
    if len(out) != size:
        raise RGQError(f"the metadata unpacks to {len(out)} bytes, not {size}")
    return bytes(out)


# Command line ----------------------------------------------------------------------------------------------------------


def describe(file: RGQFile) -> None:
    """Print what a file holds."""
    for key, value in file.header.items():
        print(f"{key:18}  {value:016x}" if key.endswith("checksum") else f"{key:18}  {value}")
    print()
    width = max(len(name) for name in file.tensors)
    for tensor in file.tensors.values():
        shape = " × ".join(str(size) for size in tensor.shape)
        layout = "tiled" if tensor.tiled else "plain"
        print(f"{tensor.name:{width}}  {tensor.type:3}  {layout}  {shape:20}  {tensor.byte_count:>11} bytes at {tensor.offset}")
    print()
    for key, value in file.metadata.items():
        if key == "tokenizer":
            print(f"{key}: {len(value)} bytes")
        else:
            text = value.decode("utf-8", "replace")
            print(f"{key}: {json.dumps(text, ensure_ascii=False) if key == 'chat_template' else text}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Read RGQ model files (formats/rgq.md).")
    parser.add_argument("file")
    parser.add_argument("--verify", action="store_true", help="check every tensor's checksum and that its numbers are finite")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--tensor", metavar="NAME", help="write a tensor as a float32 .npy file")
    what.add_argument("--metadata", metavar="KEY", help="write a value of the metadata")
    parser.add_argument("-o", "--output", metavar="OUT", help="where to write it")
    arguments = parser.parse_args()
    if bool(arguments.output) != bool(arguments.tensor or arguments.metadata):
        parser.error("--tensor and --metadata need -o OUT, and only they do")

    try:
        file = RGQFile(arguments.file)
        if arguments.verify:
            file.verify()
        if arguments.tensor:
            array = file.decode(arguments.tensor)
            with open(arguments.output, "wb") as output:
                np.save(output, array)
        elif arguments.metadata:
            if arguments.metadata not in file.metadata:
                raise RGQError(f"{file.path}: the metadata has no {arguments.metadata}")
            with open(arguments.output, "wb") as output:
                output.write(file.metadata[arguments.metadata])
        else:
            describe(file)
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the list has seen enough; without this, Python complains when it closes its output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (RGQError, OSError) as error:
        sys.exit(f"rgq.py: {error}")


if __name__ == "__main__":
    main()
