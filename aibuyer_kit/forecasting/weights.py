"""How much each member of a combination counts: least absolute error on a backtest, per segment, weights that sum to 1.

A segment's weights are shrunk to those of all series by how little it has been seen; those of one series to those of
its segment, by how often its own best member won. Where little was seen at all, weights are shrunk to what each
member's own error says of it. Newer origins count more.
"""

from collections.abc import Sequence

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints

_MOST_ROWS = 8_000
_ROUNDS = 12
# As many rows of the whole stand behind a segment's own.
_BEHIND_ROWS = 400
# As many futures stand behind the weights that each member's own error tells, which falls with so high a power.
_BEHIND_FUTURES, _SHARPNESS, _ALIKE_ERROR = 6.0, 8.0, 0.001
_SMALL = 1e-9


def best_weights(members: Floats, actual: Floats, scale: Floats, *, squares: bool = False) -> Floats:
    """Return the weights (members,) with the least sum of |actual - weights · members| / scale, or of its squares.

    `members` is (members, rows). Iterated weighted least squares on the simplex, by multiplicative steps that keep
    weights at or above zero.
    """
    kept = np.isfinite(members).all(axis=0) & np.isfinite(actual)
    members, actual, scale = members[:, kept], actual[kept], scale[kept]
    if len(actual) > _MOST_ROWS:
        picked = np.random.default_rng(7).choice(len(actual), _MOST_ROWS, replace=False)
        members, actual, scale = members[:, picked], actual[picked], scale[picked]
    size = len(members)
    equal = np.full(size, 1 / size)
    if not len(actual):
        return equal
    from scipy.optimize import nnls

    x, y = members / scale, actual / scale
    weights = equal
    for _ in range(_ROUNDS):
        rest = np.abs(y - weights @ x)
        root = 1 / np.sqrt(np.maximum(rest, 0.02 * max(float(np.median(rest)), _SMALL)))
        root = np.ones(len(rest)) if squares else root
        mine = (x * root).T
        usual = float((mine**2).sum()) / size + _SMALL
        # One more row, so heavy that weights come to 1 whatever it costs.
        gram = mine.T @ mine + 1e4 * usual + 1e-8 * usual * np.eye(size)
        wanted = mine.T @ (y * root) + 1e4 * usual
        factor = np.linalg.cholesky(gram)
        new, _ = nnls(factor.T, np.linalg.solve(factor, wanted))
        new = np.asarray(new / max(new.sum(), _SMALL), dtype=np.float64)
        if np.abs(new - weights).max() < 1e-3:
            return new
        weights = 0.3 * weights + 0.7 * new
    return weights


def segment_weights(
    members: Floats,
    actual: Floats,
    scale: Floats,
    segment_of: Ints,
    segments: int,
    counts: Floats,
    doubts: Floats | float = 1.0,
) -> Floats:
    """Return the weights (segments, members).

    `members` is (members, origins, steps, series), `scale` (series,), `counts` how much each origin counts. Where
    little was seen, a member counts by `doubts` (members,) of what its error says.
    """
    size = len(members)
    wide = np.broadcast_to(scale / counts[:, None, None], actual.shape)
    whole = best_weights(members.reshape(size, -1), actual.ravel(), wide.ravel(), squares=mostly_zero(actual))
    futures = float(counts.sum()) * actual.shape[2] / 2
    share = futures / (futures + _BEHIND_FUTURES)
    whole = share * whole + (1 - share) * _by_error(members, actual, counts, doubts)
    found = np.tile(whole, (segments, 1))
    for segment in range(segments):
        inside = segment_of == segment
        rows = int(np.isfinite(actual[:, :, inside]).sum())
        if rows >= 60 and segments > 1:
            own = best_weights(
                members[..., inside].reshape(size, -1),
                actual[..., inside].ravel(),
                wide[..., inside].ravel(),
                squares=mostly_zero(actual[..., inside]),
            )
            share = rows / (rows + _BEHIND_ROWS)
            found[segment] = share * own + (1 - share) * whole
    return found


def _by_error(members: Floats, actual: Floats, counts: Floats, doubts: Floats | float) -> Floats:
    """Return weights (members,) that fall with the error of each by itself."""
    off = np.abs(members - actual)
    weight = np.where(np.isfinite(off).all(axis=0), counts[:, None, None], 0.0)
    loss = (np.nan_to_num(off) * weight).sum(axis=(1, 2, 3))
    # Errors of next to nothing do not tell members apart.
    loss = loss + _ALIKE_ERROR * float((np.nan_to_num(np.abs(actual)) * weight).sum()) + _SMALL
    weights = (loss / loss.min()) ** -_SHARPNESS * doubts
    found: Floats = weights / weights.sum()
    return found


def mostly_zero(actual: Floats) -> bool:
    """Return whether the median is next to nothing, so that absolute errors would ask for it rather than the mean."""
    known = actual[np.isfinite(actual)]
    return bool(len(known) and (known == 0).mean() > 0.4)


def series_weights(
    members: Floats, actual: Floats, weights: Floats, segment_of: Ints, counts: Floats, behind: float, sharpness: float
) -> Floats:
    """Return the weights (series, members): a segment's, moved to the members that did better on this one series.

    `behind` is as how many rows of its own the segment's weights count; 0 rows move nothing. Other arguments are those
    of `segment_weights`.
    """
    off = np.abs(members - actual)
    seen = (np.isfinite(off) * counts[:, None, None]).sum(axis=(1, 2))
    loss = np.nan_to_num(off) * counts[:, None, None]
    loss = np.where(seen > 0, loss.sum(axis=(1, 2)) / np.where(seen > 0, seen, 1.0), np.nan).T
    rows = np.isfinite(actual).sum(axis=(0, 1))[:, None]
    base = weights[segment_of]
    usual = np.where(np.isfinite(loss), loss, np.inf).min(axis=1, keepdims=True)
    worse = np.where(np.isfinite(loss), loss / np.maximum(np.where(np.isfinite(usual), usual, 1.0), _SMALL) - 1, 0.0)
    tilt = np.exp(-sharpness * np.minimum(worse, 5.0) * rows / (rows + behind))
    own = (base + 0.02) * tilt
    sparse = np.array([mostly_zero(actual[..., place]) for place in range(actual.shape[2])])
    own = np.where(sparse[:, None], base, own)
    found: Floats = own / own.sum(axis=1, keepdims=True)
    return found


def labels(segments: Sequence[str]) -> tuple[Ints, list[str]]:
    """Return the number of each series' segment, and their names in order."""
    names = sorted(set(segments))
    place = {name: number for number, name in enumerate(names)}
    return np.array([place[each] for each in segments], dtype=np.int64), names
