"""Any split that all limits allow, where arms take nothing or enough: a small program in whole numbers."""

import numpy as np

from aibuyer_kit.features.windows import Floats
from aibuyer_kit.planning.relaxation import Question

_SECONDS = 10.0


def some_split(question: Question, near: Floats | None = None) -> Floats | None:
    """Return a split within pieces, ranges and groups, as near as can be to `near`; None if there is none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_array, coo_array, csr_array, eye_array

    arms, count = question.arms, len(question.low)
    owner = np.repeat(np.arange(count), np.diff(arms.first))
    begin = np.maximum(arms.piece_from, question.low[owner])
    stop = np.minimum(arms.piece_to, question.high[owner])
    kept = begin <= stop
    owner, begin, stop = owner[kept], begin[kept], stop[kept]
    parts, places = len(owner), np.arange(len(owner))
    of_arm = csr_array((np.ones(parts), (owner, places)), shape=(count, parts))
    inside, least, most = all_rows(question)
    each, own = eye_array(parts), eye_array(count)
    lower = coo_array((-begin, (places, places)), shape=(parts, parts))
    upper = coo_array((-stop, (places, places)), shape=(parts, parts))
    # By piece what is spent and whether it is taken; by arm by how much it is off from `near`, up and down.
    matrix = block_array([
        [None, of_arm, None, None],
        [each, lower, None, None],
        [each, upper, None, None],
        [csr_array(inside) @ of_arm, None, None, None],
        [of_arm, None, -own, own],
    ])  # fmt: skip
    ones, far = np.ones(count), np.full(parts, np.inf)
    at = np.zeros(count) if near is None else near
    low = np.concatenate([ones, np.zeros(parts), -far, least, at])
    high = np.concatenate([ones, far, np.zeros(parts), most, at])
    answer = milp(
        np.concatenate([np.zeros(2 * parts), (near is not None) * np.ones(2 * count)]),
        constraints=LinearConstraint(matrix.tocsr(), low, high),
        integrality=np.concatenate([np.zeros(parts), np.ones(parts), np.zeros(2 * count)]),
        bounds=Bounds(
            np.zeros(2 * parts + 2 * count),
            np.concatenate([np.maximum(stop, 0.0), np.ones(parts), np.full(2 * count, np.inf)]),
        ),
        options={"time_limit": _SECONDS},
    )
    if answer.x is None:
        return None
    spend = np.zeros(count)
    taken = answer.x[parts : 2 * parts] > 0.5
    spend[owner[taken]] = np.clip(answer.x[:parts][taken], begin[taken], stop[taken])
    return spend


def all_rows(question: Question) -> tuple[Floats, Floats, Floats]:
    """Return which arms count in which group, the tree's and those that overlap, and their limits."""
    tree = question.tree
    inside = np.zeros((len(tree.parent), len(question.low)))
    for node in range(len(tree.parent)):
        inside[node, int(tree.arm_first[node]) : int(tree.arm_end[tree.end[node] - 1])] = 1.0
    if question.rows is None:
        return inside, tree.least, tree.most
    rows = question.rows
    return (
        np.vstack([inside, rows.inside]),
        np.concatenate([tree.least, rows.least]),
        np.concatenate([tree.most, rows.most]),
    )
