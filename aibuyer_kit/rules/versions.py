"""Two versions of a rule: what differs in what they say, and one with a value changed."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from aibuyer_kit.core.errors import InputError, RuleError
from aibuyer_kit.rules.language import Rule, rule_of

# One place where two rules differ: its path, and what stands there in each; None where there is nothing.
Difference = tuple[str, Any, Any]


def document_of(rule: Rule) -> dict[str, Any]:
    """Return what a rule says as plain content; what is left out is as it is by default."""
    content: dict[str, Any] = rule.model_dump(by_alias=True, exclude_defaults=True)
    return content


def differences(left: Rule, right: Rule) -> list[Difference]:
    """Return every place where two rules differ, in the order of the left one, then of the right one."""
    one, other = dict(_leaves(document_of(left), "")), dict(_leaves(document_of(right), ""))
    return [(path, one.get(path), other.get(path)) for path in {**one, **other} if one.get(path) != other.get(path)]


def values_of(rule: Rule) -> Iterator[tuple[str, Any]]:
    """Yield each plain value that a rule holds, with its place."""
    yield from _leaves(document_of(rule), "")


def is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def with_value(rule: Rule, path: str, value: Any) -> Rule:
    """Return the rule with another value at a path such as `when.all.0.value`.

    Raises InputError for a path that leads nowhere, RuleError for a value that has no place there.
    """
    document = _copied(document_of(rule))
    steps = [int(step) if step.isdigit() else step for step in path.split(".")]
    inner: Any = document
    try:
        for step in steps[:-1]:
            inner = inner[step]
        last: Any = steps[-1]
        if isinstance(inner, list):
            inner[last]
        inner[last] = value
    except (KeyError, IndexError, TypeError):
        known = ", ".join(each for each, _ in _leaves(document_of(rule), ""))
        raise InputError(f"{rule.id} has nothing at {path!r}. It has: {known}.") from None
    try:
        return rule_of(document)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ").rstrip(".")
        raise RuleError(f"{rule.id}: {path}: {said}.") from None


def _leaves(content: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each plain value with the path that leads to it."""
    inner: Iterator[tuple[Any, Any]]
    if isinstance(content, Mapping):
        inner = iter(content.items())
    elif isinstance(content, Sequence) and not isinstance(content, str):
        inner = iter(enumerate(content))
    else:
        yield path, content
        return
    for step, value in inner:
        yield from _leaves(value, f"{path}.{step}" if path else str(step))


def _copied(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {name: _copied(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_copied(value) for value in content]
    return content


def plain_value(text: str) -> Any:
    """Return a value as it is typed: an exact number, true or false, or else the text itself.

    >>> plain_value("1.50"), plain_value("true"), plain_value("yesterday")
    (Decimal('1.50'), True, 'yesterday')
    """
    if text in ("true", "false"):
        return text == "true"
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    return int(text) if text.lstrip("-").isdigit() else number if number.is_finite() else text
