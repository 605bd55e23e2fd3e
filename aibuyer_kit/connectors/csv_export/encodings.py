"""Bytes become text: by their mark, as UTF-8, or as Windows-1251 where nothing else can be meant."""

import re
from pathlib import Path

from aibuyer_kit.core.errors import ImportFileError

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CYRILLIC = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяёъыэ"
_LETTERS = frozenset(_CYRILLIC + _CYRILLIC.upper())
_SIGNS = frozenset("«»„“”‘’–—…№•°§±·\u00a0©®™€")
# The letters of most Ukrainian and Russian text. Under a wrong encoding others take their place.
_FREQUENT = frozenset("оаиіентрсвлк")
_WORDS = re.compile(r"[^\W\d_]+")
_STATE = (
    "State its encoding in a mapping, as in encoding = \"{encoding}\", or save it as 'CSV UTF-8': "
    "iconv -f {encoding} -t UTF-8 old.csv > new.csv"
)


def decoded(path: Path, content: bytes, stated: str | None = None) -> tuple[str, str]:
    """Return the text of a file and the encoding it was read in.

    Raises ImportFileError if the bytes are not what the mapping states, or if none is stated and a doubt remains.
    """
    encoding = stated or _utf16(content) or "utf-8"
    try:
        return _text(content, encoding), encoding
    except UnicodeDecodeError as error:
        if stated or encoding != "utf-8":
            raise _wrong(path, content, encoding, error) from None
        text = _as_cp1251(content)
        if text is None:
            raise _unknown(path, content, error) from None
        return text, "cp1251"


def _text(content: bytes, encoding: str) -> str:
    if encoding.startswith("utf-16"):
        text = content.decode("utf-16" if content.startswith(_UTF16_MARKS) else encoding)
        return text.removeprefix("\ufeff")
    return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)


def _utf16(content: bytes) -> str | None:
    if content.startswith(_UTF16_MARKS):
        return "utf-16"
    # Text that begins with an ASCII letter has a zero byte beside it in UTF-16, and nowhere in UTF-8.
    if content[1:2] == b"\0" and content[:1] != b"\0":
        return "utf-16-le"
    return "utf-16-be" if content[:1] == b"\0" and content[1:2] not in (b"\0", b"") else None


def _as_cp1251(content: bytes) -> str | None:
    """Return the text as Windows-1251 if it reads as Ukrainian or Russian: no other letters, no mixed words."""
    try:
        text = content.decode("cp1251")
    except UnicodeDecodeError:
        return None
    foreign = {sign for sign in set(text) if ord(sign) > 127} - _LETTERS - _SIGNS
    words = {word for word in _WORDS.findall(text) if not word.isascii()}
    if foreign or not words or not all(map(_is_one_word, words)) or max(map(len, words)) < 3:
        return None
    letters = "".join(words).casefold()
    return text if sum(letter in _FREQUENT for letter in letters) >= 0.5 * len(letters) else None


def _is_one_word(word: str) -> bool:
    """Whether all letters are Cyrillic and a capital stands only in front, or everywhere."""
    return set(word) <= _LETTERS and (word[1:].islower() or word.isupper() or len(word) == 1)


def _wrong(path: Path, content: bytes, encoding: str, error: UnicodeDecodeError) -> ImportFileError:
    return ImportFileError(
        f"{path}: {_place(content, error)} is not {encoding.upper()}. Export the file again, or state its encoding "
        f'in a mapping, as in encoding = "cp1251".'
    )


def _unknown(path: Path, content: bytes, error: UnicodeDecodeError) -> ImportFileError:
    return ImportFileError(
        f"{path}: {_place(content, error)} is not UTF-8, and the text does not read as Windows-1251 without a doubt. "
        f"{_STATE.format(encoding='cp1251')} (in place of cp1251, the encoding that it has)."
    )


def _place(content: bytes, error: UnicodeDecodeError) -> str:
    line = content.count(b"\n", 0, error.start) + 1
    shown = content[error.start : error.start + 1].hex()
    return f"line {line} (byte 0x{shown} at {error.start})"
