"""Which limits clash where no plan can meet all: a set of which none could be left out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.groups import limits_of
from aibuyer_kit.planning.limits import Bounds, Kind, Limit, Side

_ROUNDING = 1e-9
_MOST_SAID = 6


@dataclass(frozen=True)
class _Atom:
    """The least or the most of disjoint arms, and the limit that says so (None: nothing does)."""

    amount: float
    limit: Limit | None


def clashing(bounds: Bounds, arms: Sequence[str]) -> tuple[Limit, ...]:
    """Return limits of arms and nested groups that cannot hold together, none of them needless; () if all can."""
    for place, arm in enumerate(arms):
        least, most = bounds.box.tightest(arm, "least"), bounds.box.tightest(arm, "most")
        if least and most and not bounds.may_stop[place] and least.amount > most.amount * (1.0 + _ROUNDING):
            return least, most
    tree = bounds.grove.tree
    low: list[list[_Atom]] = [[] for _ in tree.parent]
    high: list[list[_Atom]] = [[] for _ in tree.parent]
    for at, place in enumerate(bounds.grove.order.tolist()):
        low[tree.node_of[at]].append(_low(bounds, arms[place], place))
        cap = bounds.box.tightest(arms[place], "most")
        # Without a limit of its own an arm could take all that there is.
        high[tree.node_of[at]].append(_Atom(cap.amount if cap else np.inf, cap))
    for node in range(len(tree.parent) - 1, -1, -1):
        kind: Kind = "group" if node else "total"
        floor = Limit(kind, "least", bounds.grove.names[node], float(tree.least[node]))
        cap = Limit(kind, "most", bounds.grove.names[node], float(tree.most[node]))
        if found := _at_node(floor, cap, low[node], high[node]):
            return found
        if floor.amount > _sum(low[node]):
            low[node] = [_Atom(floor.amount, floor)]
        if cap.amount < _sum(high[node]):
            high[node] = [_Atom(cap.amount, cap)]
        if node:
            low[tree.parent[node]] += low[node]
            high[tree.parent[node]] += high[node]
    return ()


def _at_node(floor: Limit, cap: Limit, low: list[_Atom], high: list[_Atom]) -> tuple[Limit, ...]:
    slack = _ROUNDING * max(floor.amount, cap.amount if cap.amount < float("inf") else 0.0)
    if floor.amount > cap.amount + slack:
        return floor, cap
    if _sum(low) > cap.amount + slack:
        return cap, *_limits_of(_needed(low, cap.amount + slack))
    if _sum(high) < floor.amount - slack:
        return floor, *_limits_of(high)
    return ()


def clashing_crossing(bounds: Bounds, arms: Sequence[str]) -> tuple[Limit, ...]:
    """Return limits that cannot hold together where groups overlap, none of them needless; () if all can.

    A linear program is as far from all limits as it must be; those that hold it back clash, and of them every one is
    left out that is not needed.
    """
    if not bounds.grove.crossing:
        return ()
    limits, inside = every_limit(bounds, arms)
    held = _held_back(limits, inside)
    for place in list(held):
        rest = [other for other in held if other != place]
        if _held_back([limits[each] for each in rest], inside[rest]):
            held = rest
    return tuple(limits[place] for place in held)


def every_limit(bounds: Bounds, arms: Sequence[str]) -> tuple[list[Limit], Floats]:
    """Return every limit, and which arms it is of (limits, arms)."""
    grove, limits, rows = bounds.grove, [], []
    order = [arms[place] for place in grove.order.tolist()]
    named: list[tuple[str, float, float, Sequence[str]]] = []
    for node, name in enumerate(grove.names):
        inside = order[int(grove.tree.arm_first[node]) : int(grove.tree.arm_end[grove.tree.end[node] - 1])]
        named.append((name, float(grove.tree.least[node]), float(grove.tree.most[node]), inside))
    named += [(group.name, *limits_of(group), group.arms) for group in grove.crossing]
    for name, least, most, members in named:
        kind: Kind = "group" if name else "total"
        row = np.isin(np.array(arms, dtype=object), list(members))
        limits += [Limit(kind, "least", name, least)] * (least > 0.0) + [Limit(kind, "most", name, most)] * (
            most < np.inf
        )
        rows += [row] * ((least > 0.0) + (most < np.inf))
    for place, arm in enumerate(arms):
        sides: tuple[Side, ...] = ("most",) if bounds.may_stop[place] else ("least", "most")
        own = [limit for side in sides if (limit := bounds.box.tightest(arm, side))]
        limits += own
        rows += [np.array(arms, dtype=object) == arm] * len(own)
    return limits, np.array(rows, dtype=np.float64)


def _held_back(limits: Sequence[Limit], inside: Floats) -> list[int]:
    """Return the places of limits that keep each other from holding; none if all can hold."""
    from scipy.optimize import linprog

    if not limits:
        return []
    sign = np.array([1.0 if limit.side == "most" else -1.0 for limit in limits])
    amounts = np.array([limit.amount for limit in limits])
    count = len(limits)
    answer = linprog(
        np.concatenate([np.zeros(inside.shape[1]), np.ones(count)]),
        A_ub=np.hstack([sign[:, None] * inside, -np.eye(count)]),
        b_ub=sign * amounts,
        bounds=[(0, None)] * (inside.shape[1] + count),
    )
    if answer.fun <= _ROUNDING * max(float(amounts.max(initial=0.0)), 1e-6):
        return []
    return np.flatnonzero(np.abs(answer.ineqlin.marginals) > _ROUNDING).tolist()


def refuse(limits: Sequence[Limit], names: Mapping[str, str], cure: str = "") -> PlanError:
    """Return the error that names limits which clash, and a cure; `names` are those of arms by id."""
    said = [said_limit(each, names) for each in limits[:_MOST_SAID]]
    if len(limits) > _MOST_SAID:
        said.append(f"and {len(limits) - _MOST_SAID} more of arms")
    error = PlanError("These limits cannot hold together; loosen one of them: " + "; ".join(said) + "." + cure)
    error.clashing = tuple(limits)
    return error


_WORDS = {
    "least": "at least", "most": "at most", "step": "within the step", "usual_step": "within the usual step",
    "seen": "within what the past has shown",
    "near": "near its part of the total, for its response is not identified",
    "held": "held at today's", "stopped": "stopped",
    "one_of": "either nothing or at least", "reset": "without a reset of learning",
}  # fmt: skip


def said_limit(limit: Limit, names: Mapping[str, str]) -> str:
    """Return a limit in a few words."""
    side = "at least" if limit.side == "least" else "at most"
    amount = f"{limit.amount:,.2f}"
    if limit.kind == "total":
        return f"the total is {side} {amount}"
    if limit.kind == "group":
        return f"the group {limit.of!r} spends {side} {amount}"
    if limit.kind in ("least", "most", "one_of"):
        return f"{names.get(limit.of, limit.of)!r} spends {_WORDS[limit.kind]} {amount}"
    return f"{names.get(limit.of, limit.of)!r} spends {side} {amount} ({_WORDS[limit.kind]})"


def _low(bounds: Bounds, arm: str, place: int) -> _Atom:
    if bounds.may_stop[place] or not bounds.box.low[place]:
        return _Atom(0.0, None)
    return _Atom(float(bounds.box.low[place]), bounds.box.tightest(arm, "least"))


def _sum(atoms: Iterable[_Atom]) -> float:
    return sum(each.amount for each in atoms)


def _limits_of(atoms: Iterable[_Atom]) -> tuple[Limit, ...]:
    return tuple(each.limit for each in atoms if each.limit is not None)


def _needed(atoms: Iterable[_Atom], beyond: float) -> list[_Atom]:
    """Return the fewest amounts that exceed a cap, the largest first: without any one of them it would hold."""
    found: list[_Atom] = []
    for each in sorted(atoms, key=lambda atom: -atom.amount):
        found.append(each)
        if _sum(found) > beyond:
            break
    return found
