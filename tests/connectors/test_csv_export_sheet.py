"""The file itself: encodings, separators, quotes, newlines, and files that hold nothing."""

from pathlib import Path

import pytest

from aibuyer_kit.connectors.csv_export import Choices, ImportedFile, Mapping, read_export
from aibuyer_kit.core.errors import ImportFileError

MAPPING = Mapping.model_validate(
    {
        "account_id": "shop",
        "currency": "EUR",
        "level": "campaign",
        "columns": {"date": "Day", "campaign_name": "Campaign", "spend": "Cost"},
    }
)
LINES = ["Day,Campaign,Cost", "2026-03-01,Boots,10.50", "2026-03-02,Boots,4"]


def imported(tmp_path: Path, content: str | bytes, **stated: object) -> ImportedFile:
    file = tmp_path / "shop.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_export(file, MAPPING.model_copy(update=stated))


def refusal(tmp_path: Path, content: str | bytes, **stated: object) -> str:
    with pytest.raises(ImportFileError) as caught:
        imported(tmp_path, content, **stated)
    assert str(caught.value).startswith(str(tmp_path / "shop.csv"))
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(LINES),
        "\ufeff" + "\n".join(LINES) + "\n",
        "\r\n".join(LINES) + "\r\n",
        "\r".join(LINES) + "\r",
        "\n\n" + "\n".join(LINES),
        "\n".join(LINES).replace(",", ";"),
        "\n".join(LINES).replace(",", "\t"),
        "\n".join(LINES).replace(",", "|"),
        "\n".join(f'"{line}"'.replace(",", '","') for line in LINES),
        "\n".join(LINES).replace("Day,", " Day ,"),
    ],
    ids=["plain", "bom", "windows", "old-mac", "blank-lines-first", "semicolon", "tab", "pipe", "quoted", "blanks"],
)
def test_one_export_is_read_in_every_dress(tmp_path: Path, content: str) -> None:
    """Byte order mark, newlines, separators and quotes change nothing about the facts."""
    facts = imported(tmp_path, content).facts
    assert facts["entity_id"].to_pylist() == ["Boots", "Boots"]
    assert facts["spend_micros"].to_pylist() == [10_500_000, 4_000_000]


def test_a_quoted_newline_belongs_to_the_name_and_lines_are_still_counted_right(tmp_path: Path) -> None:
    """A rejected row behind a name of two lines is reported with its own line in the file."""
    content = 'Day,Campaign,Cost\n2026-03-01,"Two\nlines",1\n2026-03-02,Boots,x\n'
    result = imported(tmp_path, content)
    assert result.facts["entity_id"].to_pylist() == ["Two\nlines"]
    assert [row.line for row in result.report.rejected] == [4]


def test_hostile_names_pass_untouched(tmp_path: Path) -> None:
    """Markup, formulas, blanks and zeros in a name are data."""
    names = ["=1+1", "<script>alert(1)</script>", "  spaced ", "a\0b", "a\r\nb", "'; DROP TABLE x; --", "Ґудзики 🧵"]
    rows = "\n".join(f'2026-03-01,"{name}",1' for name in names)
    assert imported(tmp_path, f"Day,Campaign,Cost\n{rows}\n").facts["entity_id"].to_pylist() == names


def test_a_header_with_two_separators_asks_which(tmp_path: Path) -> None:
    """A separator is taken from the header only where it leaves no doubt."""
    message = refusal(tmp_path, "Day;Campaign;Cost, net\n2026-03-01;Boots;1\n")
    assert '"," or ";"' in message
    assert 'delimiter = ";"' in message
    assert '--delimiter ";"' in message


def test_a_stated_separator_settles_the_doubt(tmp_path: Path) -> None:
    """With the delimiter in the mapping the same header is read."""
    columns = MAPPING.columns.model_copy(update={"spend": "Cost, net"})
    result = imported(tmp_path, "Day;Campaign;Cost, net\n2026-03-01;Boots;1\n", delimiter=";", columns=columns)
    assert result.facts["spend_micros"].to_pylist() == [1_000_000]
    chosen = read_export(tmp_path / "shop.csv", MAPPING.model_copy(update={"columns": columns}), Choices(delimiter=";"))
    assert chosen.facts.equals(result.facts)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["the file is empty"]),
        (b"\xef\xbb\xbf\r\n\r\n", ["the file is empty"]),
        (b"Day,Campaign,Cost\n", ["only a header"]),
        (b"Day,Campaign,Cost\n\n,,\n", ["only a header"]),
        (
            "Day,Campaign,Cost\n2026-03-01,Café Über,1".encode("cp1252"),
            ["line 2 (byte 0xe9", "encoding = ", "iconv -f"],
        ),
        (b'Day,Campaign,Cost\n2026-03-01,"Boots,1\n2026-03-02,Boots,1\n', ["record that begins on line 2", "quote"]),
        (b'Day,Campaign,Cost\n2026-03-01,Boots,1\n2026-03-02,"Bo"ots,1\n', ["line 3", "quote"]),
    ],
    ids=["empty", "only-bom", "header", "header-and-blanks", "cp1252", "open-quote", "stray"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: list[str]) -> None:
    """Each message names the file, what is wrong with it and how to go on."""
    message = refusal(tmp_path, content)
    assert all(word in message for word in words), message


def test_a_file_that_is_not_there_is_an_import_error(tmp_path: Path) -> None:
    """A wrong path is told as such, and so is a folder."""
    with pytest.raises(ImportFileError, match=r"none\.csv: the file cannot be read"):
        read_export(tmp_path / "none.csv", MAPPING)
    with pytest.raises(ImportFileError, match="the file cannot be read"):
        read_export(tmp_path, MAPPING)


def test_a_column_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    """The message holds the key, the column, the nearest column and all of them."""
    message = refusal(tmp_path, "Day,Campaign,Costs\n2026-03-01,Boots,1\n")
    assert "columns.spend is the column 'Cost'" in message
    assert "Did you mean 'Costs'?" in message
    assert "Day, Campaign, Costs" in message


def test_a_column_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    """Which of two equal names is meant cannot be known."""
    assert "holds 2 times" in refusal(tmp_path, "Day,Campaign,Cost,Cost\n2026-03-01,Boots,1,2\n")
