"""XXH3, the 64-bit hash with seed 0, in Python and NumPy.

Written from https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md. About 0.2 GB/s.
"""

from __future__ import annotations

import struct

import numpy as np

MASK = (1 << 64) - 1
PRIME32_1, PRIME32_2, PRIME32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
PRIME64_1, PRIME64_2, PRIME64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
PRIME64_4, PRIME64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
PRIME_MX1, PRIME_MX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e"
)
STRIPE = 64
STRIPES_PER_BLOCK = (len(SECRET) - STRIPE) // 8
BLOCK_BYTES = STRIPE * STRIPES_PER_BLOCK


def xxh3_64(data: bytes | np.ndarray) -> int:
    """The XXH3 hash of bytes, or of an array of them."""
    if len(data) > 240:
        return xxh3_large(np.frombuffer(data, np.uint8))
    data = bytes(data)
    return xxh3_medium(data) if len(data) > 16 else xxh3_small(data)


def words(data: bytes, offset: int, count: int = 2) -> tuple[int, ...]:
    return struct.unpack_from(f"<{count}Q", data, offset)


def avalanche(value: int) -> int:
    value = (value ^ value >> 37) * PRIME_MX1 & MASK
    return value ^ value >> 32


def avalanche_xxh64(value: int) -> int:
    value = (value ^ value >> 33) * PRIME64_2 & MASK
    value = (value ^ value >> 29) * PRIME64_3 & MASK
    return value ^ value >> 32


def rotate_left(value: int, bits: int) -> int:
    return (value << bits | value >> 64 - bits) & MASK


def fold_product(a: int, b: int) -> int:
    """The lower half of a product of 128 bits, exclusive-or its upper half."""
    product = a * b
    return product & MASK ^ product >> 64


def xxh3_small(data: bytes) -> int:
    """0 to 16 bytes."""
    size = len(data)
    if size == 0:
        first, second = words(SECRET, 56)
        return avalanche_xxh64(first ^ second)
    if size <= 3:
        first, second = struct.unpack_from("<2I", SECRET)
        return avalanche_xxh64(first ^ second ^ (data[-1] | size << 8 | data[0] << 16 | data[size >> 1] << 24))
    if size <= 8:
        first, second = words(SECRET, 8)
        value = first ^ second ^ (int.from_bytes(data[-4:], "little") | int.from_bytes(data[:4], "little") << 32)
        value = (value ^ rotate_left(value, 49) ^ rotate_left(value, 24)) * PRIME_MX2 & MASK
        value = (value ^ (value >> 35) + size) * PRIME_MX2 & MASK
        return value ^ value >> 28
    secret = words(SECRET, 24, 4)
    low = secret[0] ^ secret[1] ^ words(data, 0, 1)[0]
    high = secret[2] ^ secret[3] ^ words(data, size - 8, 1)[0]
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    return avalanche(size + swapped + high + fold_product(low, high) & MASK)


def xxh3_medium(data: bytes) -> int:
    """17 to 240 bytes."""
    size = len(data)

    def mix(offset: int, secret_offset: int) -> int:
        (a, b), (key_a, key_b) = words(data, offset), words(SECRET, secret_offset)
        return fold_product(a ^ key_a, b ^ key_b)

    total = size * PRIME64_1
    if size <= 128:
        for index in range((size - 1) // 32 + 1):
            total += mix(16 * index, 32 * index) + mix(size - 16 * index - 16, 32 * index + 16)
    else:
        total += sum(mix(16 * index, 16 * index) for index in range(8))
        total = avalanche(total & MASK)
        total += sum(mix(16 * index, 16 * (index - 8) + 3) for index in range(8, size // 16))
        total += mix(size - 16, 119)
    return avalanche(total & MASK)


def xxh3_large(data: np.ndarray) -> int:
    """More than 240 bytes. What a block adds to the accumulators doesn't depend on them, so NumPy adds up many at once."""
    secret = np.frombuffer(SECRET, np.uint8)

    def keys(offset: int, stripes: int) -> np.ndarray:
        """The eight secret words of each of some stripes, each eight bytes after the one before."""
        return np.stack([secret[start : start + STRIPE].view("<u8") for start in range(offset, offset + 8 * stripes, 8)])

    def sums(stripes: np.ndarray, key: np.ndarray) -> np.ndarray:
        """What stripes [blocks, stripes, 64 bytes] add to the accumulators: [blocks, 8]."""
        lanes = np.ascontiguousarray(stripes).view("<u8")
        keyed = lanes ^ key
        products = (keyed & np.uint64(0xFFFFFFFF)) * (keyed >> np.uint64(32))
        swapped = lanes.reshape(*lanes.shape[:2], 4, 2)[..., ::-1].reshape(lanes.shape)
        return (products + swapped).sum(axis=1, dtype=np.uint64)

    accumulators = np.array(
        [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1], np.uint64
    )
    scramble_key = secret[-STRIPE:].view("<u8")
    whole_blocks = (len(data) - 1) // BLOCK_BYTES
    at_once = 4096
    for first in range(0, whole_blocks, at_once):
        blocks = data[first * BLOCK_BYTES : min(first + at_once, whole_blocks) * BLOCK_BYTES]
        for block in sums(blocks.reshape(-1, STRIPES_PER_BLOCK, STRIPE), keys(0, STRIPES_PER_BLOCK)):
            accumulators += block
            accumulators ^= accumulators >> np.uint64(47)
            accumulators ^= scramble_key
            accumulators *= np.uint64(PRIME32_1)

    rest = data[whole_blocks * BLOCK_BYTES :]
    whole_stripes = (len(rest) - 1) // STRIPE
    if whole_stripes:
        accumulators += sums(rest[: whole_stripes * STRIPE].reshape(1, -1, STRIPE), keys(0, whole_stripes))[0]
    accumulators += sums(data[-STRIPE:].reshape(1, 1, STRIPE), keys(len(SECRET) - STRIPE - 7, 1))[0]

    values = [int(value) for value in accumulators]
    total = len(data) * PRIME64_1
    for index in range(0, 8, 2):
        key_a, key_b = words(SECRET, 11 + 8 * index)
        total += fold_product(values[index] ^ key_a, values[index + 1] ^ key_b)
    return avalanche(total & MASK)
