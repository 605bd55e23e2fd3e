"""Words and numbers in the reader's language: message catalogues, plurals, money, counts, shares, days.

Catalogues are `locales/<locale>.toml`, with the same keys in each. A message that depends on a number is a table of
plural forms (CLDR): one and other in English; one, few and many in Ukrainian.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.metrics import METRICS, metric

LOCALES = ("en", "uk")
UNKNOWN = "–"
Number = float | int | Decimal
Message = str | dict[str, str]


def known_locale(name: str) -> str:
    """Return `name` if there is a catalogue for it. Raises InputError that lists those there are."""
    if name not in LOCALES:
        raise InputError(f"There is no language {name!r}. Known: {', '.join(LOCALES)}.")
    return name


@cache
def messages(locale: str) -> Mapping[str, Message]:
    """Return the whole catalogue of a locale by dotted key; plural forms are dictionaries. Raises InputError."""
    import tomllib
    from importlib.resources import files

    path = files("aibuyer_kit.core") / "locales" / f"{known_locale(locale)}.toml"
    sections = tomllib.loads(path.read_text(encoding="utf-8"))
    return {f"{section}.{key}": message for section, entries in sections.items() for key, message in entries.items()}


def plural_form(locale: str, count: int) -> str:
    """Return the name of the CLDR form that `count` whole things take.

    >>> plural_form("en", 1), plural_form("uk", 21), plural_form("uk", 3), plural_form("uk", 12)
    ('one', 'one', 'few', 'many')
    """
    if locale == "en":
        return "one" if count == 1 else "other"
    tens, units = count % 100, count % 10
    if units == 1 and tens != 11:
        return "one"
    return "few" if units in (2, 3, 4) and tens not in (12, 13, 14) else "many"


def t(locale: str, key: str, *, count: int | None = None, **values: object) -> str:
    """Return the message under `key` with `values` filled in; `count` picks the plural form and is grouped in digits.

    Raises LookupError that names a key the catalogue lacks or a value the message needs.

    >>> t("en", "period.days", count=1), t("uk", "period.days", count=3)
    ('1 day', '3 дні')
    """
    message = messages(locale).get(key)
    if message is None:
        raise LookupError(f"There is no message {key!r} in core/locales/{locale}.toml.")
    if isinstance(message, dict):
        if count is None:
            raise LookupError(f"The message {key!r} ({locale}) has plural forms and needs a count.")
        message, values = message[plural_form(locale, count)], values | {"count": format_count(count, locale)}
    try:
        return message.format(**values)
    except KeyError as missing:
        raise LookupError(f"The message {key!r} ({locale}) needs a value for {missing}.") from None


def format_money(amount: Number | None, currency: str, locale: str) -> str:
    """Return an amount in currency units with the currency's own number of decimals.

    >>> format_money(1234567.5, "EUR", "en"), format_money(-3, "EUR", "en")
    ('€1,234,567.50', '−€3.00')
    """
    from babel.numbers import format_currency

    return UNKNOWN if amount is None else _set(_apart(format_currency(amount, currency, locale=locale), currency))


@cache
def currency_decimals(currency: str) -> int:
    """Return how many decimals amounts of a currency are written with.

    >>> currency_decimals("EUR"), currency_decimals("JPY")
    (2, 0)
    """
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


def shown_decimals(row: Mapping[str, object], name: str) -> int | None:
    """Return how many decimals a metric of a row is written with: money as its `currency` is, None for others."""
    if name not in METRICS or metric(name).unit != "money":
        return None
    return currency_decimals(str(row["currency"]))


def format_money_short(amount: Number, currency: str, locale: str) -> str:
    """Return an amount for the axis of a chart, such as €1.2K."""
    from babel.numbers import format_compact_currency

    digits = 0 if amount == int(amount) and -1000 < amount < 1000 else 1
    text: str = format_compact_currency(amount, currency, locale=locale, fraction_digits=digits)
    return _set(_apart(text, currency))


def format_count(number: Number | None, locale: str) -> str:
    """Return a count with grouped digits and no decimals."""
    return _decimal(number, "#,##0", locale)


def format_count_short(number: Number, locale: str) -> str:
    """Return a count for the axis of a chart, such as 12.5K."""
    from babel.numbers import format_compact_decimal

    text: str = format_compact_decimal(number, locale=locale, fraction_digits=0 if -1000 < number < 1000 else 1)
    return _set(text)


def format_ratio(number: Number | None, locale: str) -> str:
    """Return a plain ratio with two decimals."""
    return _decimal(number, "#,##0.00", locale)


def format_figure(number: Number | None, locale: str) -> str:
    """Return any number with at most four decimals.

    >>> format_figure(1234.5, "uk"), format_figure(3.0, "en")
    ('1\xa0234,5', '3')
    """
    return _decimal(number, "#,##0.####", locale)


def format_share(share: Number | None, locale: str, decimals: int = 2) -> str:
    """Return a share as percent: 0.0123 is 1.23%."""
    from babel.numbers import format_percent

    pattern = "#,##0." + "0" * decimals + "%" if decimals else "#,##0%"
    return UNKNOWN if share is None else _set(str(format_percent(share, format=pattern, locale=locale)))


def format_change(change: Number | None, locale: str) -> str:
    """Return a relative change with its sign: 0.123 is +12.3%."""
    if change is None:
        return UNKNOWN
    rounded = round(float(change), 3)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else ""
    return sign + format_share(abs(rounded), locale, decimals=1)


def format_metric(name: str, value: Number | None, currency: str, locale: str) -> str:
    """Return a metric's value as its unit in the catalogue asks; an en dash stands for unknown.

    Raises UnknownMetricError.
    """
    unit = metric(name).unit
    if unit == "money":
        return format_money(value, currency, locale)
    if unit == "share":
        return format_share(value, locale)
    return format_count(value, locale) if unit == "count" else format_ratio(value, locale)


def format_metric_short(name: str, value: Number, currency: str, locale: str) -> str:
    """Return a metric's value for the axis of a chart. Raises UnknownMetricError."""
    unit = metric(name).unit
    if unit == "money":
        return format_money_short(value, currency, locale)
    if unit == "share":
        return format_share(value, locale, decimals=1)
    return format_count_short(value, locale) if unit == "count" else _decimal(value, "#,##0.##", locale)


def format_day(day: date, locale: str) -> str:
    """Return a day with its year, such as May 31, 2026."""
    from babel.dates import format_date

    return str(format_date(day, "medium", locale=locale))


def format_day_short(day: date, locale: str) -> str:
    """Return a day without its year, for the axis of a chart."""
    from babel.dates import format_skeleton

    return str(format_skeleton("MMMd", day, locale=locale))


def format_period(period: DateRange, locale: str) -> str:
    """Return both ends of a period, or its one day."""
    if period.since == period.until:
        return format_day(period.since, locale)
    return f"{format_day(period.since, locale)} – {format_day(period.until, locale)}"


def format_moment(moment: datetime, locale: str) -> str:
    """Return an aware moment in its own time zone, its day written as all days are, with its offset from GMT."""
    from babel.dates import format_datetime

    clock = format_datetime(moment, "HH:mm ZZZZ", tzinfo=moment.tzinfo, locale=locale)
    return f"{format_day(moment.date(), locale)}, {clock}"


def action_name(action_type: str, locale: str) -> str:
    """Return what an action type counts in the reader's words; the platform's own name where there are none.

    >>> action_name("lead", "en"), action_name("offsite_conversion.custom.1", "en")
    ('Leads', 'offsite_conversion.custom.1')
    """
    known = messages(locale).get(f"action.{action_type}")
    return known if isinstance(known, str) else action_type


def _decimal(number: Number | None, pattern: str, locale: str) -> str:
    from babel.numbers import format_decimal

    return UNKNOWN if number is None else _set(str(format_decimal(number, format=pattern, locale=locale)))


def _set(number: str) -> str:
    """Return a number with the minus of printed text, as wide as its plus."""
    return number.replace("-", "−")


def _apart(text: str, currency: str) -> str:
    # Babel leaves out the space that CLDR asks for between a letter code and a digit.
    start = text.find(currency)
    end = start + len(currency)
    return text if start < 0 or not text[end : end + 1].isdigit() else f"{text[:end]}\xa0{text[end:]}"
