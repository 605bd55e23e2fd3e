"""An overview by hand, so that charts are tested without a warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.results import ResultKind

HOSTILE = 'Sample <script>alert(1)</script> & "$x$" _one_'
PERIOD = DateRange(date(2026, 5, 4), date(2026, 5, 10))
PREVIOUS = PERIOD.before()
Values = Mapping[str, float | int | None]


def values(spend: float | None, results: int | None, revenue: float | None = 0.0) -> Values:
    cpa = spend / results if spend is not None and results else None
    roas = revenue / spend if revenue is not None and spend else None
    counts = {"clicks": 200, "impressions": 10_000, "ctr": 0.02} if spend is not None else {}
    return {"spend": spend, "results": results, "revenue": revenue, "cpa": cpa, "roas": roas, **counts}


UNKNOWN = values(None, None, None)
PURCHASES, LEADS = ResultKind("purchase", "total"), ResultKind("lead", "total")


@dataclass(frozen=True)
class Row:
    entity_id: str
    name: str
    values: Values
    targets: Mapping[str, float] = field(default_factory=dict)
    kind: ResultKind | None = PURCHASES


@dataclass(frozen=True)
class Result:
    """All campaigns of one kind of result."""

    section: str
    kind: ResultKind
    totals: Values
    previous_totals: Values
    targets: Mapping[str, float]
    daily: tuple[tuple[date, Values], ...]


@dataclass(frozen=True)
class Reconciled:
    state: Literal["reconciled", "differs", "not_compared"] = "reconciled"
    through: date | None = PERIOD.until
    not_compared: tuple[date, ...] = ()
    levels: tuple[str, ...] = ("account", "campaign", "adset", "ad")
    differing_days: tuple[date, ...] = ()


@dataclass(frozen=True)
class Immature:
    day: date
    least: float | None
    most: float | None


@dataclass(frozen=True)
class SampleOverview:
    client_name: str = "Sample shop"
    locale: str = "en"
    currency: str = "EUR"
    period: DateRange = PERIOD
    previous: DateRange = PREVIOUS
    data_as_of: datetime = datetime(2026, 5, 11, 9, 30, tzinfo=ZoneInfo("Europe/Kyiv"))
    load_id: int = 3
    totals: Values = None  # type: ignore[assignment]
    previous_totals: Values = None  # type: ignore[assignment]
    targets: Mapping[str, float] = None  # type: ignore[assignment]
    campaigns: tuple[Row, ...] = ()
    daily: tuple[tuple[date, Values], ...] = ()
    warnings: tuple[str, ...] = ()
    reconciliation: Reconciled = Reconciled()
    immature: tuple[Immature, ...] = ()
    by_result: tuple[Result, ...] = ()


def overview(**changes: object) -> SampleOverview:
    """Return a week with one unknown day: 700.00 spent, 35 results at 20.00, against 500.00 and a target of 25.00."""
    days = tuple(
        (PERIOD.since + timedelta(days=number), UNKNOWN if number == 3 else values(100.0 + number, 5, 300.0))
        for number in range(7)
    )
    week = SampleOverview(
        totals=values(700.0, 35, 2_100.0),
        previous_totals=values(500.0, 25, 2_000.0),
        targets={"cpa": 25.0, "roas": 4.0},
        campaigns=(
            Row("1", "Sample Prospecting", values(525.0, 30, 1_800.0)),
            Row("2", HOSTILE, values(175.0, 5, 300.0)),
        ),
        daily=days,
    )
    return replace(week, **changes)  # type: ignore[arg-type]


def mixed_overview(**changes: object) -> SampleOverview:
    """Return the week with 30 purchases at 17.50 against 15.00, and 5 leads at 35.00 against 40.00."""
    week = overview()
    sold, asked = (
        Result("", PURCHASES, values(525.0, 30, 1_800.0), UNKNOWN, {"cpa": 15.0, "roas": 4.0}, week.daily),
        Result("OUTCOME_LEADS", LEADS, values(175.0, 5, 300.0), UNKNOWN, {"cpa": 40.0, "roas": 1.0}, week.daily),
    )
    rows = (
        replace(week.campaigns[0], targets=sold.targets),
        replace(week.campaigns[1], targets=asked.targets, kind=LEADS),
    )
    whole = {**values(700.0, None, 2_100.0), "roas": 3.0}
    mixed = replace(week, totals=whole, targets={"roas": 4.0}, campaigns=rows, by_result=(sold, asked))
    return replace(mixed, **changes)  # type: ignore[arg-type]
