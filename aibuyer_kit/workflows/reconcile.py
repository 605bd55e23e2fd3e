"""Whether the figures of all levels agree: ads = ad sets = campaigns = the account's own, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange, account_date, time_zone
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.money import units_from_micros
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.period import account_zones
from aibuyer_kit.workflows.what_counts import result_setting


@dataclass(frozen=True)
class Disagreement:
    """One day and measure on which the sum over a level is not the account's own figure; money in micros."""

    platform: str
    account_id: str
    day: date
    level: str
    measure: str
    account_total: int
    level_total: int

    def __str__(self) -> str:
        own, summed = (self._shown(total) for total in (self.account_total, self.level_total))
        name = self.measure.removesuffix("_micros")
        return f"{self.account_id} {self.day}: {name} of the account is {own}, of its {self.level}s {summed}"

    def _shown(self, total: int) -> str:
        return f"{units_from_micros(total):,.2f}" if self.measure.endswith("_micros") else f"{total:,}"


def disagreements(context: ClientContext, reader: Reader) -> Iterator[Disagreement]:
    """Yield every disagreement on days that have ended; today moves between one request and the next."""
    try:
        fresh = reader.freshness()
    except NotFoundError:
        return
    today = min(account_date(fresh.known_at, time_zone(name)) for name in account_zones(reader))
    if fresh.first_day is None or fresh.first_day >= today:
        return
    days = DateRange(fresh.first_day, today - timedelta(days=1))
    for row in reader.disagreements(days, result=result_setting(context)).rows():
        yield Disagreement(
            row["platform"],
            row["account_id"],
            row["date"],
            row["level"],
            row["measure"],
            row["account_total"],
            row["level_total"],
        )
