"""A mapping file is read strictly: whatever it does not say plainly is an error with its cure."""

from datetime import date
from pathlib import Path

import pytest

from aibuyer_kit.connectors.csv_export import read_mapping
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ImportFileError

PLAIN = """
account_id = "shop"
currency = "EUR"
level = "campaign"

[columns]
date = "Day"
campaign_name = "Campaign"
spend = "Cost"
"""


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "shop.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ImportFileError) as caught:
        read_mapping(file)
    assert str(caught.value).startswith(str(file))
    return str(caught.value)


def test_what_is_left_out_has_its_documented_default(tmp_path: Path) -> None:
    """The shortest mapping is a file's platform, UTC, its own attribution, and numbers that tell their marks."""
    file = tmp_path / "shop.toml"
    file.write_text(PLAIN, encoding="utf-8")
    mapping = read_mapping(file)
    assert (mapping.platform, mapping.time_zone, mapping.attribution) == ("file", "UTC", "as_exported")
    assert (mapping.level, mapping.decimal, mapping.thousands) == (Level.CAMPAIGN, None, None)
    assert mapping.actions == {}


def test_a_stated_period_is_read_as_days(tmp_path: Path) -> None:
    """TOML has days of its own; both ends belong to the period."""
    file = tmp_path / "shop.toml"
    file.write_text(
        "period = { since = 2017-08-01, until = 2017-08-31 }" + PLAIN.replace('date = "Day"', ""), encoding="utf-8"
    )
    period = read_mapping(file).period
    assert period is not None
    assert (period.since, period.until, len(period.days)) == (date(2017, 8, 1), date(2017, 8, 31), 31)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('curency = "EUR"', ["unknown key 'curency'", "Did you mean 'currency'?"]),
        ('spend = "Cost"', ["unknown key 'spend'", "'columns.spend'"]),
        ("zzz = 1", ["unknown key 'zzz'. Known: platform, account_id"]),
        ("thousands = '.'\ndecimal = '.'", ["thousands and decimal are both '.'", "two different marks"]),
        ("encoding = 'cp1521'", ["encoding is 'cp1521'"]),
        ("header_row = 0", ["header_row is '0'"]),
        ("ratios = [{ column = 'CTR', of = 'clicks', per = 'views' }]", ["'clicks'", "It reads: spend"]),
        ("ratios = [{ colum = 'CTR', of = 'spend', per = 'spend' }]", ["unknown key 'ratios.0.colum'", "'column'"]),
        ("long_actions = [{ kind = 'actions', action_type = 'T', total = 'V' }]", ["no other figures are read"]),
        ("long_actions = [{ kind = 'lists', action_type = 'T', total = 'V' }]", ["long_actions.0.kind is 'lists'"]),
        ("date_format = '%d/%m'", ["date_format", "does not tell a day, a month and a year"]),
        ("date_format = '%Y-%Q'", ["date_format", "does not tell"]),
        ("time_zone = 'Mars/Base'", ["time_zone", "no time zone 'Mars/Base'"]),
        ("delimiter = 'x'", ["delimiter is 'x'"]),
        ("period = { since = 2026-03-01, until = 2026-03-31 }", ["columns.date and period exclude each other"]),
        ("period = { since = 2026-03-31, until = 2026-03-01 }", ["period", "ends (2026-03-01) before it begins"]),
        ("period = { since = 2026-03-01, til = 2026-03-31 }", ["unknown key 'period.til'", "'until'"]),
        ("period = { since = '2026-03-01', until = 2026-03-31 }", ["period.since", "without quotes: 2026-03-31"]),
        ("totals_row = { column = 'Day' }", ["the key 'totals_row.equals' is missing"]),
    ],
)
def test_a_wrong_line_is_named_with_its_cure(tmp_path: Path, line: str, words: list[str]) -> None:
    """One line above the first table is wrong; the message names the file, the key and the way out."""
    message = refusal(tmp_path, line + PLAIN)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('account_id = "shop"', "", ["the key 'account_id' is missing"]),
        ('account_id = "shop"', "account_id = 12", ["account_id is '12' (int)", "valid string"]),
        ('currency = "EUR"', "", ["the key 'currency' is missing"]),
        ('currency = "EUR"', 'currency = "eur"', ["currency: Unknown currency 'eur'", "ISO 4217"]),
        ('level = "campaign"', 'level = "campain"', ["level is 'campain'"]),
        ('level = "campaign"', 'level = "ad"', ["level is 'ad', so columns.ad_id or columns.ad_name is needed"]),
        ('level = "campaign"', 'level = "account"', ["level is 'account', but columns name the finer campaign"]),
        ('date = "Day"', "", ["The days are not stated", "period = {"]),
        ('date = "Day"', 'date = ""', ["columns.date is ''"]),
        ('spend = "Cost"', "", ["No column with figures is named", "columns.impressions"]),
        ('spend = "Cost"', 'spent = "Cost"', ["unknown key 'columns.spent'", "Did you mean 'spend'?"]),
        ('spend = "Cost"', 'spend = "Cost"\ntime_zone = "UTC"', ["'time_zone' belongs above the first [table]"]),
        ('spend = "Cost"', 'spend = "Cost"\n[actions]\npurchase = 1', ["actions.purchase is '1' (int)"]),
        (
            'spend = "Cost"',
            'spend = "Cost"\n[breakdowns]\nSpend = "Age"',
            ["breakdowns: 'Spend' is a column of insights already", "Spend_group"],
        ),
        (
            'spend = "Cost"',
            'spend = "Cost"\n[breakdowns]\n"age group" = "Age"',
            ["breakdowns: 'age group'", "underscores"],
        ),
        ('spend = "Cost"', 'spend = "Cost"\nspend = "Costs"', ["not a TOML file", "line"]),
    ],
)
def test_a_key_that_is_missing_or_wrong_is_named(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    """Each required or typed key is broken in turn; the message names it."""
    message = refusal(tmp_path, PLAIN.replace(old, new))
    assert all(word in message for word in words), message


def test_every_problem_of_a_mapping_is_told_at_once(tmp_path: Path) -> None:
    """Two mistakes give two lines, so that a mapping is mended in one go."""
    message = refusal(tmp_path, "zzz = 1" + PLAIN.replace('currency = "EUR"', ""))
    assert len(message.splitlines()) == 2


def test_a_mapping_that_is_not_there_is_an_import_error(tmp_path: Path) -> None:
    """A wrong path is told as such."""
    with pytest.raises(ImportFileError, match=r"none\.toml: the mapping file cannot be read"):
        read_mapping(tmp_path / "none.toml")
