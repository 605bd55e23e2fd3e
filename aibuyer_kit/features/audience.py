"""Whom and where the ads were shown: shares of ages, genders and placements, and how much that moves."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from aibuyer_kit.features.feature import Feature, Leakage
from aibuyer_kit.features.panel import Split
from aibuyer_kit.features.view import View, ratio, running
from aibuyer_kit.features.windows import Floats

AGE_GENDER = ("age", "gender")
PLACEMENT = ("publisher_platform", "platform_position")
PUBLISHERS = ("facebook", "instagram", "audience_network", "messenger")
_DAYS, _LATELY = 28, 7


def audience_features() -> Iterator[Feature]:
    """Yield shares of impressions by part, where figures were broken down; unknown elsewhere."""
    over = Leakage.DAY_OVER
    yield Feature("women_share_28", "share", over, partial(_share, AGE_GENDER, lambda part: part[1] == "female"))
    yield Feature("mean_age_28", "number", over, _mean_age)
    for told, names in (("age_gender", AGE_GENDER), ("placement", PLACEMENT)):
        yield Feature(f"{told}_concentration_28", "share", over, partial(_concentration, names))
        yield Feature(f"{told}_shift_7", "share", over, partial(_shift, names))
    for publisher in PUBLISHERS:
        make = partial(_share, PLACEMENT, partial(_is_publisher, publisher))
        told_as = {"publisher": publisher.replace("_", " ").title()}
        yield Feature(f"{publisher}_share_28", "share", over, make, "publisher_share", values=told_as)


def _is_publisher(publisher: str, part: tuple[str, ...]) -> bool:
    return part[0] == publisher


def _unknown(view: View) -> Floats:
    return np.full(view.shape, np.nan)


def _shares(view: View, names: tuple[str, ...], days: int) -> tuple[Split, Floats] | None:
    """Return the share of each part in the impressions of the days before: days by objects by parts."""
    split = view.panel.splits.get(names)
    if split is None or not split.parts:
        return None
    sums = view.sums_of(view.kept(("split", names), lambda: running(split.impressions)), days)
    return split, ratio(sums, sums.sum(axis=2, keepdims=True))


def _share(names: tuple[str, ...], counts: Callable[[tuple[str, ...]], bool], view: View) -> Floats:
    found = _shares(view, names, _DAYS)
    if found is None:
        return _unknown(view)
    split, shares = found
    total: Floats = shares[:, :, [counts(part) for part in split.parts]].sum(axis=2)
    return np.where(np.isnan(shares).any(axis=2), np.nan, total)


def _mean_age(view: View) -> Floats:
    """Return the mean of the middles of ages, over impressions whose age is told."""
    found = _shares(view, AGE_GENDER, _DAYS)
    if found is None:
        return _unknown(view)
    split, shares = found
    middles = np.array([_middle(part[0]) for part in split.parts])
    told = ~np.isnan(middles)
    return ratio(shares[:, :, told] @ middles[told], shares[:, :, told].sum(axis=2))


def _middle(age: str) -> float:
    """Return the middle of an age such as 25-34, or 70 for 65+; NaN where it is not told.

    >>> _middle("25-34"), _middle("65+")
    (29.5, 70.0)
    """
    first, _, last = age.rstrip("+").partition("-")
    if not first.isdigit():
        return np.nan
    return (int(first) + int(last)) / 2 if last.isdigit() else int(first) + 5.0


def _concentration(names: tuple[str, ...], view: View) -> Floats:
    """Return the sum of squared shares: 1 where all goes to one part."""
    found = _shares(view, names, _DAYS)
    return _unknown(view) if found is None else np.square(found[1]).sum(axis=2)


def _shift(names: tuple[str, ...], view: View) -> Floats:
    """Return which share of the last week's impressions would have to move to be spread as those of four weeks."""
    lately, before = _shares(view, names, _LATELY), _shares(view, names, _DAYS)
    if lately is None or before is None:
        return _unknown(view)
    moved: Floats = np.abs(lately[1] - before[1]).sum(axis=2) / 2
    return moved
