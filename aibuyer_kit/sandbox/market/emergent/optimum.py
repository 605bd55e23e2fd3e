"""The best split of a total, looked for in the market itself, and a bound that no split exceeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.sandbox.market.arrays import Floats, Ints, as_floats

# Budgets at which each row is measured: from a thousandth of what there is up, then closely about the best.
_LEVELS, _LEAST_SHARE, _CLOSE, _REFINEMENTS = 40, 1e-3, 1.35, 2
_ROUNDS, _NUDGE = 14, 0.1
_SCATTERED, _SCATTER_SEED = 160, 5
_STEPS = (0.05, 0.15, 0.4, 1.0)
# Shares of the total that change hands at the end: from so many that lose least by it to as many that gain most.
_TRANSFERS, _HANDS, _TRANSFER_ROUNDS = (0.03, 0.01, 0.003), 4, 3

# Returns what each row brings with each of its budgets, both (rows, budgets), in currency units.
LookEach = Callable[[Floats], Floats]
# Returns what all ad sets together bring under budgets in columns (ad sets, budgets), in currency units.
LookTogether = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Purse:
    """Money of which some rows are paid."""

    rows: Ints
    money: float


def curves(look: LookEach, purses: Sequence[Purse], rows: int) -> tuple[Floats, Floats]:
    """Return budgets and what each row brings with them: (rows, levels) each.

    The levels lie closest where the best split of each purse is by these curves.
    """
    most = np.zeros(rows)
    for purse in purses:
        most[purse.rows] = purse.money
    levels = np.concatenate([[0.0], np.geomspace(_LEAST_SHARE, 1, _LEVELS)])
    grid = most[:, None] * levels
    brings = look(grid)
    for _ in range(_REFINEMENTS):
        best = np.zeros(rows)
        for purse in purses:
            best[purse.rows] = split_of(grid[purse.rows], brings[purse.rows], purse.money)[0]
        near = np.maximum(best, most * _LEAST_SHARE)[:, None] * np.geomspace(1 / _CLOSE, _CLOSE, _LEVELS)
        near = np.minimum(near, most[:, None])
        grid, brings = np.concatenate([grid, near], axis=1), np.concatenate([brings, look(near)], axis=1)
        order = np.argsort(grid, axis=1, kind="stable")
        grid, brings = np.take_along_axis(grid, order, axis=1), np.take_along_axis(brings, order, axis=1)
    return grid, brings


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

    if total <= 0:
        return np.zeros(len(grid)), float(upper[:, 0].sum())
    low, high = 0.0, float((upper / np.maximum(grid, 1e-9 * total)).max())
    bound = np.inf
    for _ in range(100):
        price = (low + high) / 2
        best, value = taken(price)
        bound = min(bound, value)
        low, high = (price, high) if grid[places, best].sum() > total else (low, price)
    best, value = taken(high)
    return grid[places, best], min(bound, value)


def scattered(promising: Floats, today: Floats, learns_from: float) -> list[Floats]:
    """Return splits in which each ad set either keeps about what it has or gets about what is promising.

    A jump costs what has been learnt, so that the best split lets some stay within the share `learns_from` of today's.
    """
    draw = np.random.default_rng(_SCATTER_SEED)
    found = []
    for _ in range(_SCATTERED):
        stays = draw.random(len(today)) < draw.random()
        near = today * draw.uniform(1 - 0.9 * learns_from, 1 + 0.9 * learns_from, len(today))
        far = promising * draw.lognormal(0, 0.3, len(today))
        jumping = far[~stays].sum()
        left = max(0.0, float(today.sum() - near[stays].sum()))
        found.append(np.where(stays, near, far * (left / jumping if jumping > 0 else 0.0)) + 1e-6)
    return found


def climb(worth: LookTogether, starts: Sequence[Floats], total: float) -> Floats:
    """Return the best split found from some starts: money moves to where the next unit brings more, while it helps.

    What the next unit brings is measured in the market, with all ad sets at work at once.
    """
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


def _transfers(worth: LookTogether, budgets: Floats, value: float, amount: float) -> Floats:
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
