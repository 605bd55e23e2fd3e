"""The inner loops of plans, compiled: what an arm takes at a price of money, and the price at which limits are met.

Everything is about one concave question. At a price `v` of money each arm takes the spend that makes the most of
`brings(s) - v * s`, over the pieces of spend that it may take. The higher the price, the less is spent; so for every
limit there is a price at which it is just met, found by Newton's method within a bracket. With the prices at hand,
weak duality gives a bound on what any plan brings. All of it stands in one file, because numba keeps machine code as
long as the file of a function is the same.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.compiled import compiled
from aibuyer_kit.features.windows import Floats, Ints

# A price beyond these means: as little as may be, as much as may be.
_NO_PRICE = 1e200
_EXTREME = 1e30
_STEPS = 400
_APART = 1e-12
_PATIENCE = 12


class Arms(NamedTuple):
    """What arms bring, and the pieces of spend that each may take, in the order of the tree.

    With no `grid` an arm is one Hill curve. Else it is a table (arms, points) of value and slope at rising spends, with
    a cubic between two of them: the mean of many curves. Pieces of arm `i` are `first[i]` to `first[i + 1]`.
    """

    ceiling: Floats
    log_half: Floats
    slope: Floats
    grid: Floats  # (arms, points) or (0, 0)
    grid_value: Floats
    grid_slope: Floats
    first: Ints
    piece_from: Floats
    piece_to: Floats
    piece_cost: Floats  # what taking a spend of this piece costs once a day
    extra: Floats  # by arm, what is added to the price of money for it
    hint: Floats  # by arm, where the last root was, NaN at first: the next one is looked for from there


class Tree(NamedTuple):
    """Groups within groups, in depth-first order; the first is the whole, whose parent is itself."""

    parent: Ints
    end: Ints  # nodes below node j are j + 1 to end[j]
    arm_first: Ints  # a node's own arms, which are of no node below it
    arm_end: Ints
    node_of: Ints  # by arm: the innermost node
    least: Floats
    most: Floats


class Rows(NamedTuple):
    """Limits of sums that no tree holds: which arms are `inside` (groups, arms), the least and the most of each."""

    inside: Floats
    least: Floats
    most: Floats


@compiled
def hill_at(ceiling: float, log_half: float, slope: float, spend: float) -> tuple[float, float]:
    """Return value and marginal value of one curve."""
    if spend <= 0.0:
        if slope > 1.0 or ceiling == 0.0:
            return 0.0, 0.0
        return 0.0, ceiling / np.exp(log_half) if slope == 1.0 else np.inf
    odds = np.exp(slope * (log_half - np.log(spend)))
    share = 1.0 / (1.0 + odds)
    if share == 0.0:
        return 0.0, 0.0
    return ceiling * share, ceiling * slope * share * (odds * share) / spend


@compiled
def mean_of_draws(
    ceiling: Floats, log_half: Floats, slope: Floats, weights: Floats, spend: Floats
) -> tuple[Floats, Floats]:
    """Return the weighted mean over draws (arms, points) of value and marginal value at spends (arms, points) > 0."""
    draws, arms = ceiling.shape
    points = spend.shape[1]
    value, marginal = np.zeros((arms, points)), np.zeros((arms, points))
    logs = np.log(spend)
    for draw in range(draws):
        weight = weights[draw]
        if weight == 0.0:
            continue
        for arm in range(arms):
            top, half, power = weight * ceiling[draw, arm], log_half[draw, arm], slope[draw, arm]
            for point in range(points):
                share = 1.0 / (1.0 + np.exp(power * (half - logs[arm, point])))
                value[arm, point] += top * share
                marginal[arm, point] += top * power * share * (1.0 - share)
    return value, marginal / spend


@compiled
def _cell(arms: Arms, arm: int, spend: float) -> int:
    """Return the last point of the grid that is not beyond a spend."""
    grid = arms.grid[arm]
    low, high = 0, grid.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if grid[middle] <= spend:
            low = middle
        else:
            high = middle
    return low


@compiled
def _near_none(arms: Arms, arm: int) -> float:
    """Return the power of spend by which a table is carried on below its first point."""
    value, slope = arms.grid_value[arm, 0], arms.grid_slope[arm, 0]
    return slope * arms.grid[arm, 0] / value if value > 0.0 else 1.0


@compiled
def value_of(arms: Arms, arm: int, spend: float) -> tuple[float, float]:
    """Return value and marginal value of an arm at a spend."""
    if arms.grid.shape[0] == 0:
        return hill_at(arms.ceiling[arm], arms.log_half[arm], arms.slope[arm], spend)
    start = arms.grid[arm, 0]
    if spend < start:
        power = _near_none(arms, arm)
        if spend <= 0.0:
            return 0.0, (0.0 if power > 1.0 else arms.grid_slope[arm, 0] if power == 1.0 else np.inf)
        value = arms.grid_value[arm, 0] * (spend / start) ** power
        return value, value * power / spend
    cell = _cell(arms, arm, spend)
    width = arms.grid[arm, cell + 1] - arms.grid[arm, cell]
    at = (spend - arms.grid[arm, cell]) / width
    begin, rise = arms.grid_value[arm, cell], arms.grid_value[arm, cell + 1] - arms.grid_value[arm, cell]
    left, right = arms.grid_slope[arm, cell] * width, arms.grid_slope[arm, cell + 1] * width
    square, cube = 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise
    value = begin + at * (left + at * (square + at * cube))
    return value, (left + at * (2.0 * square + 3.0 * at * cube)) / width


@compiled
def _hill_root(arms: Arms, arm: int, price: float) -> tuple[float, float]:  # noqa: C901 # one loop that is compiled
    """Return the largest spend at which a curve's marginal value is the price, and how it moves; -1 if there is none.

    In logs, with u of spend by half and p the share of the ceiling, the marginal value is log p + log(1 - p) - u and a
    constant: concave in u, so that Newton's method from above comes down to the root without a step too far.
    """
    slope, half = arms.slope[arm], arms.log_half[arm]
    if arms.ceiling[arm] == 0.0 or price <= 0.0:
        return -1.0, 0.0
    wanted = np.log(price) - np.log(arms.ceiling[arm] * slope) + half
    if slope == 1.0:
        if wanted >= 0.0:
            return -1.0, 0.0
        odds = np.exp(-0.5 * wanted) - 1.0
        spend = np.exp(half) * odds
        return spend, spend / (-2.0 * odds / (1.0 + odds) * price)
    at = -wanted / (1.0 + slope)
    if slope < 1.0 and wanted > 0.0:
        at = min(at, -wanted / (1.0 - slope))
    elif slope > 1.0:
        top = (slope - 1.0) / (2.0 * slope)
        if np.log(top) + np.log(1.0 - top) - np.log(top / (1.0 - top)) / slope < wanted:
            return -1.0, 0.0
    if not np.isnan(arms.hint[arm]):
        at = arms.hint[arm]
    turn = -1.0
    for _ in range(100):
        power = slope * at
        small = np.exp(-abs(power))
        share = 1.0 / (1.0 + small) if power > 0.0 else small / (1.0 + small)
        beside = -abs(power) - 2.0 * np.log1p(small) - at - wanted
        turn = slope * (1.0 - 2.0 * share) - 1.0
        if turn >= -1e-9:
            # Too near the top for a tangent, which only a hint can be: from the right again.
            start = -wanted / (1.0 + slope)
            if slope <= 1.0 or at == start:
                break
            at = start
            continue
        step = beside / turn
        at -= step
        if abs(step) <= 1e-14 * (1.0 + abs(at)):
            break
    if at > 600.0 - half:
        return np.inf, 0.0
    arms.hint[arm] = at
    spend = np.exp(at + half)
    return spend, (spend / (turn * price) if turn < 0.0 else 0.0)


@compiled
def _cell_root(arms: Arms, arm: int, cell: int, price: float) -> tuple[float, float]:
    """Return the spend within a cell at which the marginal value comes down to the price; -1 if there is none."""
    width = arms.grid[arm, cell + 1] - arms.grid[arm, cell]
    rise = arms.grid_value[arm, cell + 1] - arms.grid_value[arm, cell]
    left, right = arms.grid_slope[arm, cell] * width, arms.grid_slope[arm, cell + 1] * width
    square, cube = 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise
    over = left - price * width
    # The slope over + 2 square t + 3 cube t^2 falls through 0 where its own slope, 2 square + 6 cube t, is negative.
    inside = square * square - 3.0 * cube * over
    if inside <= 0.0:
        return -1.0, 0.0
    root = np.sqrt(inside)
    bottom = root - square
    if bottom == 0.0:
        return -1.0, 0.0
    at = over / bottom if bottom > abs(3.0 * cube) * 1e-9 else (-square - root) / (3.0 * cube)
    if not (-1e-12 <= at <= 1.0 + 1e-12):
        return -1.0, 0.0
    at = min(max(at, 0.0), 1.0)
    return arms.grid[arm, cell] + at * width, -width * width / (2.0 * root)


@compiled
def best_of(  # noqa: C901 # one loop that is compiled
    arms: Arms, arm: int, low: float, high: float, price: float
) -> tuple[float, float, float]:
    """Return the spend within [low, high] and the arm's pieces that is worth most at a price, its worth, and its slope.

    The worth is without the price of the spend taken off; the slope is by how much the spend moves with the price.
    """
    best, best_worth, best_value, best_move = np.nan, -np.inf, 0.0, 0.0
    closed = arms.grid.shape[0] == 0
    root, move = (-1.0, 0.0)
    if closed and abs(price) < _NO_PRICE:
        root, move = _hill_root(arms, arm, price)
    for piece in range(arms.first[arm], arms.first[arm + 1]):
        begin, stop = max(arms.piece_from[piece], low), min(arms.piece_to[piece], high)
        if begin > stop:
            continue
        cost = arms.piece_cost[piece]
        if abs(price) >= _NO_PRICE:
            spend = begin if price > 0.0 else stop
            if np.isnan(best) or (spend < best if price > 0.0 else spend > best):
                best, best_value = spend, value_of(arms, arm, spend)[0] - cost
            continue
        for end in range(2):
            spend = begin if end == 0 else stop
            value = value_of(arms, arm, spend)[0] - cost
            worth = value - price * spend
            if worth > best_worth:
                best, best_worth, best_value, best_move = spend, worth, value, 0.0
        if closed:
            if begin < root < stop:
                value = hill_at(arms.ceiling[arm], arms.log_half[arm], arms.slope[arm], root)[0] - cost
                if value - price * root > best_worth:
                    best, best_worth, best_value, best_move = root, value - price * root, value, move
            continue
        start = arms.grid[arm, 0]
        if begin < start:
            power, slope = _near_none(arms, arm), arms.grid_slope[arm, 0]
            if power < 1.0 and price > slope > 0.0:
                spend = start * (price / slope) ** (1.0 / (power - 1.0))
                value = value_of(arms, arm, spend)[0] - cost
                if begin < spend < stop and value - price * spend > best_worth:
                    best, best_worth, best_value = spend, value - price * spend, value
                    best_move = spend / ((power - 1.0) * price)
        from_cell, to_cell = _cell(arms, arm, max(begin, start)), _cell(arms, arm, max(stop, start))
        for cell in range(from_cell, to_cell + 1):
            if arms.grid_slope[arm, cell] < price or arms.grid_slope[arm, cell + 1] > price:
                continue
            spend, bend = _cell_root(arms, arm, cell, price)
            if not begin < spend < stop:
                continue
            value = value_of(arms, arm, spend)[0] - cost
            if value - price * spend > best_worth:
                best, best_worth, best_value, best_move = spend, value - price * spend, value, bend
    return best, best_value, best_move


@compiled
def _spend_at(arms: Arms, arm: int, low: float, high: float, price: float) -> tuple[float, float]:
    """Return the spend that is worth most at a price, and how it moves; one concave curve needs no value for that."""
    piece = arms.first[arm]
    is_plain = arms.first[arm + 1] == piece + 1 and arms.grid.shape[0] == 0 and arms.slope[arm] <= 1.0
    if not is_plain or abs(price) >= _NO_PRICE:
        spend, _, move = best_of(arms, arm, low, high, price)
        return spend, move
    begin, stop = max(arms.piece_from[piece], low), min(arms.piece_to[piece], high)
    root, move = _hill_root(arms, arm, price)
    if price <= 0.0 or root >= stop:
        return stop, 0.0
    if root <= begin:
        return begin, 0.0
    return root, move


@compiled
def ends_of(arms: Arms, low: Floats, high: Floats) -> bool:
    """Bring every arm's range to the spends that its pieces hold, in place. Return whether each holds one."""
    for arm in range(low.shape[0]):
        least, most = np.inf, -np.inf
        for piece in range(arms.first[arm], arms.first[arm + 1]):
            begin, stop = max(arms.piece_from[piece], low[arm]), min(arms.piece_to[piece], high[arm])
            if begin <= stop:
                least, most = min(least, begin), max(most, stop)
        if least > most:
            return False
        low[arm], high[arm] = least, most
    return True


@compiled
def tightened(tree: Tree, low: Floats, high: Floats) -> tuple[bool, Floats, Floats]:
    """Bring ranges of arms to what limits of groups leave of them, in place.

    Return whether anything is left, and the range of each node's sum. What is off by rounding is no contradiction.
    """
    nodes = tree.parent.shape[0]
    least, most = np.zeros(nodes), np.zeros(nodes)
    for arm in range(low.shape[0]):
        least[tree.node_of[arm]] += low[arm]
        most[tree.node_of[arm]] += high[arm]
    below_least, below_most = np.zeros(nodes), np.zeros(nodes)
    for node in range(nodes - 1, -1, -1):
        below_least[node], below_most[node] = least[node], most[node]
        slack = 1e-10 * max(abs(least[node]), abs(tree.most[node]) if tree.most[node] < np.inf else 0.0, 1e-12)
        least[node], most[node] = max(least[node], tree.least[node]), min(most[node], tree.most[node])
        if least[node] > most[node] + slack:
            return False, least, most
        most[node] = max(most[node], least[node])
        if node:
            least[tree.parent[node]] += least[node]
            most[tree.parent[node]] += most[node]
    for node in range(1, nodes):
        up, floor, cap = tree.parent[node], least[node], most[node]
        least[node] = min(max(floor, least[up] - (below_most[up] - cap)), cap)
        most[node] = max(min(cap, most[up] - (below_least[up] - floor)), least[node])
    for arm in range(low.shape[0]):
        node = tree.node_of[arm]
        before, after = low[arm], high[arm]
        low[arm] = min(max(before, least[node] - (below_most[node] - after)), after)
        high[arm] = max(min(after, most[node] - (below_least[node] - before)), low[arm])
    return True, least, most


@compiled
def _sum_at(
    arms: Arms, tree: Tree, low: Floats, high: Floats, node: int, price: float, caps: Floats, floors: Floats
) -> tuple[float, float]:
    """Return what a node's arms take at a price, and how that moves; groups below it stay within their limits."""
    total, move, at = 0.0, 0.0, node
    while at < tree.end[node]:
        if at != node and price <= caps[at, 0]:
            total += tree.most[at]
            at = tree.end[at]
            continue
        if at != node and price >= floors[at, 1]:
            total += tree.least[at]
            at = tree.end[at]
            continue
        for arm in range(tree.arm_first[at], tree.arm_end[at]):
            spend, bend = _spend_at(arms, arm, low[arm], high[arm], price + arms.extra[arm])
            total += spend
            move += bend
        at += 1
    return total, move


@compiled
def _price_at(  # noqa: C901 # one loop that is compiled
    arms: Arms,
    tree: Tree,
    low: Floats,
    high: Floats,
    node: int,
    target: float,
    guess: float,
    caps: Floats,
    floors: Floats,
) -> tuple[float, float]:
    """Return two prices next to each other, or one twice, between which a node's sum comes down to a target."""
    below, above = -np.inf, np.inf
    price, stuck, width = guess, 0, np.inf
    near = 2e-14 * max(abs(target), 1e-9)
    for number in range(_STEPS):
        total, move = _sum_at(arms, tree, low, high, node, price, caps, floors)
        if abs(total - target) <= near:
            return price, price
        if total > target:
            below = price
        else:
            above = price
        if np.isfinite(above - below) and above - below <= 4e-16 * max(abs(above), abs(below)):
            break
        step = np.nan
        if price > 0.0 and move < 0.0 and stuck < 3:
            step = price * np.exp(min(max((target - total) / (price * move), -3.0), 3.0))
        # Towards an end that is never reached a tangent takes ever the same step.
        if below < step < above and (number < _PATIENCE or np.isfinite(above - below)):
            price = step
        elif above == np.inf:
            price = 4.0 * price if price > 0.0 else (0.25 * price if price < -1e-30 * guess else guess * 1e-30)
        elif below == -np.inf:
            price = 0.25 * price if price > 1e-30 * guess else (-1e-6 * guess if price > 0.0 else 4.0 * price)
        elif below > 0.0:
            price = np.sqrt(below) * np.sqrt(above)
        else:
            price = 0.5 * (below + above)
        if not below < price < above or abs(price) > _EXTREME * guess:
            return price, price
        # Where the bracket does not halve, what is spent jumps: halve it.
        span = np.log(above / below) if 0.0 < below < above < np.inf else np.inf
        stuck = stuck + 1 if span > 0.5 * width else 0
        width = min(width, span)
    return below, above


@compiled
def priced(  # noqa: C901 # one loop that is compiled
    arms: Arms, tree: Tree, low: Floats, high: Floats, cost: float, guess: float
) -> tuple[Floats, Ints, NDArray[np.bool_]]:
    """Return by node the two prices of money there, the node whose limit sets them (-1: none, it is `cost`).

    Last, by node, whether its own limit is the most that it may spend; otherwise it is the least.
    """
    nodes = tree.parent.shape[0]
    caps, floors = np.full((nodes, 2), -np.inf), np.full((nodes, 2), np.inf)
    lows, highs = np.zeros(nodes), np.zeros(nodes)
    for arm in range(low.shape[0]):
        lows[tree.node_of[arm]] += low[arm]
        highs[tree.node_of[arm]] += high[arm]
    for node in range(nodes - 1, -1, -1):
        if tree.most[node] < highs[node] and lows[node] < highs[node]:
            caps[node, 0], caps[node, 1] = _price_at(
                arms, tree, low, high, node, max(tree.most[node], lows[node]), guess, caps, floors
            )
        if tree.least[node] > lows[node] and lows[node] < highs[node]:
            if tree.least[node] == tree.most[node] and caps[node, 1] > -np.inf:
                floors[node] = caps[node]
            else:
                floors[node, 0], floors[node, 1] = _price_at(
                    arms, tree, low, high, node, min(tree.least[node], highs[node]), guess, caps, floors
                )
        if node:
            lows[tree.parent[node]] += max(lows[node], min(tree.least[node], highs[node]))
            highs[tree.parent[node]] += min(highs[node], max(tree.most[node], lows[node]))
    prices, sets, is_most = np.empty((nodes, 2)), np.empty(nodes, np.int64), np.zeros(nodes, np.bool_)
    for node in range(nodes):
        if node:
            prices[node], sets[node] = prices[tree.parent[node]], sets[tree.parent[node]]
        else:
            prices[node], sets[node] = cost, -1
        if prices[node, 0] <= caps[node, 0]:
            prices[node], sets[node], is_most[node] = caps[node], node, True
        elif prices[node, 1] >= floors[node, 1]:
            prices[node], sets[node] = floors[node], node
        if sets[node] == node:
            # Two spends of the same worth must come to lie on both sides, whatever rounding says at the price itself.
            apart = _APART * max(abs(prices[node, 0]), abs(prices[node, 1]))
            prices[node, 0] -= apart
            prices[node, 1] += apart
    return prices, sets, is_most


@compiled
def taken(arms: Arms, tree: Tree, low: Floats, high: Floats, prices: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return by arm the spend and the value at the higher price and at the lower one of its node."""
    count = low.shape[0]
    less, less_value, more, more_value = np.empty(count), np.empty(count), np.empty(count), np.empty(count)
    for arm in range(count):
        node = tree.node_of[arm]
        less[arm], less_value[arm], _ = best_of(arms, arm, low[arm], high[arm], prices[node, 1] + arms.extra[arm])
        if prices[node, 0] == prices[node, 1]:
            more[arm], more_value[arm] = less[arm], less_value[arm]
        else:
            price = prices[node, 0] + arms.extra[arm]
            more[arm], more_value[arm], _ = best_of(arms, arm, low[arm], high[arm], price)
    return less, less_value, more, more_value


@compiled
def values_at(arms: Arms, spend: Floats) -> Floats:
    """Return what arms bring at these spends, less the cost of the piece; -inf where a spend is in no piece."""
    found = np.full(spend.shape[0], -np.inf)
    for arm in range(spend.shape[0]):
        least = np.inf
        near = 1e-11 * abs(spend[arm])
        for piece in range(arms.first[arm], arms.first[arm + 1]):
            if arms.piece_from[piece] - near <= spend[arm] <= arms.piece_to[piece] + near:
                least = min(least, arms.piece_cost[piece])
        if least < np.inf:
            found[arm] = value_of(arms, arm, spend[arm])[0] - least
    return found


@compiled
def concave_around(arms: Arms, spend: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return by arm the range around a spend, within one piece, in which its curve is concave."""
    count = spend.shape[0]
    begin, stop = spend.copy(), spend.copy()
    for arm in range(count):
        at, cheapest = spend[arm], np.inf
        near = 1e-11 * abs(at)
        for piece in range(arms.first[arm], arms.first[arm + 1]):
            left, right = max(arms.piece_from[piece], low[arm]), min(arms.piece_to[piece], high[arm])
            if left - near <= at <= right + near and arms.piece_cost[piece] < cheapest:
                cheapest, begin[arm], stop[arm] = arms.piece_cost[piece], left, right
        if arms.grid.shape[0] == 0:
            slope = arms.slope[arm]
            if slope > 1.0:
                turn = np.exp(arms.log_half[arm] + np.log((slope - 1.0) / (slope + 1.0)) / slope)
                if at < turn:
                    begin[arm], stop[arm] = at, at
                else:
                    begin[arm] = max(begin[arm], turn)
            continue
        _concave_cells(arms, arm, at, begin, stop)
    return begin, stop


@compiled
def _concave_cells(arms: Arms, arm: int, at: float, begin: Floats, stop: Floats) -> None:
    """Narrow a range to the cells around a spend over which the marginal value falls."""
    if begin[arm] >= stop[arm]:
        return
    slope, last = arms.grid_slope[arm], arms.grid.shape[1] - 1
    cell = _cell(arms, arm, min(at, 0.5 * (begin[arm] + stop[arm]) if at >= stop[arm] else at))
    if slope[cell] < slope[cell + 1]:
        begin[arm], stop[arm] = at, at
        return
    left, right = cell, cell + 1
    while left > 0 and slope[left - 1] >= slope[left]:
        left -= 1
    while right < last and slope[right] >= slope[right + 1]:
        right += 1
    if left > 0 or _near_none(arms, arm) > 1.0:
        begin[arm] = min(max(begin[arm], arms.grid[arm, left]), at)
    if right < last:
        stop[arm] = max(min(stop[arm], arms.grid[arm, right]), at)
