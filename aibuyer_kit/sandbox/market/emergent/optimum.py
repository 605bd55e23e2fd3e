"""The best split of a total, looked for in the market itself, and a bound that no split exceeds."""

from collections.abc import Callable, Sequence

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats
from aibuyer_kit.sandbox.market.emergent.ahead import Ahead

# Budgets at which each ad set is measured alone: from a thousandth of the total up, then closely about the best.
_LEVELS, _LEAST_SHARE, _CLOSE, _REFINEMENTS = 40, 1e-3, 1.35, 2
_ROUNDS, _NUDGE = 14, 0.1
_STEPS = (0.05, 0.15, 0.4, 1.0)
# Shares of the total that change hands at the end: from so many that lose least by it to as many that gain most.
_TRANSFERS, _HANDS, _TRANSFER_ROUNDS = (0.03, 0.01, 0.003), 4, 3

# Looks ahead under budgets in columns (ad sets, budgets), in currency units; `apart` or all together.
Look = Callable[[Floats, bool], Ahead]


def alone(look: Look, total: float, adsets: int, lucks: int) -> tuple[Floats, Floats]:
    """Return budgets and what each ad set brings with them if it has its people for itself: (ad sets, levels) each.

    The levels lie closest where the best split by these curves is.
    """
    levels = np.geomspace(_LEAST_SHARE, 1, _LEVELS)
    grid = np.repeat(np.concatenate([[0.0], levels])[None, :] * total, adsets, axis=0)
    brings = _revenue_alone(look, grid, lucks)
    for _ in range(_REFINEMENTS):
        best = split_of(grid, brings, total)[0]
        near = np.maximum(best, total * _LEAST_SHARE)[:, None] * np.geomspace(1 / _CLOSE, _CLOSE, _LEVELS)
        near = np.minimum(near, total)
        more = _revenue_alone(look, near, lucks)
        grid, brings = np.concatenate([grid, near], axis=1), np.concatenate([brings, more], axis=1)
        order = np.argsort(grid, axis=1, kind="stable")
        grid, brings = np.take_along_axis(grid, order, axis=1), np.take_along_axis(brings, order, axis=1)
    return grid, brings


def _revenue_alone(look: Look, grid: Floats, lucks: int) -> Floats:
    revenue = look(grid, True).revenue
    found: Floats = revenue.reshape(len(grid), grid.shape[1], lucks).mean(axis=2)
    return found


def split_of(grid: Floats, brings: Floats, total: float) -> tuple[Floats, float]:
    """Return the best split by curves that are known at points, and a bound on what any split brings by them.

    Between two points a curve is taken to lie as high as at the upper one, which it does if it never falls. The price
    of the last unit is looked for by halving; each ad set takes its best point, and by Lagrange what these bring over
    their price, and the price of the total, is no less than any split brings.
    """
    upper = np.concatenate([np.maximum.accumulate(brings, axis=1)[:, 1:], brings.max(axis=1, keepdims=True)], axis=1)
    places = np.arange(len(grid))

    def taken(price: float) -> tuple[Ints, float]:
        worth = upper - price * grid
        best = worth.argmax(axis=1)
        return best, float(worth[places, best].sum()) + price * total

    low, high = 0.0, float((upper / np.maximum(grid, 1e-9 * total)).max())
    bound = np.inf
    for _ in range(100):
        price = (low + high) / 2
        best, value = taken(price)
        bound = min(bound, value)
        low, high = (price, high) if grid[places, best].sum() > total else (low, price)
    best, value = taken(high)
    return grid[places, best], min(bound, value)


def climb(look: Look, starts: Sequence[Floats], total: float, lucks: int) -> Floats:
    """Return the best split found from some starts: money moves to where the next unit brings more, while it helps.

    What the next unit brings is measured in the market, with all ad sets at work at once.
    """

    def worth(budgets: Floats) -> Floats:
        found: Floats = look(budgets, False).revenue.reshape(budgets.shape[1], lucks).mean(axis=1)
        return found

    candidates = np.stack([_brought_to(start, total) for start in starts], axis=1)
    values = worth(candidates)
    best, value = candidates[:, values.argmax()], float(values.max())
    steps = as_floats(_STEPS)
    for _ in range(_ROUNDS):
        nudge = np.maximum(_NUDGE * best, 0.002 * total)
        nudged = best[:, None] + np.diag(nudge)
        gains = (worth(nudged) - value) / nudge
        # Everybody's money moves in proportion to what he has, towards those whose next unit brings more than the mean.
        mean = float((gains * best).sum() / total)
        pull = np.clip((gains - mean) / max(abs(mean), 1e-9), -1.0, 1.0)
        moved = np.stack(
            [_brought_to((best + 0.002 * total * (pull > 0)) * np.exp(step * pull), total) for step in steps], axis=1
        )
        values = worth(moved)
        if values.max() <= value * (1 + 1e-5):
            if steps[-1] < _STEPS[0] / 4:
                break
            steps = steps / 3
            continue
        best, value = moved[:, values.argmax()], float(values.max())
    for share in _TRANSFERS:
        for _ in range(_TRANSFER_ROUNDS):
            moved = _transfers(worth, best, value, share * total)
            values = worth(moved)
            if values.max() <= value:
                break
            best, value = moved[:, values.argmax()], float(values.max())
    return best


def _transfers(worth: Callable[[Floats], Floats], budgets: Floats, value: float, amount: float) -> Floats:
    """Return splits in which an amount, or all that there is, went from one ad set to another: those that promise most.

    Steps in proportion, as a climb takes them, come to a stop where some have next to nothing.
    """
    given = np.minimum(budgets, amount)
    givers = np.flatnonzero(given > 0)
    more = worth(budgets[:, None] + np.diag(np.full(len(budgets), amount)))
    less = worth(budgets[:, None] - np.diag(given)[:, givers])
    chosen = givers[np.argsort((value - less) / given[givers])[:_HANDS]]
    pairs = [(giver, taker) for giver in chosen for taker in np.argsort(-more)[:_HANDS] if giver != taker]
    moved = np.repeat(budgets[:, None], len(pairs), axis=1)
    for column, (giver, taker) in enumerate(pairs):
        moved[giver, column] -= given[giver]
        moved[taker, column] += given[giver]
    return moved


def _brought_to(budgets: Floats, total: float) -> Floats:
    found: Floats = budgets * (total / budgets.sum())
    return found
