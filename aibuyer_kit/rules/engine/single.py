"""The machine that runs a program over one row: the same steps as in kernels.py, without columns to keep."""

import numpy as np

from aibuyer_kit.rules.engine import kernels as do
from aibuyer_kit.rules.engine.compiled import compiled
from aibuyer_kit.rules.engine.kernels import Bytes, Floats, Steps, finite, inverted, verdict_of, within

Index = int | np.uint32
_LARGEST = np.finfo(np.float64).max
_MICROS = 1e6


@compiled
def single(
    figures: Steps,
    logic: Steps,
    constants: Floats,
    thresholds: Floats,
    lists: Floats,
    row: Floats,
    stack: Floats,
    kept: Floats,
    slots: Bytes,
    verdicts: Bytes,
    answers: Bytes,
) -> None:
    """Do all steps for one row of columns, whose given verdicts are in the first `slots`: one answer a rule."""
    _figures(figures, constants, thresholds, lists, row, stack, kept, slots)
    for at in range(np.uint64(len(logic))):
        kind, how, depth, slot = logic[at, 0], logic[at, 1], np.uint32(logic[at, 2]), np.uint32(logic[at, 3])
        if kind == do.ANSWER:
            answers[slot] = (verdicts[0] & 1) + (verdicts[0] >> 1)
            continue
        if kind == do.INVERT:
            verdicts[depth] = inverted(verdicts[depth])
            continue
        if kind == do.WITHIN:
            low, reach, turned = np.uint8(logic[at, 4]), np.uint8(logic[at, 5]), np.uint8(logic[at, 6])
            verdict = within(slots[slot], low, reach, turned)
        else:
            verdict = slots[slot] if kind == do.TAKEN else verdicts[depth + np.uint32(1)]
        if how == do.AND:
            verdicts[depth] &= verdict
        elif how == do.OR:
            verdicts[depth] |= verdict
        else:
            verdicts[depth] = verdict


@compiled
def _figures(
    steps: Steps,
    constants: Floats,
    thresholds: Floats,
    lists: Floats,
    row: Floats,
    stack: Floats,
    kept: Floats,
    slots: Bytes,
) -> None:
    top = np.uint32(0)  # one above the figure on top; an index without a sign needs no check
    first = np.uint32(1)
    for at in range(np.uint64(len(steps))):
        kind, one, two = steps[at, 0], np.uint32(steps[at, 1]), np.uint32(steps[at, 2])
        if kind == do.COMPARE:
            other = finite(constants[np.uint32(steps[at, 4])] * kept[np.uint32(steps[at, 3])])
            slots[np.uint32(steps[at, 5])] = _compared(one, kept[two], other)
        elif kind == do.KEEP:
            top -= first
            kept[one] = stack[top]
        elif kind == do.CODE:
            slots[np.uint32(steps[at, 4])] = _code(thresholds, one, np.uint32(steps[at, 3]), kept[two])
        elif kind == do.LISTED:
            slots[np.uint32(steps[at, 4])] = _listed(lists, one, two, kept[np.uint32(steps[at, 3])])
        elif kind == do.ABSOLUTE:
            stack[top - first] = abs(stack[top - first])
        elif kind == do.NEGATE:
            stack[top - first] = -stack[top - first]
        elif kind == do.TIMES:
            stack[top - first] = finite(constants[one] * stack[top - first])
        elif kind >= do.ADD:
            top -= first
            stack[top - first] = _combined(kind, stack[top - first], stack[top])
        else:
            stack[top] = _pushed(kind, one, two, np.uint32(steps[at, 3]), constants, row)
            top += first


@compiled
def _pushed(kind: int, one: Index, two: Index, three: Index, constants: Floats, row: Floats) -> float:
    if kind == do.CONSTANT:
        return constants[one]  # type: ignore[no-any-return]
    value = row[one]
    if kind == do.RATIO:
        below = row[two]
        known = abs(value) <= _LARGEST and abs(below) <= _LARGEST and below != 0
        return finite((value * constants[three]) / (below * constants[three + np.uint32(1)])) if known else np.nan
    known_value = finite(value)
    return known_value / _MICROS if kind == do.MONEY else known_value


@compiled
def _combined(kind: int, one: float, two: float) -> float:
    if kind == do.ADD:
        return finite(one + two)
    if kind == do.SUBTRACT:
        return finite(one - two)
    if kind == do.MULTIPLY:
        return finite(one * two)
    if kind == do.DIVIDE:
        return finite(one / two)
    if np.isnan(one) or np.isnan(two):
        return np.nan
    other = two < one if kind == do.LEAST else two > one
    return two if other else one


@compiled
def _compared(kind: Index, one: float, two: float) -> np.uint8:
    if kind == do.GREATER:
        return verdict_of(one > two, one, two)
    if kind == do.AT_LEAST:
        return verdict_of(one >= two, one, two)
    if kind == do.LESS:
        return verdict_of(one < two, one, two)
    if kind == do.AT_MOST:
        return verdict_of(one <= two, one, two)
    return verdict_of((one == two) == (kind == do.EQUAL), one, two)


@compiled
def _code(thresholds: Floats, which: Index, step: Index, value: float) -> Index:
    below: Index = np.uint32(0)
    while step:
        below += step if thresholds[which, below + step - np.uint32(1)] < value else np.uint32(0)
        step >>= np.uint32(1)
    code = 1 + 2 * below + (1 if thresholds[which, below] == value else 0)
    return do.UNKNOWN_CODE if np.isnan(value) else code


@compiled
def _listed(lists: Floats, begins: Index, ends: Index, value: float) -> int:
    found = False
    for at in range(int(begins), int(ends)):
        found = found or lists[at] == value
    return do.UNKNOWN if np.isnan(value) else (do.TRUE if found else do.FALSE)
