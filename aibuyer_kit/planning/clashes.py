"""Which limits clash where no plan can meet all: a set of which none could be left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.planning.limits import Bounds, Kind, Limit

_ROUNDING = 1e-9
_MOST_SAID = 12


@dataclass(frozen=True)
class _Atom:
    """The least or the most of disjoint arms, and the limit that says so (None: nothing does)."""

    amount: float
    limit: Limit | None


def clashing(bounds: Bounds, arms: Sequence[str]) -> tuple[Limit, ...]:
    """Return limits of arms and nested groups that cannot hold together, none of them needless; () if all can."""
    for place, arm in enumerate(arms):
        if bounds.box.low[place] > bounds.box.high[place] * (1.0 + _ROUNDING):
            return _limits_of([_Atom(0.0, bounds.box.tightest(arm, side)) for side in ("least", "most")])
    tree = bounds.grove.tree
    low: list[list[_Atom]] = [[] for _ in tree.parent]
    high: list[list[_Atom]] = [[] for _ in tree.parent]
    for at, place in enumerate(bounds.grove.order.tolist()):
        low[tree.node_of[at]].append(_low(bounds, arms[place], place))
        high[tree.node_of[at]].append(_Atom(float(bounds.box.high[place]), bounds.box.tightest(arms[place], "most")))
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


def refuse(limits: Sequence[Limit]) -> PlanError:
    """Return the error that names limits which clash."""
    said = [said_limit(each) for each in limits[:_MOST_SAID]]
    if len(limits) > _MOST_SAID:
        said.append(f"and {len(limits) - _MOST_SAID} more of arms")
    error = PlanError("These limits cannot hold together; loosen one of them: " + "; ".join(said) + ".")
    error.clashing = tuple(limits)
    return error


_WORDS = {
    "least": "at least", "most": "at most", "step": "within the step", "usual_step": "within the usual step",
    "near": "near today's, for its response is not identified", "held": "held at today's", "stopped": "stopped",
    "one_of": "either nothing or at least", "reset": "without a reset of learning",
}  # fmt: skip


def said_limit(limit: Limit) -> str:
    """Return a limit in a few words."""
    side = "at least" if limit.side == "least" else "at most"
    amount = f"{limit.amount:,.2f}"
    if limit.kind == "total":
        return f"the total is {side} {amount}"
    if limit.kind == "group":
        return f"the group {limit.of!r} spends {side} {amount}"
    if limit.kind in ("least", "most", "one_of"):
        return f"{limit.of!r} spends {_WORDS[limit.kind]} {amount}"
    return f"{limit.of!r} spends {side} {amount} ({_WORDS[limit.kind]})"


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
