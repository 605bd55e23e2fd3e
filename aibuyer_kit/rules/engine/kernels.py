"""The machine that runs a program over a tile of rows: figures, then comparisons, then logic, all in arrays.

A verdict is a number of two bits: 0 is false, 1 unknown, 2 true, so that `all` is the least, `any` the greatest, and
`not` is 2 less it (Kleene). In a column of figures NaN is unknown.

Comparisons with numbers are done once a figure for all rules: `code` tells where it lies among the thresholds that
any rule compares it with (0 is unknown; then odd for between two, even for equal to one), and each comparison is then
whether that code is within two bounds.
"""

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.rules.engine.compiled import compiled

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Steps = NDArray[np.int64]
Words = NDArray[np.uint64]

FALSE, UNKNOWN, TRUE = 0, 1, 2
UNKNOWN_CODE = 0
# Steps of figures, on a stack of columns: what to do, and up to three operands.
PUSH, CONSTANT, MONEY, RATIO, ADD, SUBTRACT, MULTIPLY, DIVIDE, LEAST, GREATEST, ABSOLUTE, NEGATE = range(12)
CODE, LISTED, COMPARE, KEEP, DROP = range(12, 17)
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
def figures(
    steps: Steps,
    constants: Floats,
    thresholds: Floats,
    lists: Floats,
    columns: Floats,
    width: int,
    stack: Floats,
    slots: Bytes,
    kept: Floats,
) -> None:
    """Do the steps of figures over the first `width` rows: verdicts and codes go to `slots`, figures to `kept`."""
    top = -1
    for at in range(len(steps)):
        kind, one, two, three = steps[at, 0], steps[at, 1], steps[at, 2], steps[at, 3]
        if kind == PUSH:
            top += 1
            _known(columns[one], stack[top], width)
        elif kind == CONSTANT:
            top += 1
            for row in range(width):
                stack[top, row] = constants[one]
        elif kind == MONEY:
            for row in range(width):
                stack[top, row] /= _MICROS
        elif kind == RATIO:
            top += 1
            _ratio(columns[one], columns[two], constants[three], constants[three + 1], stack[top], width)
        elif kind == CODE:
            _code(thresholds[one], stack[top], slots[two], width)
        elif kind == LISTED:
            _listed(lists, one, two, stack[top], slots[three], width)
        elif kind == COMPARE:
            top -= 2
            _compare(one, stack[top + 1], stack[top + 2], slots[two], width)
        elif kind == KEEP:
            for row in range(width):
                kept[one, row] = stack[top, row]
        elif kind == DROP:
            top -= 1
        elif kind == ABSOLUTE or kind == NEGATE:
            for row in range(width):
                stack[top, row] = abs(stack[top, row]) if kind == ABSOLUTE else -stack[top, row]
        else:
            top -= 1
            _combine(kind, stack[top], stack[top + 1], width)


@compiled
def _known(column: Floats, out: Floats, width: int) -> None:
    for row in range(width):
        value = column[row]
        out[row] = value if abs(value) <= _LARGEST else np.nan


@compiled
def _ratio(above: Floats, below: Floats, times: float, below_times: float, out: Floats, width: int) -> None:
    """Divide two sums; only the sums and the outcome need be finite, as in `metric_of`."""
    for row in range(width):
        value = (above[row] * times) / (below[row] * below_times)
        known = abs(above[row]) <= _LARGEST and abs(below[row]) <= _LARGEST and below[row] != 0
        out[row] = value if known and abs(value) <= _LARGEST else np.nan


@compiled
def _combine(kind: int, left: Floats, right: Floats, width: int) -> None:
    """Put `left op right` into `left`; what is not finite is unknown at once."""
    if kind == ADD:
        for row in range(width):
            value = left[row] + right[row]
            left[row] = value if abs(value) <= _LARGEST else np.nan
    elif kind == SUBTRACT:
        for row in range(width):
            value = left[row] - right[row]
            left[row] = value if abs(value) <= _LARGEST else np.nan
    elif kind == MULTIPLY:
        for row in range(width):
            value = left[row] * right[row]
            left[row] = value if abs(value) <= _LARGEST else np.nan
    elif kind == DIVIDE:
        for row in range(width):
            value = left[row] / right[row]
            left[row] = value if abs(value) <= _LARGEST else np.nan
    else:
        for row in range(width):
            one, two = left[row], right[row]
            other = two < one if kind == LEAST else two > one
            value = two if other else one
            left[row] = np.nan if np.isnan(one) or np.isnan(two) else value


@compiled
def _code(thresholds: Floats, values: Floats, out: Bytes, width: int) -> None:
    """Tell where each value lies among sorted thresholds, of which the last are infinite."""
    for row in range(width):
        value = values[row]
        below = 0
        step = WIDTH_OF_SET // 2
        while step:
            below += step if thresholds[below + step - 1] < value else 0
            step >>= 1
        code = 1 + 2 * below + (1 if thresholds[below] == value else 0)
        out[row] = UNKNOWN_CODE if np.isnan(value) else code


@compiled
def _listed(lists: Floats, begins: int, ends: int, values: Floats, out: Bytes, width: int) -> None:
    """Tell whether each value is one of the sorted numbers from `begins` to `ends`."""
    for row in range(width):
        value = values[row]
        low, high = begins, ends
        while low < high:
            middle = (low + high) // 2
            if lists[middle] < value:
                low = middle + 1
            else:
                high = middle
        found = low < ends and lists[low] == value
        out[row] = UNKNOWN if np.isnan(value) else (TRUE if found else FALSE)


@compiled
def _compare(kind: int, left: Floats, right: Floats, out: Bytes, width: int) -> None:
    for row in range(width):
        one, two = left[row], right[row]
        if kind == GREATER:
            holds = one > two
        elif kind == AT_LEAST:
            holds = one >= two
        elif kind == LESS:
            holds = one < two
        elif kind == AT_MOST:
            holds = one <= two
        elif kind == EQUAL:
            holds = one == two
        else:
            holds = one != two
        out[row] = UNKNOWN if np.isnan(one) or np.isnan(two) else (TRUE if holds else FALSE)


@compiled
def logic(
    steps: Steps, slots: Bytes, width: int, stack: Bytes, words: Words, true: Bytes, unknown: Bytes, first: int
) -> None:
    """Do the steps of logic over a tile: each rule's answers go to two planes of bits, from byte `first` on.

    `words` is the stack's lowest place, eight rows a number.
    """
    for at in range(len(steps)):
        kind, how, depth = steps[at, 0], steps[at, 1], steps[at, 2]
        one = stack[depth]
        if kind == WITHIN:
            slot = slots[steps[at, 3]]
            _within(slot, steps[at, 4], steps[at, 5], steps[at, 6], how, one, width)
        elif kind == TAKEN:
            _merge(slots[steps[at, 3]], how, one, width)
        elif kind == NESTED:
            _merge(stack[depth + 1], how, one, width)
        elif kind == INVERT:
            for row in range(width):
                one[row] = np.uint8(TRUE) - one[row]
        else:
            rule = steps[at, 3]
            _pack(words, width, true[rule], unknown[rule], first)


@compiled
def _within(codes: Bytes, low: int, reach: int, turned: int, how: int, out: Bytes, width: int) -> None:
    """Put whether codes are in `low … low + reach` on what is there; `turned` is 2 for those outside."""
    lowest, span, turn = np.uint8(low), np.uint8(reach), np.uint8(turned)
    if how == SET:
        for row in range(width):
            out[row] = _one(codes[row], lowest, span, turn)
    elif how == AND:
        for row in range(width):
            out[row] = min(out[row], _one(codes[row], lowest, span, turn))
    else:
        for row in range(width):
            out[row] = max(out[row], _one(codes[row], lowest, span, turn))


@compiled
def _one(code: np.uint8, lowest: np.uint8, span: np.uint8, turn: np.uint8) -> np.uint8:
    verdict = np.uint8(TRUE) if np.uint8(code - lowest) <= span else np.uint8(FALSE)
    return np.uint8(UNKNOWN) if code == np.uint8(UNKNOWN_CODE) else np.uint8(verdict ^ turn)


@compiled
def _merge(verdicts: Bytes, how: int, out: Bytes, width: int) -> None:
    if how == SET:
        for row in range(width):
            out[row] = verdicts[row]
    elif how == AND:
        for row in range(width):
            out[row] = min(out[row], verdicts[row])
    else:
        for row in range(width):
            out[row] = max(out[row], verdicts[row])


@compiled
def _pack(words: Words, width: int, true: Bytes, unknown: Bytes, first: int) -> None:
    """Write eight rows as one byte of each plane, the first row lowest."""
    for at in range((width + 7) >> 3):
        word = words[at]
        unknown[first + at] = np.uint8(((word & _LOWEST_BITS) * _GATHER) >> np.uint64(56))
        true[first + at] = np.uint8((((word >> np.uint64(1)) & _LOWEST_BITS) * _GATHER) >> np.uint64(56))
