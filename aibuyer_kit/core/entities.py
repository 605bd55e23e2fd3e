"""The levels of an ad account and how they nest."""

from enum import StrEnum


class Level(StrEnum):
    """A level of an ad account, from the widest to the finest."""

    ACCOUNT = "account"
    CAMPAIGN = "campaign"
    ADSET = "adset"
    AD = "ad"

    @property
    def depth(self) -> int:
        """0 for the account, 3 for an ad: a fact rolls up to every level of a smaller depth."""
        return list(Level).index(self)


def parse_level(text: str) -> Level:
    """Return the level called `text`. Raises InputError that lists the levels there are."""
    from aibuyer_kit.core.errors import InputError

    try:
        return Level(text)
    except ValueError:
        raise InputError(f"There is no level {text!r}. Known: {', '.join(Level)}.") from None
