"""From the bytes of a rule file to a rule, or to an error that names the file, the place and the nearest known name.

What is too large or too deep is refused before anything is built of it.
"""

import difflib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from pydantic import ValidationError

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.language import KNOWN_AT, Rule, rule_of
from aibuyer_kit.rules.strict import LONGEST_NAME

MOST_BYTES = 65_536
MOST_DEPTH = 8
MOST_NODES = 200
_LONGEST_MESSAGE = 600


def parse_rule(content: bytes, source: str, metrics: Mapping[str, str] | None = None) -> Rule:
    """Return the rule that a file holds. Raises RuleError; `source` is how the file is named in it."""
    if len(content) > MOST_BYTES:
        raise RuleError(f"{source}: it has {len(content):,} bytes; a rule has at most {MOST_BYTES:,}.")
    document = _decoded(content, source)
    _check_size(document.get("when"), source)
    try:
        return rule_of(document, metrics)
    except ValidationError as error:
        raise RuleError(f"{source}: {_told(error)}") from None
    except RecursionError:
        raise RuleError(f"{source}: it is nested too deeply.") from None


def _decoded(content: bytes, source: str) -> dict[str, Any]:
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse
        )
    except RecursionError:
        raise RuleError(f"{source}: it is nested too deeply.") from None
    except ArithmeticError:
        raise RuleError(f"{source}: it is not strict JSON: a number in it is beyond all bounds.") from None
    except ValueError as error:
        raise RuleError(f"{source}: it is not strict JSON: {_short(str(error))}.") from None
    if not isinstance(document, dict):
        raise RuleError(f"{source}: a rule is a JSON object, with id, name, level, scope, when and then.")
    return document


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {_short(twice)!r} stands twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")


def _check_size(condition: object, source: str) -> None:
    """Refuse a tree of conditions that is deeper or larger than any that a person reads."""
    waiting, nodes = [(condition, 1)], 0
    while waiting:
        one, depth = waiting.pop()
        nodes += 1
        if depth > MOST_DEPTH:
            raise RuleError(f"{source}: when: conditions are nested deeper than {MOST_DEPTH} levels.")
        if nodes > MOST_NODES:
            raise RuleError(f"{source}: when: there are more than {MOST_NODES} conditions.")
        if isinstance(one, Mapping):
            for key in ("all", "any"):
                parts = one.get(key)
                waiting += [(part, depth + 1) for part in parts] if isinstance(parts, list) else []
            if "not" in one:
                waiting.append((one["not"], depth + 1))


def _told(error: ValidationError) -> str:
    """Return the first thing that is wrong, with its place as it stands in the file."""
    found = error.errors(include_url=False, include_context=False)
    # A name that is written wrong is told before the one that is missing for it.
    first = min(found, key=lambda each: each["type"] != "extra_forbidden")
    loc, kind = first["loc"], first["type"]
    shown = [str(part) for part in loc if not _is_tag(part)]
    if kind == "extra_forbidden":
        name, known = str(loc[-1])[:LONGEST_NAME], _known_fields(loc[:-1])
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        where = ".".join(shown[:-1])
        prefix = f"{_short(where)}: " if where else ""
        return f"{prefix}there is no field {_short(name)!r}.{hint} Known: {', '.join(known)}."
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    where = _short(".".join(shown))
    return _short(f"{where}: {said}." if where else f"{said}.", _LONGEST_MESSAGE)


def _known_fields(loc: Sequence[int | str]) -> list[str]:
    places = [part for part in loc if isinstance(part, str)]
    model = KNOWN_AT.get(places[-1], Rule) if places else Rule
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_tag(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith("<")


def _short(text: str, most: int = 120) -> str:
    plain = "".join(each if each.isprintable() else "?" for each in text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
