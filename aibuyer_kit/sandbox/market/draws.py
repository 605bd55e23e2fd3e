"""Random draws by name: each is a hash of the seed and of what it is for, so that no draw depends on another."""

import hashlib
import math


def uniform(seed: int, *names: str) -> float:
    """Return the draw in [0, 1) that belongs to `names` under `seed`.

    >>> uniform(7, "a") == uniform(7, "a"), uniform(7, "a") == uniform(7, "b")
    (True, False)
    """
    text = "\x1f".join((str(seed), *names))
    # 53 bits are what a float holds: the draw stays below 1.
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 11) / 2**53


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
