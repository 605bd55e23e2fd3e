"""Which days are meant: "the last 28 days" of a client, in its accounts' time zones."""

import warnings
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.clock import Clock, StoppedClock, SystemClock
from aibuyer_kit.core.dates import DateRange, day_start, last_days, parse_day, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning, PeriodError, QualityWarning
from aibuyer_kit.core.i18n import format_day, format_period, t
from aibuyer_kit.warehouse.as_of import AsOf
from aibuyer_kit.warehouse.read import DayEnd, Freshness, Reader

Day = date | str


def client_clock(context: ClientContext, reader: Reader, *, as_of: AsOf | None = None) -> Clock:
    """Return the clock of a client: the machine's, or the moment of the last load where time is the platform's.

    With `as_of` it is the moment of the last load that was known then, so that "the last 7 days" are those of then.
    """
    if context.settings.clock == "platform" or as_of is not None:
        return StoppedClock(reader.freshness(as_of=as_of).known_at)
    return SystemClock()


def resolve_period(
    context: ClientContext,
    reader: Reader,
    *,
    days: int | None = None,
    since: Day | None = None,
    until: Day | None = None,
    as_of: AsOf | None = None,
) -> DateRange:
    """Return the range that `days` (full days, ending yesterday) or `since` and `until` name; 28 days by default.

    Raises PeriodError if both ways are used or only one end is given.
    """
    if since is not None or until is not None:
        if days is not None:
            raise PeriodError("Give either days or since and until, not both.")
        if since is None or until is None:
            raise PeriodError("Give both ends of the period: since and until.")
        return DateRange(_day(since, "since"), _day(until, "until"))
    return last_days(28 if days is None else days, today=account_today(context, reader, as_of=as_of))


def end_of(
    context: ClientContext, reader: Reader, since: Day | None, until: Day | None, *, as_of: AsOf | None = None
) -> Day | None:
    """Return `until`, or where only `since` is given yesterday, or the last day that is known if that lies before it.

    Warns with QualityWarning that names the day that was taken.
    """
    if since is None or until is not None:
        return until
    yesterday = account_today(context, reader, as_of=as_of) - timedelta(days=1)
    last_day = min(yesterday, reader.freshness(as_of=as_of).last_day or yesterday)
    warnings.warn(
        QualityWarning(f"No last day was given: the period ends on {last_day}.", in_doubt=False), stacklevel=3
    )
    return last_day


def account_today(context: ClientContext, reader: Reader, *, as_of: AsOf | None = None) -> date:
    """Return the day of the accounts' zones; where they lie in several, the one that no account has ended yet."""
    return account_now(context, reader, as_of=as_of).date()


def account_now(context: ClientContext, reader: Reader, *, as_of: AsOf | None = None) -> datetime:
    """Return the local time of the accounts; where they lie in several zones, that of the earliest day and hour."""
    moment = client_clock(context, reader, as_of=as_of).now()
    zones = [time_zone(name) for name in account_zones(reader, as_of=as_of)]
    return min((moment.astimezone(zone) for zone in zones), key=lambda local: local.replace(tzinfo=None))


def held_period(
    context: ClientContext, reader: Reader, since: date | None, until: date | None, *, as_of: AsOf | None = None
) -> DateRange:
    """Return the period that a person chose if the warehouse holds all of it.

    Raises PeriodError in the client's language: a day is missing, the days are reversed, lie ahead, or are not held.
    """
    locale = context.settings.locale
    if since is None or until is None:
        raise PeriodError(t(locale, "period.incomplete"))
    if until < since:
        raise PeriodError(
            t(locale, "period.reversed", since=format_day(since, locale), until=format_day(until, locale))
        )
    fresh, today = reader.freshness(as_of=as_of), account_today(context, reader, as_of=as_of)
    if until > max(today, fresh.last_day or today):
        raise PeriodError(t(locale, "period.ahead", until=format_day(until, locale), today=format_day(today, locale)))
    if fresh.first_day is None or fresh.last_day is None:
        raise PeriodError(t(locale, "period.nothing_held"))
    if since < fresh.first_day or until > fresh.last_day:
        held = format_period(DateRange(fresh.first_day, fresh.last_day), locale)
        raise PeriodError(t(locale, "period.not_held", held=held))
    return DateRange(since, until)


def in_account_time(reader: Reader, moment: datetime) -> str:
    """Return a moment as commands tell it: on the clock of the (first) account, with its offset."""
    return on_account_clock(moment, account_zones(reader)).isoformat(timespec="minutes")


def on_account_clock(moment: datetime, zones: Iterable[str]) -> datetime:
    """Return a moment on the clock of the first of the accounts' zones."""
    return moment.astimezone(time_zone(min(zones, default="UTC")))


def account_zones(reader: Reader, *, as_of: AsOf | None = None) -> tuple[str, ...]:
    """Return the time zones of the accounts, sorted; UTC if none is known."""
    rows = reader.entities(Level.ACCOUNT, as_of=as_of).rows()
    return tuple(sorted({row["time_zone"] for row in rows if row["time_zone"]})) or ("UTC",)


def parse_as_of(text: AsOf | str | None) -> AsOf | None:
    """Return the load number or aware moment that a text tells, None for an empty one; what is no text stays as it is.

    Raises PeriodError for any other text.
    """
    if not isinstance(text, str):
        return text
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PeriodError(
            f"as_of is {text!r}; write a load number, or a moment with its zone such as 2026-03-31T09:00+03:00."
        )
    return moment


def open_days(reader: Reader, days: DateRange, *, as_of: AsOf | None = None) -> tuple[date, ...]:
    """Return the days that no complete read has covered after they had ended, in the zone of any account.

    Accounts that only files tell of are taken at their word.
    """
    # Files that replaced days were once loaded as complete reads of their own platform.
    accounts = [(name, account_id) for name, account_id in reader.accounts_read(as_of=as_of) if name == "meta"]
    ends = list(day_ends(reader, days, accounts, as_of=as_of))
    rows = reader.levels_read(ends, as_of=as_of).rows()
    read = {(row["platform"], row["account_id"], row["date"]) for row in rows}
    return tuple(dict.fromkeys(each.day for each in ends if (each.platform, each.account_id, each.day) not in read))


def day_ends(
    reader: Reader, days: DateRange, accounts: Iterable[tuple[str, str]] | None = None, *, as_of: AsOf | None = None
) -> Iterator[DayEnd]:
    """Yield when each day ended in each account (platform and id; all that are known unless said), the first day first.

    An account whose zone is not known lies in UTC.
    """
    rows = reader.entities(Level.ACCOUNT, as_of=as_of).rows()
    zones = {(row["platform"], row["account_id"]): time_zone(row["time_zone"] or "UTC") for row in rows}
    asked = zones if accounts is None else tuple(accounts)
    for day in days:
        for platform, account_id in asked:
            zone = zones.get((platform, account_id), time_zone("UTC"))
            yield DayEnd(platform, account_id, day, day_start(day + timedelta(days=1), zone))


def no_facts(period: DateRange, fresh: Freshness) -> LeftOutWarning:
    """Return the warning that says that `period` holds nothing, and which days were read."""
    return LeftOutWarning(
        "nothing",
        since=period.since,
        until=period.until,
        first_day=fresh.first_day or "–",
        last_day=fresh.last_day or "–",
    )


def _day(day: Day, name: str) -> date:
    return parse_day(day, name=name) if isinstance(day, str) else day
