"""Functions that numba compiles, once a machine: the compiled code is kept beside the source or in the user's cache."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Return a function as machine code that lets other threads run meanwhile and gives each float as written.

    Nothing is reordered, fused or approximated. Division by zero gives infinity or NaN.
    """
    kind = {"nogil": True, "error_model": "numpy", "fastmath": False, "boundscheck": False}
    try:
        made: Function = numba.njit(cache=True, **kind)(function)
    except RuntimeError:  # neither the package's folder nor a cache of the user can be written
        made = numba.njit(**kind)(function)
    return made
