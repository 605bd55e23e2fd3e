"""The parameters of a notebook template: read from its `parameters` cell, checked before anything runs.

Each is one line, `name: type = default  # comment`, with str, int, float or bool as type. The first word of a text's
comment may narrow it: `day` (YYYY-MM-DD), `moment` (a load number, or a moment with its zone) or `language`; the empty
text is always allowed.
"""

import ast
import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from aibuyer_kit.core.dates import parse_day
from aibuyer_kit.core.errors import InputError, ParameterError
from aibuyer_kit.core.i18n import known_locale
from aibuyer_kit.workflows.period import parse_as_of

Value = str | int | float | bool
_TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_INJECTED = "# Parameters"
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """One declared parameter; `kind` is `day`, `moment`, `language` or empty."""

    name: str
    type_name: str
    default: Value
    comment: str

    @property
    def kind(self) -> str:
        first = self.comment.partition(" ")[0].strip(",.;:")
        return first if self.type_name == "str" and first in _KINDS else ""


_KINDS: Mapping[str, Callable[[str], object]] = {
    "day": lambda text: parse_day(text),
    "moment": parse_as_of,
    "language": known_locale,
}


def declared_parameters(source: str, *, place: str = "the parameters cell") -> tuple[Parameter, ...]:
    """Return the parameters that a cell's source declares.

    Raises ParameterError for a line that is not `name: type = default  # comment`.
    """
    lines = source.splitlines()
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise ParameterError(f"{place}: line {error.lineno} is not Python: {error.msg}.") from None
    return tuple(_declared(statement, lines[(statement.end_lineno or 1) - 1], place) for statement in statements)


def _declared(statement: ast.stmt, line: str, place: str) -> Parameter:
    expected = f"{place}: {line.strip()!r} must read `name: type = default  # comment`"
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        raise ParameterError(f"{expected}.")
    type_name = statement.annotation.id if isinstance(statement.annotation, ast.Name) else ""
    try:
        default: Any = ast.literal_eval(statement.value) if statement.value else None
    except ValueError:
        default = None
    # Python counts columns in bytes.
    comment = line.encode()[statement.end_col_offset or 0 :].decode().strip()
    if type_name not in _TYPES or type(default) is not _TYPES[type_name] or not comment.startswith("#"):
        raise ParameterError(f"{expected}, where type is one of {', '.join(_TYPES)}.")
    return Parameter(statement.target.id, type_name, cast(Value, default), comment.lstrip("# "))


def checked_values(
    declared: tuple[Parameter, ...], given: Mapping[str, Any], *, from_text: bool = True
) -> dict[str, Value]:
    """Return the given values in their declared types; with `from_text`, text is read as its type asks.

    Raises ParameterError for a name that is not declared and for a value that does not fit.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ParameterError(f"There is no parameter {name!r}.{hint} Known: {', '.join(sorted(known)) or 'none'}.")
    return {name: _checked(known[name], value, from_text) for name, value in given.items()}


def _checked(parameter: Parameter, value: Any, from_text: bool) -> Value:
    typed = _from_text(parameter, value) if from_text and isinstance(value, str) else value
    if parameter.type_name == "float" and type(typed) is int:
        typed = float(typed)
    if type(typed) is not _TYPES[parameter.type_name] or (isinstance(typed, float) and not math.isfinite(typed)):
        raise _mistyped(parameter, value)
    if parameter.kind and isinstance(typed, str) and typed:
        _check_kind(parameter, typed)
    return cast(Value, typed)


def _from_text(parameter: Parameter, text: str) -> Value:
    if parameter.type_name == "int" and re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return int(text)
    if parameter.type_name == "float" and _FLOAT.fullmatch(text):
        return float(text)
    if parameter.type_name == "bool" and text in ("true", "false"):
        return text == "true"
    return text


def _check_kind(parameter: Parameter, text: str) -> None:
    try:
        _KINDS[parameter.kind](text)
    except InputError as error:
        raise ParameterError(f"The parameter {parameter.name!r}: {error}") from None


def _mistyped(parameter: Parameter, value: Any) -> ParameterError:
    expected = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true or false"}
    cure = f"Expected {expected[parameter.type_name]}, such as {parameter.default!r}."
    if parameter.type_name == "str":
        cure += " With papermill, `-r` gives a value as text."
    return ParameterError(f"The parameter {parameter.name!r} is {value!r}. {cure}")


def check_parameters(namespace: Mapping[str, Any]) -> None:
    """Check a running notebook's own parameters: call it as `check_parameters(globals())` in the first cell after them.

    It catches what a runner that does not check lets through. Raises ParameterError.
    """
    history = [source for source in namespace.get("In", ()) if isinstance(source, str)]
    cells = [source for source in history if _declares(source)]
    if not cells:
        return
    declared = declared_parameters(cells[-1])
    injected = {name for source in history if source.startswith(_INJECTED) for name in _assigned(source)}
    names = {parameter.name for parameter in declared} | injected
    checked_values(declared, {name: namespace[name] for name in sorted(names) if name in namespace}, from_text=False)


def _declares(source: str) -> bool:
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return False
    return bool(statements) and all(isinstance(statement, ast.AnnAssign) for statement in statements)


def _assigned(source: str) -> set[str]:
    statements = ast.parse(source).body
    targets = (target for statement in statements if isinstance(statement, ast.Assign) for target in statement.targets)
    return {target.id for target in targets if isinstance(target, ast.Name)}
