"""XML parts of a workbook, read as events and never as a tree; a part that defines entities is refused."""

from collections.abc import Callable, Iterator
from typing import IO

# No entity is ever defined: a document type is refused where it begins.
from xml.parsers import expat  # nosec B407

_CHUNK_BYTES = 1 << 18


class UnsafeXmlError(Exception):
    """A part that is not well-formed, or that carries a document type with entities."""


Start = Callable[[str, dict[str, str]], None]
Named = Callable[[str], None]


def parse(source: IO[bytes], start: Start, end: Named, text: Named) -> Iterator[None]:
    """Send the part's events to the handlers, names without their prefix, and give way after every chunk.

    Raises UnsafeXmlError.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _no_doctype

    def first(name: str, attributes: dict[str, str]) -> None:
        # Almost no workbook has prefixes: only one that has pays for taking them off.
        has_prefix = ":" in name
        parser.StartElementHandler = (lambda name, attributes: start(_local(name), attributes)) if has_prefix else start
        parser.EndElementHandler = (lambda name: end(_local(name))) if has_prefix else end
        start(_local(name), attributes)

    parser.StartElementHandler = first
    parser.CharacterDataHandler = text
    try:
        while chunk := source.read(_CHUNK_BYTES):
            parser.Parse(chunk)
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnsafeXmlError(f"broken XML: {error}") from None
    yield


def attributes_of(source: IO[bytes], element: str) -> Iterator[dict[str, str]]:
    """Return the attributes of every element of a name, without prefixes. Raises UnsafeXmlError."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == element:
            found.append({_local(key): value for key, value in attributes.items()})

    for _ in parse(source, start, _ignore, _ignore):
        yield from found
        found.clear()


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _ignore(_: str) -> None:
    pass


def _no_doctype(*_: object) -> None:
    raise UnsafeXmlError("a document type is not allowed")
