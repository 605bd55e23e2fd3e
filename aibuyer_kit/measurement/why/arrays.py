"""Arithmetic of arrays in which not everything is known."""

import numpy as np

from aibuyer_kit.features.windows import Floats


def divided(top: Floats, bottom: Floats) -> Floats:
    """Return `top / bottom`, of one shape; NaN where that would divide by zero."""
    found: Floats = np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom != 0)
    return found
