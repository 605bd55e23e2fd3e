"""Three values: a part that is not known leaves unknown what hangs on it, and unknown never fires (Kleene 1938)."""

from collections.abc import Iterable

# True, False, or None where it is not known.
Verdict = bool | None


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the conjunction: false as soon as one part is, else unknown if one part is.

    >>> all_of([True, None]), all_of([False, None]), all_of([True, True])
    (None, False, True)
    """
    found = list(verdicts)
    return False if False in found else None if None in found else True


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the disjunction: true as soon as one part is, else unknown if one part is.

    >>> any_of([False, None]), any_of([True, None]), any_of([False, False])
    (None, True, False)
    """
    found = list(verdicts)
    return True if True in found else None if None in found else False


def not_of(verdict: Verdict) -> Verdict:
    """Return the negation; of what is not known it is not known."""
    return None if verdict is None else not verdict
