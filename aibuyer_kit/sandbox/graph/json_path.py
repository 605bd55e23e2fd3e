"""The part of JSONPath by which an item of a batch takes ids from another's answer."""

import re

from aibuyer_kit.sandbox.graph.errors import invalid_parameter

_PATH = re.compile(r"\$(?:\.(?:\w+|\*)|\[(?:\d+|\*)\])+")
_STEP = re.compile(r"\w+|\*")


def check_path(path: str) -> str:
    """Return the path. Raises GraphError for one of another form."""
    if not _PATH.fullmatch(path):
        raise invalid_parameter(f"batch: the path {path!r} is not imitated; give one such as $.data.*.id.")
    return path


def found_at(content: object, path: str) -> list[str]:
    """Return the texts and numbers at a path, as texts.

    >>> found_at({"data": [{"id": "1"}, {"id": "2"}]}, "$.data.*.id"), found_at({"data": [{"id": 3}]}, "$.data[0].id")
    (['1', '2'], ['3'])
    """
    found = [content]
    for step in _STEP.findall(path):
        found = [inner for one in found for inner in _inner(one, step)]
    return [str(one) for one in found if isinstance(one, str | int) and not isinstance(one, bool)]


def _inner(content: object, step: str) -> list[object]:
    match content:
        case dict():
            return list(content.values()) if step == "*" else [content[step]] if step in content else []
        case list() if step == "*":
            return list(content)
        case list() if step.isdigit() and int(step) < len(content):
            return [content[int(step)]]
    return []
