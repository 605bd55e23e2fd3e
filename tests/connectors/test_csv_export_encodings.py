"""Encodings: by their mark, by what the text can only be, or by what the mapping states; never a guess."""

from pathlib import Path

import pytest

from aibuyer_kit.connectors.csv_export.encodings import decoded
from aibuyer_kit.core.errors import ImportFileError

TEXT = "День;Назва кампанії;Витрачена сума (UAH)\n2026-03-01;Ґудзики — весна «2026»;1 234,50\n"
FILE = Path("export.csv")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("cp1251", "cp1251"),
    ],
)
def test_a_ukrainian_export_is_read_in_the_encodings_that_programs_write(encoding: str, name: str) -> None:
    """Excel saves CSV as Windows-1251 on a Ukrainian computer, and 'Unicode text' as UTF-16."""
    assert decoded(FILE, TEXT.encode(encoding)) == (TEXT, name)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_told_by_its_zero_bytes(encoding: str) -> None:
    """A header that begins with a Latin letter shows it."""
    text = "Day;Campaign\n2026-03-01;Ґудзики\n"
    assert decoded(FILE, text.encode(encoding)) == (text, encoding)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Day;Campaign\n1;Café Über\n", "cp1252"),
        ("Day;Campaign\n1;Mode à Paris\n", "cp1252"),
        ("Day;Campaign\n1;Ünïcödé für Schüler\n", "cp1252"),
        ("День;Назва кампанії\n1;Весна\n", "koi8-u"),
        ("день;назва кампанії\n1;весна\n", "koi8-u"),
        ("День;Назва\n1;Весна\n", "cp866"),
        ("Dzień;Kampania\n1;Wiosna żółć\n", "cp1250"),
        ("Day;Campaign\n1;à\n", "cp1252"),
        ("Day;Campaign\n1;日本語の広告\n", "shift-jis"),
        ("Day;Campaign\n1;кОНтЕНт\n", "cp1251"),
        ("Day;Campaign\n1;Весна‡\n", "cp1251"),
    ],
)
def test_what_may_be_something_else_is_not_taken_for_windows_1251(text: str, encoding: str) -> None:
    """The error names the line and the byte, and two ways out."""
    with pytest.raises(ImportFileError) as caught:
        decoded(FILE, text.encode(encoding))
    assert "is not UTF-8" in str(caught.value)
    assert 'encoding = "cp1251"' in str(caught.value)
    assert "iconv -f" in str(caught.value)


@pytest.mark.parametrize(("text", "encoding"), [("Day;Café\n", "cp1252"), ("день;назва\n", "koi8-u")])
def test_a_stated_encoding_is_the_only_one(text: str, encoding: str) -> None:
    """What the mapping states is taken; bytes that cannot be that are an error."""
    assert decoded(FILE, text.encode(encoding), encoding) == (text, encoding)
    with pytest.raises(ImportFileError, match="is not UTF-8"):
        decoded(FILE, text.encode(encoding), "utf-8")
