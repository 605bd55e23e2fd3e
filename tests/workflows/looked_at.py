"""A client whose accounts, objects and figures are written by hand, and its tables as rules see them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from aibuyer_kit.access.clients import ClientContext
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import canonical_json
from aibuyer_kit.rules.conditions import Of
from aibuyer_kit.rules.table import Column, Table
from aibuyer_kit.rules.windows import Calendar, Hours, Lifetime, Rolling, Window
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.evidence import Evidence
from tests.warehouse.rows import action, entity_page, insight, insight_page
from tests.workflows.counting import write_client

KYIV = "Europe/Kyiv"
# Wednesday, 14:20 in Kyiv.
NOW = "2026-06-10T11:20+00:00"
TO_YESTERDAY, TO_TODAY = Rolling(days=3, ends="yesterday"), Rolling(days=3, ends="today")


class World:
    """Loads in the order in which they are written down; every method returns the last load's number."""

    def __init__(self, folder: Path, toml: str = "") -> None:
        self.context: ClientContext = write_client(folder, toml)
        self.reader = Reader(self.context.warehouse)

    def account(self, account_id: str = "act_1", zone: str = KYIV, *, at: str = NOW, **more: Any) -> int:
        row = {"time_zone": zone, "currency": "EUR", **more}
        return self.objects(Level.ACCOUNT, {account_id: row}, account_id=account_id, at=at)

    def objects(
        self, level: Level, rows: Mapping[str, Mapping[str, Any]], *, account_id: str = "act_1", at: str = NOW
    ) -> int:
        """Load all objects of a level; `attributes` are given as pairs."""
        page = entity_page([_object(level, account_id, entity_id, row) for entity_id, row in rows.items()])
        return self._load(Coverage("entities", "meta", account_id, level), page, at)

    def days(
        self,
        rows: Sequence[Mapping[str, Any]],
        since: str,
        until: str,
        *,
        account_id: str = "act_1",
        at: str = NOW,
        level: Level = Level.AD,
        hourly: bool = False,
    ) -> int:
        """Load figures of ads; each row has a `day`, and `results` as purchases worth 30 each unless it says more."""
        covered = DateRange(date.fromisoformat(since), date.fromisoformat(until))
        coverage = Coverage(
            "insights",
            "meta",
            account_id,
            level,
            days=covered,
            breakdowns=("hour",) if hourly else (),
            attribution="default",
        )
        page = insight_page([_figures({"account_id": account_id, "level": str(level), **each}) for each in rows])
        return self._load(coverage, page, at)

    def _load(self, coverage: Coverage, page: Any, at: str) -> int:
        with open_writer(self.context.warehouse) as writer:
            return writer.load(coverage, [page], known_at=lambda: datetime.fromisoformat(at)).load_id

    def evidence(self, load_id: int, *, at: str = NOW) -> Evidence:
        return Evidence(self.context, self.reader, datetime.fromisoformat(at), load_id)

    def figure(self, column: Column, load_id: int, *, at: str = NOW, level: Level = Level.ADSET) -> dict[str, Any]:
        """Return one column by the id of the object; None where it is not known."""
        tables = self.evidence(load_id, at=at).tables(level, [column])
        return {
            subject.object_id: each.number(column, row) for each in tables for row, subject in enumerate(each.subjects)
        }


def bytes_of(tables: Sequence[Table]) -> list[Any]:
    """Return all that is in tables, figures as bytes."""
    return [
        (
            each.now,
            each.known_at,
            each.subjects,
            {str(column): values.tobytes() for column, values in each.numbers.items()},
            {name: values.tobytes() for name, values in each.targets.items()},
        )
        for each in tables
    ]


def column(name: str, window: Window | None = TO_YESTERDAY, of: Of = "self", *, matured: bool = False) -> Column:
    return Column(name, window, of, matured)


def this_month(ends: str = "yesterday") -> Calendar:
    return Calendar.model_validate({"calendar": "this_month", "ends": ends})


def hours(count: int, ends: str = "last_hour") -> Hours:
    return Hours.model_validate({"hours": count, "ends": ends})


def lifetime(ends: str | int = "yesterday") -> Lifetime:
    return Lifetime.model_validate({"lifetime": True, "ends": ends})


def utc(text: str) -> datetime:
    """Return a moment as the warehouse keeps it: in UTC, without a zone."""
    return datetime.fromisoformat(text)


def _object(level: Level, account_id: str, entity_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    known = {"name": f"Sample {entity_id}", "status": "ACTIVE", "currency": "EUR", **row}
    known["attributes"] = canonical_json(known.get("attributes", {}))
    return {"platform": "meta", "account_id": account_id, "level": str(level), "entity_id": entity_id, **known}


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    told = dict(row)
    spend, results, hour = told.pop("spend", 10), told.pop("results", 0), told.pop("hour", None)
    money = {"spend_micros": None if spend is None else round(spend * 1_000_000)}
    counted = {
        "actions": None if results is None else [action("purchase", results)],
        "action_values": None if results is None else [action("purchase", results * 30_000_000)],
    }
    pieces = {} if hour is None else {"breakdown": f'{{"hour":"{hour}"}}', "reach": None}
    return insight(
        told.pop("ad", "ad-1"), date.fromisoformat(told.pop("day")), **{**money, **counted, **pieces, **told}
    )
