"""Prophet's components of one object, in words and as charts: its trend, its week, its year, and known days."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.charts.explanation import Explanation, Part, ranked
from aibuyer_kit.charts.influence import Influence, InfluenceChart
from aibuyer_kit.charts.spec import Series, TrendChart
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.i18n import format_metric, format_period, t
from aibuyer_kit.core.metrics import METRICS, Ratio
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.parts import WEEKDAY, YEAR
from aibuyer_kit.forecasting.prophet_model import ProphetModel
from aibuyer_kit.forecasting.result import TOTAL

if TYPE_CHECKING:
    import pandas as pd

    from aibuyer_kit.forecasting.why import Explainer

_SHOWN_STEPS = 180
_COMPONENTS = {"weekly": WEEKDAY, "yearly": YEAR}


def prophet_explained(asked: "Explainer", place: int) -> Explanation:
    """Return what Prophet, fitted to an object alone, makes of its next days, and the shape of each of its components.

    Raises InputError for a ratio, and for an object with too little past.
    """
    if isinstance(METRICS[asked.metric], Ratio):
        raise InputError(
            f"Prophet is fitted to sums, not to {asked.metric}: ask for what it is made of, such as spend."
        )
    told = asked.told[0]
    series, steps = told.fitted.series.settled(), len(asked.days)
    node = len(told.tree.parents) - 1 if asked.objects[place].id == TOTAL else int(told.tree.leaves[place])
    late = told.fitted.series.late
    named = series.only([node])
    found = ProphetModel().components(named, 0, steps + late, name=asked.name(place))
    parts = {name: found[name].to_numpy() for name in found.columns if name not in ("ds", "yhat")}
    ahead = slice(series.times + late, series.times + late + steps)
    says = found["yhat"].to_numpy()[ahead]
    level = float(parts["trend"][series.times - 1])
    amounts = {_COMPONENTS.get(name, name): float(values[ahead].sum()) for name, values in parts.items()}
    amounts["trend"] -= level * steps
    amounts["floor"] = float((np.maximum(says, 0.0) - says).sum()) if series.nonnegative else 0.0
    whole = float(says.sum()) + amounts["floor"]
    amounts["trend"] += whole - level * steps - sum(amounts.values())  # what rounding leaves
    words = {"trend": _say(asked, "trend"), "floor": _say(asked, "floor")}
    listed = [Part(key, words.get(key) or asked.part_name(key), amount) for key, amount in amounts.items()]
    name = t(asked.locale, "word.total") if asked.objects[place].id == TOTAL else asked.name(place)
    period = format_period(asked.days, asked.locale)
    return Explanation(
        _say(asked, "title", metric=t(asked.locale, f"metric.{asked.metric}"), name=name, period=period),
        asked.locale,
        ranked(listed),
        Part("level", _say(asked, "level"), level * steps),
        Part("expected", t(asked.locale, "forecast.expected"), whole),
        asked.metric,
        asked.currency,
        METRICS[asked.metric].higher_is_better,
        said=(_say(asked, "said"),),
        charts=tuple(_charts(asked, found, series.times)),
    )


def _charts(asked: "Explainer", found: "pd.DataFrame", times: int) -> "Sequence[TrendChart | InfluenceChart]":
    """Return the trend as a line, and the week and the year as what each weekday and month adds."""
    days = [each.date() for each in found["ds"]]
    trend = found["trend"].tolist()
    since = max(0, times - _SHOWN_STEPS)
    lines = (
        Series(_say(asked, "so_far"), tuple(days[since:times]), tuple(trend[since:times])),
        Series(_say(asked, "ahead"), tuple(days[times - 1 :]), tuple(trend[times - 1 :])),
    )
    charts: list[TrendChart | InfluenceChart] = [
        TrendChart(_say(asked, "trend_chart"), asked.metric, asked.currency, asked.locale, lines)
    ]
    when = {
        "weekly": np.array([day.weekday() for day in days]),
        "yearly": np.array([day.month - 1 for day in days]),
    }
    names = {"weekly": _names("day", asked.locale), "yearly": _names("month", asked.locale)}
    for name, groups in when.items():
        if name in found:
            rows = _rows(asked, found[name].to_numpy(), groups, names[name])
            charts.append(InfluenceChart(_say(asked, f"{name}_chart"), asked.locale, rows))
    return charts


def _rows(asked: "Explainer", values: Floats, groups: Ints, names: Sequence[str]) -> tuple[Influence, ...]:
    """Return what a component adds on average in each of its groups, such as weekdays, in their order."""
    rows = []
    for group, name in enumerate(names):
        if (groups == group).any():
            amount = float(values[groups == group].mean())
            text = format_metric(asked.metric, abs(amount), asked.currency, asked.locale)
            rows.append(Influence(name, amount, ("+" if amount > 0 else "−") + text))
    return tuple(rows)


def _names(kind: str, locale: str) -> tuple[str, ...]:
    """Return the names of weekdays from Monday on, or of months."""
    from babel.dates import get_day_names, get_month_names

    if kind == "day":
        return tuple(str(name) for _, name in sorted(get_day_names("wide", "stand-alone", locale=locale).items()))
    return tuple(str(name) for _, name in sorted(get_month_names("wide", "stand-alone", locale=locale).items()))


def _say(asked: "Explainer", key: str, **values: Any) -> str:
    return t(asked.locale, f"prophet_why.{key}", **values)
