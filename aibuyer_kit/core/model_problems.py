"""What is wrong with a setting, in words: where it stands, what it must be, what it is, and the nearest known key."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

Place = Sequence[str | int]

# What a value must be, by the kind of problem; the marks are what pydantic tells besides.
_MUST_BE = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be {expected}",
    "string_type": "must be text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "list_type": "must be a list, as [ … ]",
    "tuple_type": "must be a list, as [ … ]",
    "dict_type": "must be a section or a table, as { … }",
    "model_type": "must be a section or a table, as { … }",
    "model_attributes_type": "must be a section or a table, as { … }",
}
_SECRETS = ("secret", "token")


def first_problem(errors: Sequence[Mapping[str, Any]], model: type) -> tuple[str, str]:
    """Return the place of the first of pydantic's errors (`accounts.0.id`), and what is wrong there.

    A key that there is not goes first: another one may only seem to be missing because of it.
    """
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    return ".".join(map(str, first["loc"])), problem_words(first, model)


def problem_words(error: Mapping[str, Any], model: type) -> str:
    """Return what is wrong, and what to write, from one error of pydantic and the model that was checked."""
    kind, place = error["type"], error["loc"]
    if kind == "extra_forbidden":
        known = _keys_at(model, place[:-1])
        near = difflib.get_close_matches(str(place[-1]), known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"there is no such key.{hint} Known here: {', '.join(known)}"
    if kind == "missing":
        return "is missing; add it"
    if kind == "string_pattern_mismatch":
        described = getattr(_field_at(model, place), "description", None)
        must = f"must be {described}" if described else f"must match {error['ctx']['pattern']}"
    elif kind in _MUST_BE:
        must = _MUST_BE[kind].format(**error.get("ctx", {}))
    else:
        return str(error["msg"]).removeprefix("Value error, ")
    is_secret = any(mark in str(part) for part in place for mark in _SECRETS)
    return must if is_secret else f"{must}, and is {_shown(error['input'])}"


def _shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _keys_at(model: type, place: Place) -> list[str]:
    """Return the keys that a section may have."""
    *_, (found, _) = _path(model, place)
    return list(getattr(found, "model_fields", {}))


def _field_at(model: type, place: Place) -> object:
    """Return the field that a value belongs to, if any."""
    *_, (_, field) = _path(model, place)
    return field


def _path(model: type, place: Place) -> Iterator[tuple[type, object]]:
    """Yield the model and the field at each step down to a place; a table's names and a list's numbers are no steps."""
    field: object = None
    yield model, field
    for part in place:
        field = getattr(model, "model_fields", {}).get(part, field)
        inner = _model_in(getattr(field, "annotation", None))
        model = inner or model
        yield model, field


def _model_in(annotation: object) -> type | None:
    """Return the model that an annotation holds, such as the one of `tuple[AccountSection, ...]`."""
    if hasattr(annotation, "model_fields"):
        return annotation if isinstance(annotation, type) else None
    return next((found for each in get_args(annotation) if (found := _model_in(each))), None)
