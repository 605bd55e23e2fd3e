"""How a column writes numbers and days is told by all of its values; what stays open is an error with the choice."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aibuyer_kit.connectors.csv_export import Choices, ImportedFile, Mapping, read_export
from aibuyer_kit.connectors.csv_export.cells import NumberFormat
from aibuyer_kit.connectors.csv_export.days import day_readings
from aibuyer_kit.core.errors import ImportFileError

COLUMNS = {"date": "Day", "campaign_name": "Campaign", "spend": "Cost", "clicks": "Clicks"}


def imported(
    tmp_path: Path, *rows: tuple[str, ...], currency: str = "EUR", choices: Choices | None = None, **stated: object
) -> ImportedFile:
    """Import rows of day, cost and clicks; every row is a campaign of its own."""
    file = tmp_path / "shop.csv"
    lines = ["|".join((row[0], f"C{at}", *row[1:])) for at, row in enumerate(rows)]
    file.write_text("\n".join(["Day|Campaign|Cost|Clicks", *lines]), encoding="utf-8")
    described = {"account_id": "shop", "currency": currency, "level": "campaign", "delimiter": "|", "columns": COLUMNS}
    return read_export(file, Mapping.model_validate(described | stated), choices or Choices())


def costs(tmp_path: Path, *texts: str, currency: str = "EUR", **stated: object) -> list[int]:
    rows = [("2026-03-01", text, "1") for text in texts]
    micros: list[int] = imported(tmp_path, *rows, currency=currency, **stated).facts["spend_micros"].to_pylist()
    return micros


def days(tmp_path: Path, *texts: str, **stated: object) -> list[date]:
    found: list[date] = imported(tmp_path, *((text, "1", "1") for text in texts), **stated).facts["date"].to_pylist()
    return found


def refusal(tmp_path: Path, *rows: tuple[str, ...], **stated: object) -> str:
    with pytest.raises(ImportFileError) as caught:
        imported(tmp_path, *rows, **stated)
    return str(caught.value)


@pytest.mark.parametrize(
    ("currency", "text", "micros"),
    [
        ("USD", "$1,234.50", 1_234_500_000),
        ("USD", "US$ 1,234.50", 1_234_500_000),
        ("USD", "USD 1234.5", 1_234_500_000),
        ("UAH", "1 234,50 ₴", 1_234_500_000),
        ("UAH", "1\u00a0234,50\u00a0₴", 1_234_500_000),
        ("UAH", "1\u202f234,50 грн", 1_234_500_000),
        ("UAH", "1\u2009234,50 грн.", 1_234_500_000),
        ("EUR", "1.234,50 €", 1_234_500_000),
        ("EUR", "€1.234.567,5", 1_234_567_500_000),
        ("CHF", "CHF 1’234.50", 1_234_500_000),
        ("JPY", "¥1,234,567", 1_234_567_000_000),
        ("JPY", "1234円", 1_234_000_000),
        ("KWD", "0.125 KWD", 125_000),
        ("KWD", "KWD 1,234.125", 1_234_125_000),
        ("PLN", "12,5 zł", 12_500_000),
    ],
)
def test_money_is_read_as_it_is_shown(tmp_path: Path, currency: str, text: str, micros: int) -> None:
    """Signs of the account's own currency, blanks of every width, and the marks of its country."""
    assert costs(tmp_path, text, currency=currency) == [micros]


@pytest.mark.parametrize(
    "text", ["(1,234.50)", "-1,234.50", "\u22121,234.50", "1,234.50-", "-$1,234.50", "($1,234.50)"]
)
def test_a_loss_is_negative_however_accountants_write_it(tmp_path: Path, text: str) -> None:
    """Refunds of revenue keep their sign."""
    result = imported(
        tmp_path,
        ("2026-03-01", text, "1"),
        currency="USD",
        columns={"date": "Day", "campaign_name": "Campaign"},
        action_values={"purchase": "Cost"},
    )
    assert result.facts["action_values"].to_pylist()[0][0]["total"] == -1_234_500_000


@pytest.mark.parametrize("text", ["1,234", "1.234", "12,345", "123.456"])
def test_a_lone_mark_before_three_digits_is_an_error_that_names_the_choice(tmp_path: Path, text: str) -> None:
    """Both meanings are shown, with the mapping's key and the option for each."""
    message = refusal(tmp_path, ("2026-03-01", "5", "1"), ("2026-03-01", text, "1"))
    thousands, fraction = text.replace(",", "").replace(".", ""), text.replace(",", ".")
    mark = next(sign for sign in text if not sign.isdigit())
    other = "." if mark == "," else ","
    assert f"line 3, column 'Cost': {text!r} may mean" in message
    assert f'{thousands} (decimal = "{other}", --decimal "{other}")' in message
    assert f'{fraction} (decimal = "{mark}", --decimal "{mark}")' in message


@pytest.mark.parametrize(
    ("other", "micros"),
    [("1,234.5", 1_234_000_000), ("0,234", 1_234_000), ("1234,5", 1_234_000), ("1,234,567", 1_234_000_000)],
)
def test_another_value_of_the_column_settles_it(tmp_path: Path, other: str, micros: int) -> None:
    """No thousands begin with a zero, none follow four digits, and a number has one decimal mark."""
    assert costs(tmp_path, "1,234", other)[0] == micros


@pytest.mark.parametrize(("decimal", "micros"), [(".", 1_234_000_000), (",", 1_234_000)])
def test_a_choice_is_stated_in_the_mapping_or_on_the_command_line(tmp_path: Path, decimal: str, micros: int) -> None:
    """The command line goes before the mapping."""
    row = ("2026-03-01", "1,234", "1")
    assert costs(tmp_path, "1,234", decimal=decimal) == [micros]
    other = "," if decimal == "." else "."
    result = imported(tmp_path, row, decimal=other, choices=Choices(decimal=decimal))
    assert result.facts["spend_micros"].to_pylist() == [micros]
    with pytest.raises(ImportFileError, match="command line: decimal is 'x'"):
        imported(tmp_path, row, choices=Choices(decimal="x"))


def test_a_count_cannot_have_a_fraction(tmp_path: Path) -> None:
    """1,234 clicks are 1234; but 1.000 may be one click, as some programs write it."""
    assert imported(tmp_path, ("2026-03-01", "1", "1,234")).facts["clicks"].to_pylist() == [1234]
    assert "column 'Clicks': '1.000' may mean" in refusal(tmp_path, ("2026-03-01", "1", "1.000"))
    result = imported(tmp_path, ("2026-03-01", "1", "1.000"), ("2026-03-01", "1", "2.345"))
    assert result.facts["clicks"].to_pylist() == [1000, 2345]


def test_columns_are_decided_each_by_itself(tmp_path: Path) -> None:
    """A spreadsheet may show money with a comma and counts with a point."""
    result = imported(tmp_path, ("2026-03-01", "1.234,50", "1,234,567"))
    assert result.facts["spend_micros"].to_pylist() == [1_234_500_000]
    assert result.facts["clicks"].to_pylist() == [1_234_567]


def test_two_ways_in_one_column_are_an_error_with_both_lines(tmp_path: Path) -> None:
    """A stated mark makes the other rows wrong, and they are left out by name."""
    rows = ("2026-03-01", "1,234.50", "1"), ("2026-03-01", "1.234,50", "1")
    message = refusal(tmp_path, *rows)
    assert "'1,234.50' on line 2 and '1.234,50' on line 3" in message
    assert "--decimal" in message
    assert imported(tmp_path, *rows, decimal=".").report.rejected_count == 1


@pytest.mark.parametrize("currency", ["EUR", "UAH", "JPY", "KWD"])
@given(micros=st.integers(min_value=0, max_value=10**15))
def test_amounts_come_back_exactly_in_every_dress(currency: str, micros: int) -> None:
    """What a country's marks and signs show is read without loss."""
    number = f"{Decimal(micros) / 10**6:,.6f}"
    for decimal, thousands in ((".", ","), (",", "."), (",", " "), (".", "'")):
        dressed = number.translate(str.maketrans({",": thousands, ".": decimal}))
        for text in (dressed, f"{currency} {dressed}", f"{dressed}\u00a0{currency}"):
            assert NumberFormat(decimal, thousands, currency).spend(text) == (micros, 0)


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("1/2/2026", ['2026-02-01 (date_format = "%d/%m/%Y")', '2026-01-02 (date_format = "%m/%d/%Y")']),
        ("01.02.2026", ['2026-02-01 (date_format = "%d.%m.%Y")', '2026-01-02 (date_format = "%m.%d.%Y")']),
        ("1-2-26", ['2026-02-01 (date_format = "%d-%m-%y")', '2026-01-02 (date_format = "%m-%d-%y")']),
    ],
)
def test_a_day_of_two_meanings_is_an_error_that_names_the_choice(tmp_path: Path, text: str, choices: list[str]) -> None:
    """The line, both days, the mapping's key for each, and the option."""
    message = refusal(tmp_path, ("3/3/2026", "1", "1"), (text, "1", "1"))
    assert f"line 3, column 'Day': {text!r} may mean" in message
    assert all(choice in message for choice in choices), message
    assert "--date-format" in message


def test_one_certain_day_settles_its_column(tmp_path: Path) -> None:
    """There is no thirteenth month."""
    assert days(tmp_path, "1/2/2026", "13/2/2026") == [date(2026, 2, 1), date(2026, 2, 13)]
    assert days(tmp_path, "1/2/2026", "2/13/2026") == [date(2026, 1, 2), date(2026, 2, 13)]


def test_a_day_that_means_the_same_both_ways_is_no_doubt(tmp_path: Path) -> None:
    """3/3/2026 is the third of March in every country."""
    assert days(tmp_path, "3/3/2026") == [date(2026, 3, 3)]


def test_the_last_day_of_a_period_tells_how_its_first_is_written(tmp_path: Path) -> None:
    """Both columns of a file are written by one program."""
    columns = {"date": "Day", "date_stop": "Cost", "campaign_name": "Campaign", "clicks": "Clicks"}
    facts = imported(tmp_path, ("01/02/2026", "28/02/2026", "5"), columns=columns).facts
    assert (facts["date"][0].as_py(), facts["date_stop"][0].as_py()) == (date(2026, 2, 1), date(2026, 2, 28))


def test_days_that_contradict_each_other_are_an_error_with_both_lines(tmp_path: Path) -> None:
    """No order reads both."""
    message = refusal(tmp_path, ("13/2/2026", "1", "1"), ("2/14/2026", "1", "1"))
    assert "'13/2/2026' on line 2 and '2/14/2026' on line 3" in message


def test_a_format_on_the_command_line_settles_it(tmp_path: Path) -> None:
    """A wrong one is told as such."""
    row = ("1/2/2026", "1", "1")
    stated = imported(tmp_path, row, choices=Choices(date_format="%m/%d/%Y"))
    assert stated.facts["date"].to_pylist() == [date(2026, 1, 2)]
    with pytest.raises(ImportFileError, match=r"command line: date_format: .*does not tell"):
        imported(tmp_path, row, choices=Choices(date_format="%d/%m"))


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-31", "31.03.2026", "31/3/2026", "3/31/2026", "31-03-2026", "2026/03/31", "2026.3.31", "20260331"),
        *("31.03.26", "Mar 31, 2026", "March 31, 2026", "31 Mar 2026", "31-Mar-2026", "31 березня 2026 р."),
        *("31 бер. 2026", "2026-03-31 00:00:00", "2026-03-31T00:00:00"),
    ],
)
def test_a_day_in_any_common_dress_is_read(tmp_path: Path, text: str) -> None:
    """Numbers in three orders, months by name in two languages, and midnight behind the day."""
    assert days(tmp_path, text) == [date(2026, 3, 31)]


@pytest.mark.parametrize(
    "text", ["2026-03-31 14:00", "31.02.2026", "46112", "березень 2026", "2026-13-01", "1/2", "soon"]
)
def test_what_is_no_day_of_the_account_is_left_out(tmp_path: Path, text: str) -> None:
    """A moment, a serial number or a month is not a day."""
    result = imported(tmp_path, (text, "1", "1"), ("2026-03-31", "1", "1"))
    assert [row.line for row in result.report.rejected] == [2]


@given(st.text(max_size=14))
def test_any_text_is_a_day_or_none(text: str) -> None:
    """No cell ends in another error."""
    for day in day_readings(text).values():
        assert isinstance(day, date)
