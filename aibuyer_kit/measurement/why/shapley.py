"""Splitting the change of a product among its factors, whatever their order."""

from functools import cache

import numpy as np

from aibuyer_kit.features.windows import Floats


def factor_yields(before: Floats, after: Floats) -> Floats:
    """Return by factor and object what one unit of the factor's change is worth; both arrays are (factors, objects).

    Times the change of the factor this is its Shapley value: the mean, over all orders in which factors could have
    changed one after another, of what its own change did. By Owen (1972, "Multilinear extensions of games",
    Management Science 18) that is an integral along the straight way from one period to the other; the integrand is a
    polynomial, for which Gauss-Legendre quadrature is exact.

    >>> two = factor_yields(np.array([[2.0], [10.0]]), np.array([[3.0], [20.0]]))
    >>> (two * np.array([[1.0], [10.0]])).ravel().tolist()
    [15.0, 25.0]
    """
    count = before.shape[0]
    found = np.zeros_like(before)
    if not count:
        return found
    for node, weight in _quadrature((count + 1) // 2):
        at = before + node * (after - before)
        found += weight * _product_of_others(at)
    return found


@cache
def _quadrature(count: int) -> tuple[tuple[float, float], ...]:
    """Return nodes and weights between 0 and 1 that are exact for polynomials of a degree below twice `count`."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return tuple(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


def _product_of_others(values: Floats) -> Floats:
    ones = np.ones((1, values.shape[1]))
    ahead = np.cumprod(np.concatenate([ones, values[:-1]]), axis=0)
    behind = np.cumprod(np.concatenate([ones, values[:0:-1]]), axis=0)[::-1]
    return ahead * behind
