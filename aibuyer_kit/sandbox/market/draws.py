"""Random draws by name: each is a hash of the seed and of what it is for, so that no draw depends on another."""

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.sandbox.market.arrays import Bools, Floats, Ints

Streams = NDArray[np.uint64]


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


def streams(seed: int, names: Sequence[tuple[str, ...]]) -> Streams:
    """Return a stream of draws for each of the names under `seed`; `drawn` takes from them by number."""
    texts = ("\x1f".join((str(seed), *each)) for each in names)
    digests = b"".join(hashlib.sha256(text.encode()).digest()[:8] for text in texts)
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def drawn(of: Streams, number: "int | Ints") -> Floats:
    """Return the draws in (0, 1) that have a number in their streams; any of them at once, in any order.

    SplitMix64 as a function of its counter. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number
    generators" (2014).

    >>> some = streams(7, [("a",), ("b",)])
    >>> bool((drawn(some, 5)[1:] == drawn(some[1:], 5)).all())
    True
    """
    mixed = of + np.asarray(number, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Floats = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)) / 2**53 + 2**-54
    return found


def normal(uniforms_drawn: Floats) -> Floats:
    """Return draws of a standard normal distribution from even ones in (0, 1).

    Source of the rational approximation: P. J. Acklam, "An algorithm for computing the inverse normal cumulative
    distribution function"; its relative error is below 1.2e-9.

    >>> normal(np.asarray([0.5, 0.975])).round(4).tolist()
    [0.0, 1.96]
    """
    centre = uniforms_drawn - 0.5
    is_tail = np.abs(centre) > 0.47575
    squared = np.where(is_tail, 0.0, centre * centre)
    middle = centre * _polynomial(_MIDDLE_OVER, squared) / (_polynomial(_MIDDLE_UNDER, squared) * squared + 1)
    if not is_tail.any():
        return middle
    depth = np.sqrt(-2 * np.log(np.where(is_tail, 0.5 - np.abs(centre), 0.5)))
    tail = -_polynomial(_TAIL_OVER, depth) / (_polynomial(_TAIL_UNDER, depth) * depth + 1)
    return np.where(is_tail, np.sign(centre) * tail, middle)


_MIDDLE_OVER = (
    *(-39.69683028665376, 220.9460984245205, -275.9285104469687),
    *(138.357751867269, -30.66479806614716, 2.506628277459239),
)
_MIDDLE_UNDER = (-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572)
_TAIL_OVER = (
    *(-0.007784894002430293, -0.3223964580411365, -2.400758277161838),
    *(-2.549732539343734, 4.374664141464968, 2.938163982698783),
)
_TAIL_UNDER = (0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416)


def _polynomial(factors: tuple[float, ...], x: Floats) -> Floats:
    total = np.full_like(x, factors[0])
    for factor in factors[1:]:
        total = total * x + factor
    return total


_FEW = 30.0


def counts(expected: Floats, uniforms_drawn: Floats) -> Ints:
    """Return Poisson draws with the given means: the quantile that belongs to an even draw, so that none falls while
    its mean rises.

    Exact up to a mean of 30; above it, by the Cornish-Fisher expansion to the second order.

    >>> counts(np.asarray([0.0, 0.6, 1000.0]), np.asarray([0.9, 0.9, 0.5])).tolist()
    [0, 2, 1000]
    """
    found: Ints = np.zeros(expected.shape, np.int64)
    is_many = expected > _FEW
    few = np.flatnonzero((expected > 0) & ~is_many)
    if len(few):
        found.flat[few] = _few(expected.flat[few], uniforms_drawn.flat[few])
    many = np.flatnonzero(is_many)
    if len(many):
        mean, z = expected.flat[many], normal(uniforms_drawn.flat[many])
        quantile = mean + np.sqrt(mean) * z + (z * z - 1) / 6 + (z - z**3) / (72 * np.sqrt(mean))
        found.flat[many] = np.maximum(0, np.floor(quantile + 0.5)).astype(np.int64)
    return found


def _few(expected: Floats, uniforms_drawn: Floats) -> Ints:
    found: Ints = np.zeros(len(expected), np.int64)
    chance = np.exp(-expected)
    left: Floats = uniforms_drawn - chance
    going: Ints = np.flatnonzero(left >= 0)
    number = 0
    while len(going) and number < 200:
        number += 1
        found[going] = number
        chance[going] *= expected[going] / number
        left[going] -= chance[going]
        still: Bools = left[going] >= 0
        going = going[still]
    return found
