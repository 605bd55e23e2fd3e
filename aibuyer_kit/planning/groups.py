"""Groups of arms as a tree: groups within groups, or beside each other, are met exactly by one price each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.core.errors import PlanError
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.kernels import Rows, Tree
from aibuyer_kit.planning.request import Group, known_arms, units

WHOLE = ""


@dataclass(frozen=True)
class Grove:
    """A tree of groups, and the arms in its order; `crossing` are groups that overlap with one in the tree."""

    tree: Tree
    names: tuple[str, ...]  # by node, the whole is WHOLE
    order: Ints  # places of the curves' arms
    crossing: tuple[Group, ...] = ()


def grove_of(arms: tuple[str, ...], groups: Sequence[Group], least: float, most: float) -> Grove:
    """Return groups as a tree under the whole, whose sum is from `least` to `most`. Raises PlanError."""
    members = [frozenset(_members(group, arms)) for group in groups]
    ranked = sorted(range(len(groups)), key=lambda place: (-len(members[place]), place))
    kept: list[int] = []
    crossing: list[Group] = []
    for place in ranked:
        crosses = any(not _nested(members[place], members[other]) for other in kept)
        crossing.append(groups[place]) if crosses else kept.append(place)
    parent = {
        place: min(
            (other for other in kept[:rank] if members[place] <= members[other]),
            key=lambda other: (len(members[other]), -kept.index(other)),
            default=None,
        )
        for rank, place in enumerate(kept)
    }
    return _planted(arms, groups, members, parent, (least, most), tuple(crossing))


def rows_of(grove: Grove, arms: tuple[str, ...]) -> Rows | None:
    """Return groups that overlap as rows over arms in the tree's order; None where there are none."""
    if not grove.crossing:
        return None
    ordered = np.array(arms, dtype=object)[grove.order]
    inside = np.array([np.isin(ordered, group.arms) for group in grove.crossing], dtype=np.float64)
    limits = np.array([limits_of(group) for group in grove.crossing])
    return Rows(inside, np.ascontiguousarray(limits[:, 0]), np.ascontiguousarray(limits[:, 1]))


def limits_of(group: Group) -> tuple[float, float]:
    """Return the least and the most that a group may spend a day. Raises PlanError where the one is above the other."""
    least = 0.0 if group.least is None else float(units(group.least, f"The least of group {group.name!r}"))
    most = np.inf if group.most is None else float(units(group.most, f"The most of group {group.name!r}"))
    return least, most


def _members(group: Group, arms: tuple[str, ...]) -> tuple[str, ...]:
    known_arms(group.arms, f"The group {group.name!r}", arms)
    if not group.arms:
        raise PlanError(f"The group {group.name!r} has no arms.")
    return group.arms


def _nested(one: frozenset[str], other: frozenset[str]) -> bool:
    return one <= other or other <= one or one.isdisjoint(other)


def _planted(
    arms: tuple[str, ...],
    groups: Sequence[Group],
    members: Sequence[frozenset[str]],
    parent: dict[int, int | None],
    whole: tuple[float, float],
    crossing: tuple[Group, ...],
) -> Grove:
    """Number nodes and arms depth first."""
    below: dict[int | None, list[int]] = {}
    for child, above_child in parent.items():
        below.setdefault(above_child, []).append(child)
    place_of = {arm: place for place, arm in enumerate(arms)}
    innermost: dict[int | None, list[int]] = {None: []}
    owner: dict[str, int | None] = dict.fromkeys(arms)
    for group in parent:  # from large to small
        owner.update(dict.fromkeys(members[group], group))
    for arm, held_by in owner.items():
        innermost.setdefault(held_by, []).append(place_of[arm])
    rows: list[list[float]] = []
    names: list[str] = []
    order: list[int] = []
    node_of: list[int] = []

    # An own stack: groups may be nested deeper than calls may be.
    waiting: list[tuple[int | None, int]] = [(None, 0)]
    while waiting:
        place, up = waiting.pop()
        node = len(rows)
        least, most = whole if place is None else limits_of(groups[place])
        own = innermost.get(place, [])
        rows.append([up, 0, len(order), len(order) + len(own), least, most])
        names.append(WHOLE if place is None else groups[place].name)
        order += own
        node_of += [node] * len(own)
        waiting += [(child, node) for child in reversed(below.get(place, []))]
    table = np.array(rows)
    ends = np.arange(1, len(rows) + 1)
    for node in range(len(rows) - 1, 0, -1):
        above = int(table[node, 0])
        ends[above] = max(ends[above], ends[node])
    whole_numbers = table[:, [0, 2, 3]].astype(np.int64)
    tree = Tree(
        parent=np.ascontiguousarray(whole_numbers[:, 0]),
        end=ends.astype(np.int64),
        arm_first=np.ascontiguousarray(whole_numbers[:, 1]),
        arm_end=np.ascontiguousarray(whole_numbers[:, 2]),
        node_of=np.array(node_of, dtype=np.int64),
        least=np.ascontiguousarray(table[:, 4]),
        most=np.ascontiguousarray(table[:, 5]),
    )
    return Grove(tree, tuple(names), np.array(order, dtype=np.int64), crossing)


def sums_by_node(tree: Tree, values: Floats) -> Floats:
    """Return the sum of a figure by arm, in the tree's order, for every node with all that is below it."""
    sums = np.bincount(tree.node_of, weights=values, minlength=len(tree.parent)).astype(np.float64)
    for node in range(len(tree.parent) - 1, 0, -1):
        sums[tree.parent[node]] += sums[node]
    return sums
