"""What every part of a rule file has in common: strict JSON, exact numbers, text of a sane length."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from aibuyer_kit.core.money import MAX_UNITS

LONGEST_NAME = 200
_FINEST_EXPONENT = -12
_UNITS = {"m": 1, "h": 60, "d": 1440}
_LONGEST_MINUTES = 366 * 1440


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _exact(value: object) -> object:
    """Return a number as it is written, within what money and counts can be."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value!r} is not a number")
    number = Decimal(value)
    if not number.is_finite() or abs(number) > MAX_UNITS or (number and number.adjusted() < _FINEST_EXPONENT):
        raise ValueError(f"a number between 1e{_FINEST_EXPONENT} and {MAX_UNITS:,}, or 0, is wanted")
    return number.normalize()


def exact_numbers(content: Any) -> Any:
    """Return a document of Python's own numbers as a rule takes them: a float as it is written.

    >>> exact_numbers({"value": 0.1})
    {'value': Decimal('0.1')}
    """
    if isinstance(content, Mapping):
        return {name: exact_numbers(each) for name, each in content.items()}
    if isinstance(content, list | tuple):
        return [exact_numbers(each) for each in content]
    return Decimal(repr(content)) if isinstance(content, float) else content


def minutes_of(text: str) -> int:
    """Return a duration in minutes. Raises ValueError.

    >>> minutes_of("15m"), minutes_of("6h"), minutes_of("2d")
    (15, 360, 2880)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text, re.ASCII)
    if not found or (minutes := int(found[1]) * _UNITS[found[2]]) > _LONGEST_MINUTES:
        raise ValueError(f"{text!r} is not a duration up to a year, such as 15m, 6h or 2d")
    return minutes


def _is_a_duration(text: str) -> str:
    minutes_of(text)
    return text


Number = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number"})]
Amount = Annotated[Number, Field(gt=0)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Duration = Annotated[str, Field(max_length=10), AfterValidator(_is_a_duration)]
