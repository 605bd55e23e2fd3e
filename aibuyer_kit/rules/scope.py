"""Which objects a rule is about."""

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from aibuyer_kit.rules.conditions import MOST_VALUES, FieldLeaf
from aibuyer_kit.rules.strict import Name, Strict


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a day, such as 2026-03-31") from None
    return value


_Ids = Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_VALUES, strict=False)]


class Scope(Strict):
    """All that match everything said here; a scope that says nothing is an error.

    `include` names the only objects meant, `exclude` those that are not; ids of the object, its ad set or its campaign.
    Objects made later belong to it as well, unless `created_before` says until when.
    """

    status: Annotated[tuple[Name, ...], Field(min_length=1, max_length=10, strict=False)] | None = None
    where: Annotated[tuple[FieldLeaf, ...], Field(min_length=1, max_length=50, strict=False)] | None = None
    include: _Ids | None = None
    exclude: _Ids | None = None
    created_before: Annotated[date, BeforeValidator(_day)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Scope":
        if self.status is None and self.where is None and self.include is None:
            raise ValueError('it is empty, and would be everything. Say which, such as {"status": ["ACTIVE"]}')
        unknown = [each for each in self.status or () if each not in ("ACTIVE", "PAUSED")]
        if unknown:
            raise ValueError(f"status: {unknown[0]!r} is not one of ACTIVE, PAUSED")
        return self
