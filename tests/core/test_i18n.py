"""Words and numbers in the reader's language."""

import string
import subprocess
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError, LeftOutWarning, UnknownMetricError
from aibuyer_kit.core.i18n import (
    LOCALES,
    Message,
    format_change,
    format_count,
    format_day,
    format_day_short,
    format_metric,
    format_metric_short,
    format_moment,
    format_money,
    format_period,
    format_share,
    messages,
    plural_form,
    t,
)
from aibuyer_kit.core.metrics import METRICS

FORMS = {"en": {"one", "other"}, "uk": {"one", "few", "many"}}


def placeholders(message: Message) -> set[str]:
    texts = message.values() if isinstance(message, dict) else [message]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_catalogues_have_the_same_keys() -> None:
    """Whoever adds a message adds it in every language."""
    assert messages("en").keys() == messages("uk").keys()


def test_a_message_asks_for_the_same_values_in_every_language() -> None:
    """A translation that forgets a value would hide a figure."""
    differing = {
        key for key in messages("en") if placeholders(messages("en")[key]) != placeholders(messages("uk")[key])
    }
    assert differing == set()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_plural_has_exactly_the_forms_of_its_language(locale: str) -> None:
    """A missing form would fail only for some numbers."""
    wrong = {
        key: set(message)
        for key, message in messages(locale).items()
        if isinstance(message, dict) and set(message) != FORMS[locale]
    }
    assert wrong == {}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("section", ["metric", "short", "meaning"])
def test_every_metric_of_the_catalogue_is_named_and_explained(locale: str, section: str) -> None:
    """A new metric comes with its words."""
    assert [name for name in METRICS if f"{section}.{name}" not in messages(locale)] == []


@pytest.mark.parametrize(
    ("locale", "count", "expected"),
    [
        ("en", 1, "1 day"),
        ("en", 0, "0 days"),
        ("en", 1234, "1,234 days"),
        ("uk", 1, "1 день"),
        ("uk", 2, "2 дні"),
        ("uk", 5, "5 днів"),
        ("uk", 11, "11 днів"),
        ("uk", 14, "14 днів"),
        ("uk", 21, "21 день"),
        ("uk", 112, "112 днів"),
        ("uk", 1022, "1 022 дні"),
    ],
)
def test_plurals_follow_the_language(locale: str, count: int, expected: str) -> None:
    """Ukrainian has three forms, and the teens are an exception."""
    assert t(locale, "period.days", count=count).replace("\xa0", " ") == expected


@pytest.mark.parametrize("count", range(130))
def test_plural_forms_agree_with_cldr(count: int) -> None:
    """The rules written here are those of Babel's data."""
    from babel import Locale

    assert [plural_form(name, count) for name in LOCALES] == [Locale(name).plural_form(count) for name in LOCALES]


def test_a_missing_key_is_an_error_that_names_it() -> None:
    """A typing error must not reach a client's page as an empty place."""
    with pytest.raises(LookupError, match=r"no message 'word\.nothing' in core/locales/uk\.toml"):
        t("uk", "word.nothing")


@pytest.mark.parametrize(("key", "says"), [("word.target", "'value'"), ("period.days", "needs a count")])
def test_a_missing_value_is_an_error_that_names_it(key: str, says: str) -> None:
    """A message without its figure is not shown."""
    with pytest.raises(LookupError, match=says):
        t("en", key)


def test_an_unknown_language_is_refused_with_those_there_are() -> None:
    """The error says what to write instead."""
    with pytest.raises(InputError, match=r"no language 'de'\. Known: en, uk"):
        t("de", "word.total")


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "expected"),
    [
        (1234567.5, "UAH", "uk", "1 234 567,50 ₴"),
        (1234567.5, "EUR", "en", "€1,234,567.50"),
        (-3, "USD", "en", "−$3.00"),
        (1500, "UAH", "en", "UAH 1,500.00"),
        (12, "EUR", "uk", "12,00 EUR"),
        (1234.5, "JPY", "en", "¥1,234"),
        (None, "EUR", "en", "–"),
    ],
)
def test_money_is_written_as_the_language_and_currency_ask(
    amount: float | None, currency: str, locale: str, expected: str
) -> None:
    """Grouping, decimals and the place of the symbol are the reader's own."""
    assert format_money(amount, currency, locale).replace("\xa0", " ") == expected


@pytest.mark.parametrize(
    ("name", "value", "locale", "expected"),
    [
        ("spend", 10, "en", "€10.00"),
        ("results", 1234, "uk", "1 234"),
        ("ctr", 0.01234, "uk", "1,23%"),
        ("roas", 2.5, "en", "2.50"),
        ("cpa", None, "en", "–"),
        ("ctr", None, "uk", "–"),
        ("results", 0, "en", "0"),
    ],
)
def test_a_metric_is_written_in_its_own_unit(name: str, value: float | None, locale: str, expected: str) -> None:
    """The catalogue's unit decides, zero is a figure, and unknown is a dash."""
    assert format_metric(name, value, "EUR", locale).replace("\xa0", " ") == expected


def test_a_metric_that_is_not_in_the_catalogue_is_refused() -> None:
    """Nothing is formatted by guess."""
    with pytest.raises(UnknownMetricError, match="Did you mean 'cpa'"):
        format_metric("cpaa", 1, "EUR", "en")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("spend", 1500, "€1.5K"), ("spend", 20, "€20"), ("results", 40, "40"), ("ctr", 0.015, "1.5%"), ("roas", 2.0, "2")],
)
def test_an_axis_gets_short_figures(name: str, value: float, expected: str) -> None:
    """Labels of an axis must fit beside it."""
    assert format_metric_short(name, value, "EUR", "en") == expected


@pytest.mark.parametrize(
    ("change", "expected"), [(0.1234, "+12.3%"), (-0.05, "−5.0%"), (0.0, "0.0%"), (-0.0001, "0.0%"), (None, "–")]
)
def test_a_change_carries_its_sign(change: float | None, expected: str) -> None:
    """More and less are told apart without colour, and nothing reads as minus zero."""
    assert format_change(change, "en") == expected


def test_days_and_moments_are_written_in_the_language() -> None:
    """A moment keeps its own zone and says which."""
    moment = datetime(2026, 6, 1, 9, 30, tzinfo=ZoneInfo("Europe/Kyiv"))
    period = DateRange(date(2026, 5, 4), date(2026, 5, 31))

    assert format_day(date(2026, 5, 31), "en") == "May 31, 2026"
    assert format_day_short(date(2026, 5, 31), "uk") == "31 трав."
    assert format_moment(moment, "en") == "Jun 1, 2026, 09:30 GMT+03:00"
    assert format_period(period, "en") == "May 4, 2026 – May 31, 2026"
    assert format_share(0.5, "en", decimals=0) == "50%"
    assert format_count(None, "en") == "–"


def test_babel_is_loaded_only_when_something_is_written() -> None:
    """The command line must not pay for it."""
    code = "import sys, aibuyer_kit.core.i18n; print('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"


def test_what_is_left_out_names_days_as_its_reader_writes_them() -> None:
    """A page in its own language, a terminal as its options take them."""
    told = LeftOutWarning("not_split", breakdown="country", first_day=date(2026, 5, 4), last_day=date(2026, 6, 3))
    assert "від 4 трав. 2026 р. до 3 черв. 2026 р.;" in told.text("uk").replace("\xa0", " ").replace("\u202f", " ")
    assert "only 2026-05-04 to 2026-06-03 is loaded" in str(told)


def test_a_period_of_one_day_is_that_day() -> None:
    """Not from a day to itself, and the day before it is one day in every language."""
    day = DateRange(date(2026, 6, 8), date(2026, 6, 8))
    assert (format_period(day, "en"), format_period(day, "uk")) == ("Jun 8, 2026", format_day(day.since, "uk"))
    assert t("uk", "summary.spend_less", spend="1", days="1 день", share="5%", before=t("uk", "period.day_before")) == (
        "За 1 день витрачено 1: на 5% менше, ніж за попередній день."
    )
    assert t("uk", "period.days_before", count=2) == "попередні 2 дні"
