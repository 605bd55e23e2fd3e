"""The machine that runs a program over a tile of rows, or over one: figures, then comparisons, then logic.

A verdict has two bits: the upper one that it is true, the lower one that it is not false. So `all` is AND, `any` is OR,
and `not` exchanges and turns both (Kleene). In a column of figures NaN is unknown.

Comparisons with numbers are done once a figure for all rules: `code` tells where it lies among the thresholds that
any rule compares it with (0 is unknown; then odd for between two, even for equal to one), and each comparison is then
whether that code is within two bounds.

All of it stands in one file, because numba keeps machine code as long as the file of a function is the same: what a
function calls, or reads as a constant, must not change in another.
"""

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.compiled import compiled

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Steps = NDArray[np.int32]
Words = NDArray[np.uint64]
Places = NDArray[np.int64]
Index = int | np.uint32

FALSE, UNKNOWN, TRUE = 0b00, 0b01, 0b11
UNKNOWN_CODE = 0
# Steps of figures: what to do, and up to five operands. Formulas are done on a stack of columns; what one comes to is
# kept, and comparisons look at what is kept.
PUSH, MONEY, CONSTANT, RATIO, TIMES, ADD, SUBTRACT, MULTIPLY, DIVIDE, LEAST, GREATEST, ABSOLUTE, NEGATE = range(13)
KEEP, CODE, LISTED, COMPARE = range(13, 17)
# Steps of logic: bit 0 and 1 tell how a verdict is put on what is there, the rest where it comes from.
SET, AND, OR = range(3)
WITHIN, TAKEN, NESTED, INVERT, ANSWER = range(5)
GREATER, AT_LEAST, LESS, AT_MOST, EQUAL, UNEQUAL = range(6)
# A set of thresholds: its codes fit a byte, and each search in it takes seven looks.
MOST_THRESHOLDS = 126
WIDTH_OF_SET = 128

_LARGEST = np.finfo(np.float64).max
_MICROS = 1e6
_GATHER = np.uint64(0x0102040810204080)
_LOWEST_BITS = np.uint64(0x0101010101010101)


@compiled
def figures(  # noqa: C901 # one branch for each kind of step
    steps: Steps,
    constants: Floats,
    thresholds: Floats,
    lists: Floats,
    columns: Floats,
    width: int,
    stack: Floats,
    places: Places,
    slots: Bytes,
    kept: Floats,
) -> None:
    """Do the steps of figures over the first `width` rows: verdicts and codes go to `slots`, figures to `kept`."""
    top = -1
    for at in range(len(steps)):
        kind, one, two, three = steps[at, 0], steps[at, 1], steps[at, 2], steps[at, 3]
        if kind == PUSH:
            top += 1
            _known(columns, one, stack, top, width)
        elif kind == CONSTANT:
            top += 1
            for row in range(width):
                stack[top, row] = constants[one]
        elif kind == MONEY:
            top += 1
            _units(columns, one, stack, top, width)
        elif kind == TIMES:
            _scale(constants[one], stack, top, width)
        elif kind == RATIO:
            top += 1
            _ratio(columns, one, two, constants[three], constants[three + 1], stack, top, width)
        elif kind == CODE:
            _code(thresholds, one, three, kept, two, places, slots, steps[at, 4], width)
        elif kind == LISTED:
            _listed(lists, one, two, kept, three, slots, steps[at, 4], width)
        elif kind == COMPARE:
            _compare(one, kept, two, three, constants[steps[at, 4]], slots, steps[at, 5], width)
        elif kind == KEEP:
            for row in range(width):
                kept[one, row] = stack[top, row]
            top -= 1
        elif kind in (ABSOLUTE, NEGATE):
            for row in range(width):
                stack[top, row] = abs(stack[top, row]) if kind == ABSOLUTE else -stack[top, row]
        else:
            top -= 1
            _combine(kind, stack, top, width)


@compiled
def finite(value: float) -> float:
    return value if abs(value) <= _LARGEST else np.nan


@compiled
def _known(columns: Floats, column: int, stack: Floats, top: int, width: int) -> None:
    for row in range(width):
        stack[top, row] = finite(columns[column, row])


@compiled
def _units(columns: Floats, column: int, stack: Floats, top: int, width: int) -> None:
    for row in range(width):
        stack[top, row] = finite(columns[column, row]) / _MICROS


@compiled
def _scale(times: float, stack: Floats, top: int, width: int) -> None:
    for row in range(width):
        stack[top, row] = finite(times * stack[top, row])


@compiled
def _ratio(
    columns: Floats, above: int, below: int, times: float, below_times: float, stack: Floats, top: int, width: int
) -> None:
    """Divide two sums; only the sums and the outcome need be finite, as in `metric_of`."""
    for row in range(width):
        one, two = columns[above, row], columns[below, row]
        value = (one * times) / (two * below_times)
        known = abs(one) <= _LARGEST and abs(two) <= _LARGEST and two != 0
        stack[top, row] = value if known and abs(value) <= _LARGEST else np.nan


@compiled
def _combine(kind: int, stack: Floats, top: int, width: int) -> None:
    """Put `left op right` where left is, right being above it; what is not finite is unknown at once."""
    if kind == ADD:
        for row in range(width):
            stack[top, row] = finite(stack[top, row] + stack[top + 1, row])
    elif kind == SUBTRACT:
        for row in range(width):
            stack[top, row] = finite(stack[top, row] - stack[top + 1, row])
    elif kind == MULTIPLY:
        for row in range(width):
            stack[top, row] = finite(stack[top, row] * stack[top + 1, row])
    elif kind == DIVIDE:
        for row in range(width):
            stack[top, row] = finite(stack[top, row] / stack[top + 1, row])
    else:
        for row in range(width):
            one, two = stack[top, row], stack[top + 1, row]
            other = two < one if kind == LEAST else two > one
            value = two if other else one
            stack[top, row] = np.nan if np.isnan(one) or np.isnan(two) else value


@compiled
def _code(
    thresholds: Floats,
    which: int,
    step: int,
    kept: Floats,
    value_at: int,
    places: Places,
    slots: Bytes,
    slot: int,
    width: int,
) -> None:
    """Tell where each value lies among sorted thresholds, the last of which are infinite; rows search in step."""
    for row in range(width):
        places[row] = 0
    while step:
        for row in range(width):
            below = places[row]
            places[row] = below + (step if thresholds[which, np.uint64(below + step - 1)] < kept[value_at, row] else 0)
        step >>= 1
    for row in range(width):
        value, below = kept[value_at, row], places[row]
        code = 1 + 2 * below + (1 if thresholds[which, np.uint64(below)] == value else 0)
        slots[slot, row] = UNKNOWN_CODE if np.isnan(value) else code


@compiled
def _listed(
    lists: Floats, begins: int, ends: int, kept: Floats, value_at: int, slots: Bytes, slot: int, width: int
) -> None:
    """Tell whether each value is one of the sorted numbers from `begins` to `ends`."""
    for row in range(width):
        value = kept[value_at, row]
        low, high = begins, ends
        while low < high:
            middle = (low + high) >> 1
            if lists[middle] < value:
                low = middle + 1
            else:
                high = middle
        found = low < ends and lists[low] == value
        slots[slot, row] = UNKNOWN if np.isnan(value) else (TRUE if found else FALSE)


@compiled
def _compare(kind: int, kept: Floats, left: int, right: int, times: float, slots: Bytes, slot: int, width: int) -> None:
    """Compare one figure with so many times another."""
    if kind == GREATER:
        for row in range(width):
            one, two = kept[left, row], finite(times * kept[right, row])
            slots[slot, row] = verdict_of(one > two, one, two)
    elif kind == AT_LEAST:
        for row in range(width):
            one, two = kept[left, row], finite(times * kept[right, row])
            slots[slot, row] = verdict_of(one >= two, one, two)
    elif kind == LESS:
        for row in range(width):
            one, two = kept[left, row], finite(times * kept[right, row])
            slots[slot, row] = verdict_of(one < two, one, two)
    elif kind == AT_MOST:
        for row in range(width):
            one, two = kept[left, row], finite(times * kept[right, row])
            slots[slot, row] = verdict_of(one <= two, one, two)
    else:
        for row in range(width):
            one, two = kept[left, row], finite(times * kept[right, row])
            slots[slot, row] = verdict_of((one == two) == (kind == EQUAL), one, two)


@compiled
def verdict_of(holds: bool, one: float, two: float) -> np.uint8:
    known = np.uint8(TRUE) if holds else np.uint8(FALSE)
    return known if one == one and two == two else np.uint8(UNKNOWN)  # NaN is not itself


@compiled
def logic(
    steps: Steps, slots: Bytes, width: int, stack: Bytes, words: Words, true: Bytes, unknown: Bytes, first: int
) -> None:
    """Do the steps of logic over a tile: each rule's answers go to two planes of bits, from byte `first` on.

    `words` is the stack's lowest place, eight rows a number.
    """
    for at in range(len(steps)):
        kind, how, depth, slot = steps[at, 0], steps[at, 1], steps[at, 2], steps[at, 3]
        if kind == WITHIN:
            _within(slots, slot, steps[at, 4], steps[at, 5], steps[at, 6], how, stack, depth, width)
        elif kind == TAKEN:
            _merge(slots, slot, how, stack, depth, width)
        elif kind == NESTED:
            _merge(stack, depth + 1, how, stack, depth, width)
        elif kind == INVERT:
            for row in range(width):
                stack[depth, row] = inverted(stack[depth, row])
        else:
            _pack(words, width, true, unknown, slot, first)


@compiled
def inverted(verdict: np.uint8) -> np.uint8:
    return np.uint8(((verdict & 1) << 1 | verdict >> 1) ^ TRUE)


@compiled
def _within(
    slots: Bytes, slot: int, low: int, reach: int, turned: int, how: int, stack: Bytes, depth: int, width: int
) -> None:
    """Put whether codes are in `low … low + reach` on what is there; `turned` makes those true that are outside."""
    lowest, span, turn = np.uint8(low), np.uint8(reach), np.uint8(turned)
    if how == SET:
        for row in range(width):
            stack[depth, row] = within(slots[slot, row], lowest, span, turn)
    elif how == AND:
        for row in range(width):
            stack[depth, row] &= within(slots[slot, row], lowest, span, turn)
    else:
        for row in range(width):
            stack[depth, row] |= within(slots[slot, row], lowest, span, turn)


@compiled
def within(code: np.uint8, lowest: np.uint8, span: np.uint8, turn: np.uint8) -> np.uint8:
    """Compare by arithmetic: a processor guesses wrongly at branches that hang on figures."""
    inside = np.uint8(np.uint8(code - lowest) <= span)
    known = np.uint8(code != np.uint8(UNKNOWN_CODE))
    return np.uint8((((inside * np.uint8(TRUE)) ^ turn) & (known * np.uint8(TRUE))) | (known ^ np.uint8(UNKNOWN)))


@compiled
def _merge(verdicts: Bytes, slot: int, how: int, stack: Bytes, depth: int, width: int) -> None:
    if how == SET:
        for row in range(width):
            stack[depth, row] = verdicts[slot, row]
    elif how == AND:
        for row in range(width):
            stack[depth, row] &= verdicts[slot, row]
    else:
        for row in range(width):
            stack[depth, row] |= verdicts[slot, row]


@compiled
def _pack(words: Words, width: int, true: Bytes, unknown: Bytes, rule: int, first: int) -> None:
    """Write eight rows as one byte of each plane, the first row lowest."""
    for at in range((width + 7) >> 3):
        upper = words[at] >> np.uint64(1)
        doubt = (words[at] ^ upper) & _LOWEST_BITS
        unknown[rule, first + at] = np.uint8((doubt * _GATHER) >> np.uint64(56))
        true[rule, first + at] = np.uint8(((upper & _LOWEST_BITS) * _GATHER) >> np.uint64(56))


# One row: the same steps, without columns to keep


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
    _figures_of_row(figures, constants, thresholds, lists, row, stack, kept, slots)
    for at in range(np.uint64(len(logic))):
        kind, how, depth, slot = logic[at, 0], logic[at, 1], np.uint32(logic[at, 2]), np.uint32(logic[at, 3])
        if kind == ANSWER:
            answers[slot] = (verdicts[0] & 1) + (verdicts[0] >> 1)
            continue
        if kind == INVERT:
            verdicts[depth] = inverted(verdicts[depth])
            continue
        if kind == WITHIN:
            low, reach, turned = np.uint8(logic[at, 4]), np.uint8(logic[at, 5]), np.uint8(logic[at, 6])
            verdict = within(slots[slot], low, reach, turned)
        else:
            verdict = slots[slot] if kind == TAKEN else verdicts[depth + np.uint32(1)]
        if how == AND:
            verdicts[depth] &= verdict
        elif how == OR:
            verdicts[depth] |= verdict
        else:
            verdicts[depth] = verdict


@compiled
def _figures_of_row(
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
        if kind == COMPARE:
            other = finite(constants[np.uint32(steps[at, 4])] * kept[np.uint32(steps[at, 3])])
            slots[np.uint32(steps[at, 5])] = _compared(one, kept[two], other)
        elif kind == KEEP:
            top -= first
            kept[one] = stack[top]
        elif kind == CODE:
            slots[np.uint32(steps[at, 4])] = _code_of_row(thresholds, one, np.uint32(steps[at, 3]), kept[two])
        elif kind == LISTED:
            slots[np.uint32(steps[at, 4])] = _listed_of_row(lists, one, two, kept[np.uint32(steps[at, 3])])
        elif kind == ABSOLUTE:
            stack[top - first] = abs(stack[top - first])
        elif kind == NEGATE:
            stack[top - first] = -stack[top - first]
        elif kind == TIMES:
            stack[top - first] = finite(constants[one] * stack[top - first])
        elif kind >= ADD:
            top -= first
            stack[top - first] = _combined(kind, stack[top - first], stack[top])
        else:
            stack[top] = _pushed(kind, one, two, np.uint32(steps[at, 3]), constants, row)
            top += first


@compiled
def _pushed(kind: int, one: Index, two: Index, three: Index, constants: Floats, row: Floats) -> float:
    if kind == CONSTANT:
        return constants[one]  # type: ignore[no-any-return]
    value = row[one]
    if kind == RATIO:
        below = row[two]
        known = abs(value) <= _LARGEST and abs(below) <= _LARGEST and below != 0
        return finite((value * constants[three]) / (below * constants[three + np.uint32(1)])) if known else np.nan
    known_value = finite(value)
    return known_value / _MICROS if kind == MONEY else known_value


@compiled
def _combined(kind: int, one: float, two: float) -> float:
    if kind == ADD:
        return finite(one + two)
    if kind == SUBTRACT:
        return finite(one - two)
    if kind == MULTIPLY:
        return finite(one * two)
    if kind == DIVIDE:
        return finite(one / two)
    if np.isnan(one) or np.isnan(two):
        return np.nan
    other = two < one if kind == LEAST else two > one
    return two if other else one


@compiled
def _compared(kind: Index, one: float, two: float) -> np.uint8:
    if kind == GREATER:
        return verdict_of(one > two, one, two)
    if kind == AT_LEAST:
        return verdict_of(one >= two, one, two)
    if kind == LESS:
        return verdict_of(one < two, one, two)
    if kind == AT_MOST:
        return verdict_of(one <= two, one, two)
    return verdict_of((one == two) == (kind == EQUAL), one, two)


@compiled
def _code_of_row(thresholds: Floats, which: Index, step: Index, value: float) -> Index:
    below: Index = np.uint32(0)
    while step:
        below += step if thresholds[which, below + step - np.uint32(1)] < value else np.uint32(0)
        step >>= np.uint32(1)
    code = 1 + 2 * below + (1 if thresholds[which, below] == value else 0)
    return UNKNOWN_CODE if np.isnan(value) else code


@compiled
def _listed_of_row(lists: Floats, begins: Index, ends: Index, value: float) -> int:
    found = False
    for at in range(int(begins), int(ends)):
        found = found or lists[at] == value
    return UNKNOWN if np.isnan(value) else (TRUE if found else FALSE)
