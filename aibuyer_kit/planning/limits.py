"""From what is asked to what each arm may spend; every limit keeps its name, so that a plan can say which ones bind."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from aibuyer_kit.core.money import meta_minor_per_unit
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.curves import ResponseCurves
from aibuyer_kit.planning.groups import Grove, grove_of
from aibuyer_kit.planning.parts import highest_of, parts_of, whole_today
from aibuyer_kit.planning.request import BEYOND_SEEN, NEAR, USUAL_STEP, PlanRequest, by_arm, known_arms

Kind = Literal[
    "total", "target", "group", "least", "most", "step", "usual_step", "seen", "near", "held", "stopped", "one_of",
    "reset",
]  # fmt: skip
Side = Literal["least", "most"]
# Ours, not a person's: each has a word of the request that lets go of it.
SOFT = ("usual_step", "seen", "near")
# Without a total, more than so many times what brings half of the ceiling is never worth it.
_FAR = 50.0
_ROUNDING = 1e-6
_MOST = 1e15


@dataclass(frozen=True)
class Limit:
    """One limit: of an arm (its id), of a group (its name), or of the whole (an empty name)."""

    kind: Kind
    side: Side
    of: str
    amount: float


@dataclass(frozen=True)
class Box:
    """What each arm may spend a day, in the curves' order, and the tightest limit by arm and side."""

    low: Floats
    high: Floats
    limits: Mapping[tuple[str, Side], Limit]

    def tightest(self, arm: str, side: Side) -> Limit | None:
        """Return the limit that decides how little or how much an arm may spend."""
        return self.limits.get((arm, side))


@dataclass(frozen=True)
class Bounds:
    """All limits of a question: the box of the arms, the groups, the total (None: whatever pays)."""

    box: Box
    grove: Grove
    total: float | None
    may_stop: Floats  # by arm, 1 where it may spend nothing in spite of its least
    free: tuple[Floats, Floats]  # the range by arm within which nothing is learnt anew


def bounds_of(curves: ResponseCurves, asked: PlanRequest, total: float | None) -> Bounds:
    """Return the limits of a question at a total. Raises PlanError."""
    for name in ("may_stop", "held", "stopped", "start"):
        known_arms(getattr(asked, name), name, curves.arms)
    place = {arm: index for index, arm in enumerate(curves.arms)}
    low, high = np.zeros(len(place)), _farthest(curves, total)
    limits: dict[tuple[str, Side], Limit] = {}
    for limit in _limits(curves, asked, total):
        at = place[limit.of]
        # A limit that is no tighter than one before it says nothing new; but a most at the farthest is still a limit.
        if limit.side == "least" and limit.amount > low[at]:
            low[at], limits[limit.of, "least"] = limit.amount, limit
        elif limit.side == "most" and limit.amount <= high[at] and (limit.amount, limit.side) != _same(limits, limit):
            high[at], limits[limit.of, "most"] = limit.amount, limit
    whole = (0.0, np.inf) if total is None else (total if asked.spend_all else 0.0, total)
    stops = np.isin(np.array(curves.arms), np.array(asked.may_stop, dtype=object).astype(str)).astype(np.float64)
    per_unit = meta_minor_per_unit(curves.currency)
    low, high = _inside(low, high, per_unit)
    reached = {"least": low, "most": high}
    limits = {key: replace(each, amount=float(reached[key[1]][place[key[0]]])) for key, each in limits.items()}
    # What may stop, and has no other way to keep its limits, stops.
    none = (stops > 0.0) & (low > high)
    low[none], high[none] = 0.0, 0.0
    now = whole_today(curves)
    return Bounds(
        box=Box(low, high, limits),
        grove=grove_of(curves.arms, asked.groups, *whole),
        total=total,
        may_stop=stops,
        free=_inside(now * (1.0 - min(asked.reset_beyond, 1.0)), now * (1.0 + asked.reset_beyond), per_unit),
    )


def _limits(curves: ResponseCurves, asked: PlanRequest, total: float | None) -> Iterable[Limit]:
    arms, now = curves.arms, dict(zip(curves.arms, whole_today(curves).tolist(), strict=True))
    least, most = by_arm(asked.least, "least", arms), by_arm(asked.most, "most", arms)
    yield from (Limit("least", "least", arm, amount) for arm, amount in least.items())
    yield from (Limit("most", "most", arm, amount) for arm, amount in most.items())
    for arm in asked.stopped:
        yield Limit("stopped", "most", arm, 0.0)
    for arm in asked.held:
        yield from _around("held", arm, now[arm], now[arm])
    fixed = {*asked.held, *asked.stopped}
    per_unit = meta_minor_per_unit(curves.currency)
    ours = _ours(curves, asked, parts_of(curves, asked, total))
    for place, arm in enumerate(arms):
        # Where a person says how much an arm gets, a limit of ours reaches there.
        if arm not in fixed:
            yield from _reaching(ours(place), (most.get(arm, np.inf), least.get(arm, 0.0)), per_unit)


def _ours(curves: ResponseCurves, asked: PlanRequest, parts: Floats) -> Callable[[int], Iterator[Limit]]:
    """Return what yields the limits that an arm has by its past, around today's and around its part."""
    now, highest, per_unit = whole_today(curves), highest_of(curves), meta_minor_per_unit(curves.currency)

    def of(place: int) -> Iterator[Limit]:
        arm, today, part = curves.arms[place], float(now[place]), float(parts[place])
        # What may not stop keeps at least the smallest amount that there is.
        least = min(today, 1.0 / per_unit)
        if arm in asked.start:
            yield from _begins(asked, arm, None if curves.seen is None else float(curves.seen[1, place]))
            return
        if asked.step == "usual":
            known = curves.seen is not None and today > 0.0
            kind: Kind = "seen" if known else "usual_step"
            low = min(today, part, float(curves.seen[0, place]) if curves.seen is not None else today)
            low *= 1.0 - (BEYOND_SEEN if known else USUAL_STEP)
            yield from _around(kind, arm, max(low, least), float(highest[place]) if today > 0.0 else 0.0)
        elif asked.step is not None:
            yield from _around("step", arm, today * max(0.0, 1.0 - asked.step), today * (1.0 + asked.step))
        if curves.identified[place] != "no":
            return
        if asked.unidentified == "held":
            yield from _around("held", arm, today, today)
        elif asked.unidentified == "near":
            most = min(part * (1.0 + NEAR), max(float(highest[place]), part))
            yield from _around("near", arm, max(part * (1.0 - NEAR), least), max(most, least))

    return of


def _begins(asked: PlanRequest, arm: str, seen: float | None) -> Iterable[Limit]:
    """Yield how far what is paused may begin again: there is no spend of today to take a step from."""
    if asked.step is not None and seen is not None:
        yield from _around("seen", arm, 0.0, seen * (1.0 + BEYOND_SEEN))


def _reaching(limits: Iterable[Limit], named: tuple[float, float], per_unit: int) -> Iterable[Limit]:
    """Yield limits of which ours reach to the next whole minor units, and to what a person named of the arm."""
    for limit in limits:
        if limit.kind not in SOFT:
            yield limit
        elif limit.side == "least":
            floor = float(np.floor(limit.amount * per_unit + _ROUNDING) / per_unit)
            yield replace(limit, amount=min(floor, named[0]))
        else:
            cap = float(np.ceil(limit.amount * per_unit - _ROUNDING) / per_unit)
            yield replace(limit, amount=max(cap, named[1]))


def _inside(low: Floats, high: Floats, per_unit: int) -> tuple[Floats, Floats]:
    """Return ranges as far as whole minor units reach in them; where none does, both ends at the nearest one."""
    least, most = np.ceil(low * per_unit - _ROUNDING), np.floor(high * per_unit + _ROUNDING)
    none = (least > most) & (low <= high)
    nearest = np.rint(0.5 * (np.minimum(low, _MOST) + np.minimum(high, _MOST)) * per_unit)
    return np.where(none, nearest, least) / per_unit, np.where(none, nearest, most) / per_unit


def _around(kind: Kind, arm: str, least: float, most: float) -> Iterable[Limit]:
    yield Limit(kind, "least", arm, least)
    yield Limit(kind, "most", arm, most)


def _farthest(curves: ResponseCurves, total: float | None) -> Floats:
    """Return what no arm spends more of: all that there is, or else far more than what brings half of its ceiling."""
    if total is not None:
        return np.full(len(curves.arms), total)
    return np.asarray(np.maximum(_FAR * curves.half.max(axis=0), 2.0 * curves.spend_now))


def _same(limits: Mapping[tuple[str, Side], Limit], limit: Limit) -> tuple[float, Side] | None:
    known = limits.get((limit.of, limit.side))
    return (known.amount, known.side) if known else None
