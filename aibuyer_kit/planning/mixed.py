"""Groups that overlap where curves are S-shaped: which side of its S each arm is on, by programs in whole numbers.

Each arm's spend lies in one of a few segments over which its curve is concave or convex. A concave one lies below its
tangents, a convex one below its chord, so that the program's answer bounds every split. Where the answer lies tangents
are added, and convex ones are cut in two, until the curves reach it (outer approximation, Duran and Grossmann 1986).
The solver's limit is counted in
its steps, so that the answer is the same on a busy machine.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from aibuyer_kit.core.silence import silence
from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.planning.feasible import all_rows
from aibuyer_kit.planning.kernels import Arms, value_of
from aibuyer_kit.planning.relaxation import Question

# Beyond so many arms programs take too long, and the gap that they would close is small.
MOST_ARMS = 100
_ROUNDS, _NODES, _CLOSED = 8, 400, 1e-6
_TANGENTS = np.array([0.0, 0.02, 0.06, 0.15, 0.3, 0.5, 0.75, 1.0])
_NEXT_TO_NOTHING = 1e-6


@dataclass(frozen=True)
class Segments:
    """Ranges of spend of which each arm takes one, with a fixed cost a day."""

    arm: Ints
    begin: Floats
    stop: Floats
    cost: Floats
    is_concave: tuple[bool, ...]

    def cut(self, place: int, at: float) -> "Segments":
        """Return them with one cut in two: what is beyond the cut comes last."""
        stop = self.stop.copy()
        stop[place] = at
        return Segments(
            np.append(self.arm, self.arm[place]),
            np.append(self.begin, at),
            np.append(stop, self.stop[place]),
            np.append(self.cost, self.cost[place]),
            (*self.is_concave, self.is_concave[place]),
        )


@dataclass(frozen=True)
class Mixed:
    """The best split that came up, None if there is none, and a bound on all."""

    spend: Floats | None
    bound: float


def side_by_side(question: Question) -> Mixed:
    """Return the best split that programs in whole numbers find, and their bound."""
    segments = segments_of(question)
    lines = [_lines(question.arms, segments, place) for place in range(len(segments.arm))]
    best, worth, bound = None, -np.inf, np.inf
    for _ in range(_ROUNDS):
        answer = _answer(question, segments, lines)
        if answer is None:
            break
        spend, taken, reached = answer
        bound = min(bound, reached)
        if (gain := question.worth(spend)) > worth:
            best, worth = spend, gain
        if bound - worth <= _CLOSED * max(abs(bound), 1e-12):
            break
        segments, lines = _closer(question.arms, segments, lines, taken, spend)
    return Mixed(best, bound)


def _closer(
    arms: Arms, segments: Segments, lines: list[Floats], taken: Ints, spend: Floats
) -> tuple[Segments, list[Floats]]:
    """Return segments and lines that lie closer to the curves where the answer lies."""
    cut = []
    for place in taken.tolist():
        arm, stop = int(segments.arm[place]), float(segments.stop[place])
        at, near = float(spend[arm]), _NEXT_TO_NOTHING * stop
        if segments.is_concave[place]:
            lines[place] = np.vstack([lines[place], _tangent(arms, arm, max(at, near))])
        elif float(segments.begin[place]) + near < at < stop - near:
            cut.append((place, at))
    for place, at in cut:
        segments = segments.cut(place, at)
        lines = [*lines, _lines(arms, segments, len(segments.arm) - 1)]
        lines[place] = _lines(arms, segments, place)
    return segments, lines


def segments_of(question: Question) -> Segments:
    """Return the pieces of every arm, cut where its curve turns."""
    arms, rows = question.arms, []
    for arm in range(len(question.low)):
        turns = _turns(arms, arm)
        for piece in range(int(arms.first[arm]), int(arms.first[arm + 1])):
            begin = max(float(arms.piece_from[piece]), float(question.low[arm]))
            stop = min(float(arms.piece_to[piece]), float(question.high[arm]))
            if begin > stop:
                continue
            ends = [begin, *(turn for turn, _ in turns if begin < turn < stop), stop]
            for left, right in itertools.pairwise(ends):
                rows.append((arm, left, right, float(arms.piece_cost[piece]), _is_concave(turns, 0.5 * (left + right))))
    arm_of, begin_of, stop_of, cost_of, shapes = zip(*rows, strict=True)
    return Segments(np.array(arm_of, np.int64), np.array(begin_of), np.array(stop_of), np.array(cost_of), tuple(shapes))


def _turns(arms: Arms, arm: int) -> list[tuple[float, bool]]:
    """Return where the curve turns, and whether it is concave from there on; the first is from no spend on."""
    if arms.grid.shape[0] == 0:
        slope = float(arms.slope[arm])
        if slope <= 1.0:
            return [(0.0, True)]
        turn = float(np.exp(arms.log_half[arm] + np.log((slope - 1.0) / (slope + 1.0)) / slope))
        return [(0.0, False), (turn, True)]
    grid, slopes = arms.grid[arm], arms.grid_slope[arm]
    value = float(arms.grid_value[arm, 0])
    power = float(slopes[0] * grid[0]) / value if value > 0.0 else 1.0
    found = [(0.0, power <= 1.0)]
    for cell, falls in enumerate((np.diff(slopes) <= 0.0).tolist()):
        if falls != found[-1][1]:
            found.append((float(grid[cell]), falls))
    return found


def _is_concave(turns: list[tuple[float, bool]], spend: float) -> bool:
    return [concave for turn, concave in turns if turn <= spend][-1]


def _lines(arms: Arms, segments: Segments, place: int) -> Floats:
    """Return lines above the curve over a segment, as heights at no spend and slopes (lines, 2)."""
    arm, begin, stop = int(segments.arm[place]), float(segments.begin[place]), float(segments.stop[place])
    if segments.is_concave[place]:
        spends = np.maximum(begin + (stop - begin) * _TANGENTS, _NEXT_TO_NOTHING * stop)
        return np.vstack([_tangent(arms, arm, float(at)) for at in np.unique(spends)])
    low, high = value_of(arms, arm, begin)[0], value_of(arms, arm, stop)[0]
    slope = (high - low) / (stop - begin) if stop > begin else 0.0
    return np.array([[low - slope * begin, slope]])


def _tangent(arms: Arms, arm: int, at: float) -> Floats:
    if at <= 0.0:
        return np.array([[0.0, 0.0]])
    value, slope = value_of(arms, arm, at)
    return np.array([[value - slope * at, slope]])


def _answer(question: Question, segments: Segments, lines: list[Floats]) -> tuple[Floats, Ints, float] | None:
    """Return a split, the segments that arms take, and the bound of one program; None where it finds none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_array, coo_array, csr_array, diags_array

    parts, count = len(segments.arm), len(question.low)
    places, ones = np.arange(parts), np.ones(parts)
    of_arm = csr_array((ones, (segments.arm, places)), shape=(count, parts))
    owner = np.repeat(places, [len(each) for each in lines])
    # In shares of the largest spend and of what it brings, so that no number is far from another.
    money = max(float(segments.stop.max()), 1e-12)
    value = max(float(np.vstack(lines).max()), 1e-12)
    line, number = np.vstack(lines) / value * [1.0, money], np.arange(len(owner))
    inside, least, most = all_rows(question)
    begin, stop, least, most = segments.begin / money, segments.stop / money, least / money, most / money
    shape = (len(owner), parts)

    def by_line(values: Floats) -> coo_array:
        return coo_array((values, (number, owner)), shape=shape)

    # By segment what is spent, whether it is taken, and what it brings.
    matrix = block_array([
        [None, of_arm, None],
        [diags_array(ones), diags_array(-begin), None],
        [diags_array(ones), diags_array(-stop), None],
        [csr_array(inside) @ of_arm, None, None],
        [by_line(-line[:, 1]), by_line(-line[:, 0]), by_line(np.ones(len(owner)))],
    ])  # fmt: skip
    far = np.full(parts, np.inf)
    low = np.concatenate([np.ones(count), np.zeros(parts), -far, least, np.full(len(owner), -np.inf)])
    high = np.concatenate([np.ones(count), far, np.zeros(parts), most, np.zeros(len(owner))])
    paid = question.cost + question.arms.extra[segments.arm]
    with silence():  # the solver tells of its own attempts whatever it is asked
        answer = milp(
            np.concatenate([paid * (money / value), segments.cost / value, -ones]),
            constraints=LinearConstraint(matrix.tocsr(), low, high),
            integrality=np.concatenate([np.zeros(parts), ones, np.zeros(parts)]),
            bounds=Bounds(np.zeros(3 * parts), np.concatenate([stop, ones, far])),
            options={"node_limit": _NODES, "mip_rel_gap": 0.1 * _CLOSED},
        )
    if answer.x is None or answer.mip_dual_bound is None:
        return None
    taken = np.flatnonzero(answer.x[parts : 2 * parts] > 0.5)
    spend = np.zeros(count)
    spend[segments.arm[taken]] = np.clip(answer.x[:parts][taken] * money, segments.begin[taken], segments.stop[taken])
    return spend, taken, -float(answer.mip_dual_bound) * value
