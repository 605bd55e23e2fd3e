"""The driver's own measure of each object in both periods: its CPM, its click-through rate, its share of the base."""

import numpy as np

from aibuyer_kit.core.money import MICROS_PER_UNIT
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.measurement.why.arrays import divided
from aibuyer_kit.measurement.why.chain import chain_of, driver_of
from aibuyer_kit.measurement.why.decompose import Decomposition

_PER_THOUSAND = 1_000
# Rates as metrics tell them, of what one unit (money: one micro) of the measure before brings.
_AS_METRIC = {
    "cpm": lambda rate: _PER_THOUSAND / MICROS_PER_UNIT / rate,
    "value_per_result": lambda rate: rate / MICROS_PER_UNIT,
}


def levels(found: Decomposition) -> Floats:
    """Return (2 periods, objects, drivers), money in currency units; NaN where it is not one figure.

    Conversion rates are those of final results, as far as the known share tells.
    """
    factors, chain = found.factors, chain_of(found.metric)
    shape = (2, factors.base.shape[1])
    columns = {"mix": _shares(factors.base)}
    if chain.base == "spend":
        columns["spend"] = factors.base / MICROS_PER_UNIT
    broken = np.zeros(shape[1], dtype=np.bool_)
    for place, link in enumerate(chain.links):
        driver = driver_of(link)
        rate = factors.values[:, factors.drivers.index(driver)]
        with np.errstate(divide="ignore"):
            told = _AS_METRIC.get(driver, _as_it_is)(rate)
        columns[driver] = np.where(broken | factors.merged[place] | ~np.isfinite(told), np.nan, told)
        broken = factors.merged[place]
    if "maturity" in factors.drivers:
        columns["maturity"] = factors.values[:, factors.drivers.index("maturity")]
    return np.stack([columns.get(driver, np.full(shape, np.nan)) for driver in found.drivers], axis=-1)


def _as_it_is(rate: Floats) -> Floats:
    return rate


def _shares(base: Floats) -> Floats:
    return divided(base, np.broadcast_to(base.sum(axis=1, keepdims=True), base.shape))
