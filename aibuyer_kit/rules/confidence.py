"""What is believed of a metric of objects over a window, from the columns of a table."""

from collections.abc import Callable

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.rules.probability import Confidence, believe, measures_of
from aibuyer_kit.rules.table import ARRIVED, Column, Floats
from aibuyer_kit.rules.windows import Span, Window

_HOURS_A_DAY = 24


def confidence_of(
    metric: str, window: Window | None, matured: bool, span: Span | None, column: Callable[[Column], Floats]
) -> Confidence:
    """Return what is believed of a metric of objects, one a row of the columns; of no days nothing is known."""
    own, group = ({name: column(Column(name, window, of)) for name in measures_of(metric)} for of in ("self", "parent"))
    days = np.full_like(next(iter(own.values())), _days(span))
    if not matured:
        return believe(metric, own, group, days=days)
    arrived, group_arrived = (column(Column(ARRIVED, window, of)) for of in ("self", "parent"))
    return believe(metric, own, group, days=days, arrived=arrived, group_arrived=group_arrived)


def _days(span: Span | None) -> float:
    if span is None:
        return np.nan
    if isinstance(span, DateRange):
        return len(span)
    return ((span.until - span.since).total_seconds() / 3600 + 1) / _HOURS_A_DAY
