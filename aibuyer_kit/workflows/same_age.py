"""The period before as it was known when it was as old as a period is now.

Results are reported for days after the ads were shown. What is known of the newest days set beside what has become of
older ones makes every period look worse than the one before it.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.entities import Level
from aibuyer_kit.warehouse.read import Reader

# At this age nothing is restated any more.
_FINAL = timedelta(days=28)
# How far apart two reads may be in the age of the same day: results of young days arrive fast, and are read each hour.
_YOUNG, _CLOSE, _NEAR = timedelta(days=3), timedelta(hours=12), timedelta(hours=36)
# Of a thinned day the last read stands for the midnight after it.
_SHORT_OF_THE_END = timedelta(hours=2)
_LOOKED_WITHIN = timedelta(days=2)
# Within these days every load is still there as it was; of earlier days, the last one.
_UNTHINNED = timedelta(days=7)
# Files that replaced days were once loaded as complete reads of their own platform.
_SYNCED = "meta"
Account = tuple[str, str]


def load_at_same_age(reader: Reader, period: DateRange, *, as_of: int) -> int | None:
    """Return the load after which the days of the period before were known as these are now; None without such a load.

    Every day of every account that is synced has to have been read then at about the age at which the day of `period`
    in its place was read last.
    """
    zones = {
        (row["platform"], row["account_id"]): time_zone(row["time_zone"] or "UTC")
        for row in reader.entities(Level.ACCOUNT, as_of=as_of).rows()
    }
    length, known_at = timedelta(days=len(period)), reader.freshness(as_of=as_of).known_at
    both = DateRange(period.before().since, period.until)
    looked_at = known_at - max(length + _LOOKED_WITHIN, _UNTHINNED)
    reads = reader.whole_reads(Level.AD, both, after=looked_at, as_of=as_of).rows()
    loads = [load for load in reads if load["platform"] == _SYNCED]
    then = _nearest_kept(loads, zones, known_at - length)
    if then is None:
        return None
    now_ages = _ages_at_read(loads, zones, period)
    then_ages = _ages_at_read([load for load in loads if load["load_id"] <= then], zones, period.before())
    accounts = [account for account in reader.accounts_read(as_of=as_of) if account[0] == _SYNCED]
    fair = all(
        _are_alike(now_ages.get((account, day)), then_ages.get((account, day - length)))
        for account in accounts
        for day in period
    )
    return then if fair else None


def _are_alike(now: timedelta | None, then: timedelta | None) -> bool:
    if now is None or then is None or then < -_SHORT_OF_THE_END:
        return False
    return abs(now - then) <= (_CLOSE if now < _YOUNG else _NEAR)


def _account(load: dict[str, Any]) -> Account:
    return load["platform"], load["account_id"]


def _read_on(load: dict[str, Any], zones: dict[Account, ZoneInfo]) -> date:
    return account_date(load["known_at_utc"].replace(tzinfo=UTC), zones.get(_account(load), ZoneInfo("UTC")))


def _nearest_kept(loads: list[dict[str, Any]], zones: dict[Account, ZoneInfo], moment: datetime) -> int | None:
    """Return the load nearest to a moment among those that thinning leaves as they were; None if nobody looked then."""
    newest = max((load["known_at_utc"] for load in loads), default=None)
    wanted = moment.astimezone(UTC).replace(tzinfo=None)
    near = [load for load in loads if abs(load["known_at_utc"] - wanted) < _LOOKED_WITHIN]
    last_of_day = {_read_on(load, zones): load for load in near}
    kept = [*last_of_day.values(), *(load for load in near if newest - load["known_at_utc"] < _UNTHINNED)]
    if not kept:
        return None
    return int(min(kept, key=lambda load: (abs(load["known_at_utc"] - wanted), -load["load_id"]))["load_id"])


def _ages_at_read(
    loads: Iterable[dict[str, Any]], zones: dict[Account, ZoneInfo], days: DateRange
) -> dict[tuple[Account, date], timedelta]:
    """Return how long before its last read each day of each account had ended; older than the final age is all one."""
    ages: dict[tuple[Account, date], timedelta] = {}
    for load in loads:
        first, last = max(days.since, load["since"]), min(days.until, load["until"])
        if first <= last:
            account, read_at = _account(load), load["known_at_utc"].replace(tzinfo=UTC)
            zone = zones.get(account, ZoneInfo("UTC"))
            for day in DateRange(first, last):
                ended = datetime.combine(day + timedelta(days=1), time(), zone)
                ages[account, day] = min(read_at - ended, _FINAL)
    return ages
