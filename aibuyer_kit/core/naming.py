"""Names that follow a convention, taken apart into dimensions; a name that does not follow it is never guessed at."""

from dataclasses import dataclass

from aibuyer_kit.core.entities import Level

LONGEST_PATTERN = 500
# Longer names than platforms allow are not read, so that a hostile one costs nothing.
LONGEST_NAME = 1_000


@dataclass(frozen=True)
class NameRule:
    """How names of one level are written: `dimensions` between separators, or the named groups of a pattern (RE2)."""

    level: Level
    dimensions: tuple[str, ...]
    separator: str = ""
    pattern: str = ""


def split_name(name: str, rule: NameRule) -> dict[str, str] | None:
    """Return the dimensions of a name that is written with separators; None if their number differs or one is empty.

    >>> split_name("UA_top_shoes", NameRule(Level.CAMPAIGN, ("market", "funnel", "product"), "_"))
    {'market': 'UA', 'funnel': 'top', 'product': 'shoes'}
    >>> split_name("UA_top", NameRule(Level.CAMPAIGN, ("market", "funnel", "product"), "_"))
    """
    parts = [part.strip() for part in name.split(rule.separator)] if len(name) <= LONGEST_NAME else []
    if len(parts) != len(rule.dimensions) or not all(parts):
        return None
    return dict(zip(rule.dimensions, parts, strict=True))
