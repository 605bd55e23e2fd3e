"""The catalogue of features: every feature's name, unit and leakage rule stands here once, and how to make them.

A feature of a day looks at what its rule allows and nothing else; a test changes the future and restates the past of
every one of them.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.features.audience import audience_features
from aibuyer_kit.features.budgets import budget_features
from aibuyer_kit.features.calendar import calendar_terms
from aibuyer_kit.features.creative import creative_features
from aibuyer_kit.features.exposure import exposure_features
from aibuyer_kit.features.feature import Feature, Leakage, Unit
from aibuyer_kit.features.past import past_features, price_features
from aibuyer_kit.features.view import View
from aibuyer_kit.features.windows import Floats

_ANY_DAY = DateRange(date(2026, 1, 1), date(2026, 1, 1))


def _calendar_features() -> Iterator[Feature]:
    for name in calendar_terms(_ANY_DAY):
        wave, _, rest = name.partition("_")
        is_wave = rest.startswith(("sin_", "cos_"))
        told = {"number": rest.partition("_")[2]} if is_wave else {}
        yield Feature(
            name, _unit(name), Leakage.ADVANCE, partial(_calendar, name), f"{wave}_wave" * is_wave, values=told
        )


def _unit(name: str) -> Unit:
    return "flag" if name.startswith("is_") else "days" if name.startswith("days_") else "number"


def _calendar(name: str, view: View) -> Floats:
    terms: Mapping[str, Floats] = view.kept("calendar", lambda: calendar_terms(view.days, view.country))
    return np.broadcast_to(terms[name][:, None], view.shape)


_FAMILIES: Mapping[str, Callable[[], Iterable[Feature]]] = {
    "calendar": _calendar_features,
    "past": past_features,
    "price": price_features,
    "budget": budget_features,
    "exposure": exposure_features,
    "creative": creative_features,
    "audience": audience_features,
}
FAMILIES: Mapping[str, tuple[Feature, ...]] = {name: tuple(make()) for name, make in _FAMILIES.items()}
CATALOGUE: Mapping[str, Feature] = {each.name: each for family in FAMILIES.values() for each in family}


def feature(name: str) -> Feature:
    """Return the feature called `name`. Raises InputError with the nearest name."""
    try:
        return CATALOGUE[name]
    except KeyError:
        near = difflib.get_close_matches(name, CATALOGUE, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(f"There is no feature {name!r}.{hint} List them: aibuyer features") from None


def make_features(view: View, names: Sequence[str] = tuple(CATALOGUE)) -> dict[str, Floats]:
    """Return each feature by its name: an array of the view's days by objects, NaN where it is not known.

    Arrays are not to be written to: what is the same for all days or objects is held once.
    """
    return {name: np.broadcast_to(feature(name).make(view), view.shape) for name in names}


def feature_rows(locale: str) -> list[dict[str, object]]:
    """Return one row per feature: its family, name, unit, leakage rule and sentence, in the reader's language."""
    return [
        {
            "name": each.name,
            "family": family,
            "unit": each.unit,
            "leakage": str(each.leakage),
            "known_ahead": each.leakage.is_known_ahead,
            "meaning": each.sentence(locale),
            "rule": each.leakage.sentence(locale),
        }
        for family, several in FAMILIES.items()
        for each in several
    ]
