"""Random draws by name: each is a hash of the seed and of what it is for, so that no draw depends on another."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats


def uniform(seed: int, *names: str) -> float:
    """Return the draw in [0, 1) that belongs to `names` under `seed`.

    >>> uniform(7, "a") == uniform(7, "a"), uniform(7, "a") == uniform(7, "b")
    (True, False)
    """
    text = "\x1f".join((str(seed), *names))
    # 53 bits are what a float holds: the draw stays below 1.
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11) / 2**53


def uniforms(count: int, seed: int, names: Sequence[tuple[str, ...]]) -> Floats:
    """Return a row of `count` draws in [0, 1) for each of the names under `seed`.

    >>> (uniforms(2, 7, [("a",)]) == uniforms(3, 7, [("b",), ("a",)])[1, :2]).all()
    np.True_
    """
    texts = ("\x1f".join((str(seed), *each)) for each in names)
    digests = b"".join(hashlib.shake_256(text.encode()).digest(8 * count) for text in texts)
    return (np.frombuffer(digests, ">u8").reshape(-1, count) >> np.uint64(11)) / 2**53


def between(low: float, high: float, seed: int, *names: str) -> float:
    """Return a draw that is even between `low` and `high`."""
    return low + (high - low) * uniform(seed, *names)


def log_between(low: float, high: float, seed: int, *names: str) -> float:
    """Return a draw whose logarithm is even between those of `low` and `high`."""
    return math.exp(between(math.log(low), math.log(high), seed, *names))


def digits(count: int, seed: int, *names: str) -> str:
    """Return `count` decimal digits, the first of them not zero."""
    low = 10 ** (count - 1)
    return str(low + int(uniform(seed, *names) * 9 * low))
