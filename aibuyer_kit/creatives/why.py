"""What raises and lowers what a creative brings, in words: of all creatives, or of one, whose parts multiply to it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from aibuyer_kit.charts.explanation import Explanation, Part, ranked
from aibuyer_kit.core.errors import InputError, NotFoundError
from aibuyer_kit.core.i18n import format_figure, format_ratio, messages, t
from aibuyer_kit.creatives.rank import Learnt, Ranked, Ranking
from aibuyer_kit.features.creative import creative_numbers
from aibuyer_kit.features.windows import Floats

if TYPE_CHECKING:
    from aibuyer_kit.creatives.told import RankingTold

# What is known of an item beside what it shows.
_DELIVERY, _SEEN = "delivery", "seen"
_MOST_NAMED = 5


def explained(told: "RankingTold", item: str | None) -> Explanation:
    """Return what moves one item (by id or name) beside a usual one, or what moves all of them.

    Raises NotFoundError for an item that is not there.
    """
    if item is None:
        first, *more = (_of_all(told, part) for part in told.ranking.parts)
        return first if not more else _with_more(first, more)
    each = _found(told.ranking, item)
    return _of_one(told, each)


def _with_more(first: Explanation, more: Sequence[Explanation]) -> Explanation:
    return replace(first, more=tuple(more))


def _found(ranking: Ranking, item: str) -> Ranked:
    own = [each for each in ranking.ranked if each.id == item]
    named = {each.id: each for each in ranking.ranked if each.name == item}
    if not own and len(named) > 1:
        raise InputError(f"{len(named)} items are called {item!r}: name one by its id, such as {next(iter(named))}.")
    if not own and not named:
        known = [each.id for each in ranking.ranked]
        more = ", …" if len(known) > _MOST_NAMED else ""
        raise NotFoundError(f"There is no {item!r} in this ranking. Known: {', '.join(known[:_MOST_NAMED])}{more}.")
    return (own or list(named.values()))[0]


def _of_one(told: "RankingTold", each: Ranked) -> Explanation:
    """Return the factors that make an item as good as it is beside a usual one, for the same people."""
    locale, ranking = told.locale, told.ranking
    found = ranking.why(each.id)
    shown = next(item.shown for item in ranking.evidence.items if item.id == each.id)
    sides = [_factors(told, name, values, shown) for name, values in found.items()]
    whole = sum(side.whole.amount for side in sides if side.whole is not None)
    parts = list(sides[0].parts) if len(sides) == 1 else _together(sides)
    index = [format_ratio(value, locale) for value in (np.exp(whole), each.index_low, each.index_high)]
    said = [_say(locale, "one", factor=index[0], low=index[1], high=index[2])]
    said += [] if ranking.parts[0].model.has_learnt else [t(locale, "ranking.nothing_learnt")]
    return Explanation(
        _say(locale, "title", name=each.name, metric=t(locale, f"metric.{ranking.evidence.metric}")),
        locale,
        ranked(parts),
        Part("usual", _say(locale, "usual"), sum(side.baseline.amount for side in sides if side.baseline)),
        Part("index", _say(locale, "whole"), whole),
        higher_is_better=True,
        said=tuple(said),
        more=tuple(sides) if len(sides) > 1 else (),
    )


def _factors(told: "RankingTold", name: str, values: Mapping[str, float], shown: Mapping[str, object]) -> Explanation:
    """Return one part of a metric, such as its rate, by what each attribute and the item's own figures do to it."""
    locale = told.locale
    parts = [
        Part(key, feature_name(key, locale), amount, _value(key, shown, locale))
        for key, amount in values.items()
        if key not in ("expected", _SEEN, _DELIVERY, "usual")
    ]
    parts += [Part(key, _say(locale, key), values[key]) for key in (_DELIVERY, _SEEN)]
    start = Part("usual", _say(locale, "usual"), values["usual"])
    whole = start.amount + sum(each.amount for each in parts)
    title = rate_name(told, name)
    return Explanation(
        title, locale, ranked(parts), start, Part("index", _say(locale, "whole"), whole), higher_is_better=True
    )


def _together(sides: Sequence[Explanation]) -> list[Part]:
    """Return the parts of several sides, those of one kind as one."""
    found: dict[str, Part] = {}
    for each in (part for side in sides for part in side.parts):
        before = found[each.key].amount if each.key in found else 0.0
        found[each.key] = Part(each.key, each.label, before + each.amount, each.remark)
    return list(found.values())


def _of_all(told: "RankingTold", part: Learnt) -> Explanation:
    """Return of each attribute by what factor those that have more of it are better than those that have less."""
    locale, items = told.locale, [each.shown for each in told.ranking.evidence.items]
    title = _say(locale, "all_title", rate=rate_name(told, part.name))
    if not part.model.has_learnt:
        return Explanation(title, locale, (), said=(t(locale, "ranking.nothing_learnt"),))
    table = part.model.columns.table(items)
    values = part.model.contributions(items, part.folds)
    rows = []
    for at, key in enumerate(part.model.columns.names):
        more = _has_more(table[:, at])
        less = ~more & ~np.isnan(table[:, at])
        if more.any() and less.any():
            amount = float(values[more, at].mean() - values[less, at].mean())
            size = format_ratio(float(np.exp(np.abs(values[:, at]).mean())), locale)
            remark = _say(locale, "all_remark", more=int(more.sum()), less=int(less.sum()), size=size)
            rows.append(Part(key, feature_name(key, locale), amount, remark))
    return Explanation(title, locale, ranked(rows), said=(_say(locale, "all"),), higher_is_better=True)


def _has_more(column: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return which rows have more of an attribute than the middle one; of a flag, those that have it."""
    middle = float(np.nanmedian(column))
    above = np.nan_to_num(column, nan=-np.inf) > middle
    return above if above.any() else np.nan_to_num(column, nan=-np.inf) >= middle


def feature_name(key: str, locale: str) -> str:
    """Return what an attribute is called; a text that several creatives share stands in its own words."""
    field, _, text = key.partition(": ")
    known = messages(locale).get(f"creative_feature.{field}")
    if not isinstance(known, str):
        return key
    return f"{known}: {text}" if text else known


def rate_name(told: "RankingTold", part: str) -> str:
    """Return what a part of a metric is: its rate, or what a result is worth."""
    return _say(told.locale, f"rate_{told.ranking.evidence.metric}" if part == "rate" else part)


def _value(key: str, shown: Mapping[str, object], locale: str) -> str:
    """Return what an item shows of an attribute; nothing where it does not tell."""
    field, _, text = key.partition(": ")
    if text:
        return _say(locale, "yes" if str(shown.get(field)) == text else "no")
    unit, read = creative_numbers()[field]
    value = read(shown) if shown else float("nan")
    if np.isnan(value):
        return ""
    return _say(locale, "yes" if value else "no") if unit == "flag" else format_figure(round(value, 2), locale)


def _say(locale: str, key: str, **values: Any) -> str:
    return t(locale, f"creative_why.{key}", **values)
