"""Any split that all limits allow, where arms take nothing or enough: a small program in whole numbers."""

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.relaxation import Question

_SECONDS = 10.0


def some_split(question: Question) -> Floats | None:
    """Return a split within pieces, ranges and groups, in the tree's order, or None if there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array, hstack, vstack

    arms, tree = question.arms, question.tree
    owner = np.repeat(np.arange(len(question.low)), np.diff(arms.first))
    begin = np.maximum(arms.piece_from, question.low[owner])
    stop = np.minimum(arms.piece_to, question.high[owner])
    kept = begin <= stop
    owner, begin, stop = owner[kept], begin[kept], stop[kept]
    count, places = len(owner), np.arange(len(owner))
    ones = np.ones(count)
    one_each = coo_array((ones, (owner, places)), shape=(len(question.low), count))
    none = coo_array((len(question.low), count))
    eye = coo_array((ones, (places, places)), shape=(count, count))
    sums = _node_sums(question)[:, owner]
    matrix = vstack([
        hstack([none, one_each]),
        hstack([eye, coo_array((-begin, (places, places)), shape=(count, count))]),
        hstack([eye, coo_array((-stop, (places, places)), shape=(count, count))]),
        hstack([coo_array(sums), coo_array((len(tree.parent), count))]),
    ])  # fmt: skip
    infinite = np.full(count, np.inf)
    low = np.concatenate([np.ones(len(question.low)), np.zeros(count), -infinite, tree.least])
    high = np.concatenate([np.ones(len(question.low)), infinite, np.zeros(count), tree.most])
    answer = milp(
        np.zeros(2 * count),
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        integrality=np.concatenate([np.zeros(count), ones]),
        bounds=Bounds(np.zeros(2 * count), np.concatenate([np.maximum(stop, 0.0), ones])),
        options={"time_limit": _SECONDS},
    )
    if answer.x is None:
        return None
    spend = np.zeros(len(question.low))
    taken = answer.x[count:] > 0.5
    spend[owner[taken]] = np.clip(answer.x[:count][taken], begin[taken], stop[taken])
    return spend


def _node_sums(question: Question) -> Floats:
    """Return which arms count in which node (nodes, arms)."""
    tree = question.tree
    found = np.zeros((len(tree.parent), len(question.low)))
    for node in range(len(tree.parent)):
        found[node, int(tree.arm_first[node]) : int(tree.arm_end[tree.end[node] - 1])] = 1.0
    return found
