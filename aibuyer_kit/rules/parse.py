"""From the bytes of a rule file to a rule, or to an error that names the file, the place and the nearest known name.

What is too large or too deep is refused before anything is built of it.
"""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from pydantic import ValidationError

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.language import KNOWN_AT, Rule, rule_of
from aibuyer_kit.rules.places import key_position, position
from aibuyer_kit.rules.strict import LONGEST_NAME

MOST_BYTES = 65_536
MOST_DEPTH = 8
MOST_NODES = 200
# Conditions, lists of them, and what stands around and within them.
_MOST_BRACKETS = 2 * MOST_DEPTH + 24
_TEXT_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[][{}]', re.DOTALL)


def parse_rule(content: bytes, source: str, metrics: Mapping[str, str] | None = None) -> Rule:
    """Return the rule that a file holds; `metrics` are the client's own, name to formula.

    Raises RuleError that begins with `source`, how the file is named, and the line and the column.
    """
    if len(content) > MOST_BYTES:
        raise RuleError(f"{source}: it has {len(content):,} bytes; a rule has at most {MOST_BYTES:,}.")
    document = _decoded(content, source)
    _check_size(document.get("when"), source)
    try:
        return rule_of(document, metrics)
    except ValidationError as error:
        raise RuleError(_told(error, content.decode("utf-8"), source)) from None
    except RecursionError:
        raise RuleError(f"{source}: it is nested too deeply.") from None


def _decoded(content: bytes, source: str) -> dict[str, Any]:
    if _is_too_deep(content):
        raise RuleError(f"{source}: it is nested too deeply.")
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_object, parse_float=Decimal, parse_constant=_refuse
        )
    except ArithmeticError:
        raise RuleError(f"{source}: it is not strict JSON: a number in it is beyond all bounds.") from None
    except json.JSONDecodeError as error:
        raise RuleError(f"{source}:{error.lineno}:{error.colno}: it is not strict JSON: {error.msg}.") from None
    except ValueError as error:
        raise RuleError(f"{source}: it is not strict JSON: {_short(str(error))}.") from None
    if not isinstance(document, dict):
        raise RuleError(f"{source}: a rule is a JSON object, with id, name, level, scope, when and then.")
    return document


def _is_too_deep(content: bytes) -> bool:
    """Return whether brackets stand in each other deeper than in any rule; those in texts do not count."""
    depth = 0
    for found in _TEXT_OR_BRACKET.finditer(content):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(found[0], 0)
        if depth > _MOST_BRACKETS:
            return True
    return False


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


def _told(error: ValidationError, text: str, source: str) -> str:
    """Return the first thing that is wrong, with its line, its column and its place as it stands in the file."""
    found = error.errors(include_url=False, include_context=False)
    # A name that is written wrong is told before the one that is missing for it.
    first = min(found, key=lambda each: each["type"] != "extra_forbidden")
    loc = first["loc"]
    path = [part for part in loc if not _is_tag(part)]
    is_name = first["type"] == "extra_forbidden"
    line, column = key_position(text, path) if is_name else position(text, path)
    where = _short(".".join(str(part) for part in (path[:-1] if is_name else path)))
    said = _unknown_name(loc) if is_name else _short(first["msg"].removeprefix("Value error, ").rstrip("."), 600)
    return f"{source}:{line}:{column}: {f'{where}: ' if where else ''}{said}."


def _unknown_name(loc: Sequence[int | str]) -> str:
    name, known = str(loc[-1])[:LONGEST_NAME], _known_fields(loc[:-1])
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"there is no field {_short(name)!r}.{hint} Known: {', '.join(known)}"


def _known_fields(loc: Sequence[int | str]) -> list[str]:
    places = [part for part in loc if isinstance(part, str)]
    model = KNOWN_AT.get(places[-1], Rule) if places else Rule
    return [field.alias or name for name, field in model.model_fields.items()]


def _is_tag(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith("<")


def _short(text: str, most: int = 120) -> str:
    plain = "".join(each if each.isprintable() else "?" for each in text)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"
