"""Numbers on one grid, so that they add up bit for bit, in whatever order they are added."""

import math

import numpy as np

from aibuyer_kit.features.windows import Floats

# Sums of numbers on the grid stay below 2 to this power of its steps, and are floats without rounding.
_BITS = 52


def on_grid(before: float, after: float, parts: Floats) -> tuple[float, float, Floats]:
    """Return both values and the parts as whole multiples of one power of two, the parts adding up to the change.

    What rounding leaves over goes to the largest part. The step is at most 5e-16 of the sizes of all of them together.

    >>> before, after, parts = on_grid(0.1, 0.7, np.array([0.2, 0.4]))
    >>> bool(before + parts[0] + parts[1] == after == before + (parts[1] + parts[0]))
    True
    """
    whole = abs(before) + abs(after) + float(np.abs(parts).sum())
    if not whole:
        return 0.0, 0.0, np.zeros_like(parts)
    step = math.ldexp(1.0, math.frexp(whole)[1] - _BITS)
    steps = np.rint(parts / step)
    first, last = round(before / step), round(after / step)
    if parts.size:
        largest = np.unravel_index(np.argmax(np.abs(steps)), steps.shape)
        steps[largest] += last - first - math.fsum(steps.ravel())
    return first * step, last * step, steps * step
