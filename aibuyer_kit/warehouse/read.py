"""Reading facts from the newest published snapshot: what is known now, and what was known at any moment."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LeftOutWarning, NotFoundError, WarehouseError
from aibuyer_kit.core.naming import NameRule
from aibuyer_kit.core.results import ResultRules, ResultSetting
from aibuyer_kit.warehouse.as_of import AsOf, first_load, load_number
from aibuyer_kit.warehouse.coverage import Coverage, within
from aibuyer_kit.warehouse.cursor import Cursor
from aibuyer_kit.warehouse.dimensions import Dimensions, NamedObject, check_names, named_objects, warn_of_unnamed
from aibuyer_kit.warehouse.files import WarehouseFiles
from aibuyer_kit.warehouse.load_days import day_starts
from aibuyer_kit.warehouse.rollup import (
    Form,
    actions_sql,
    any_broken_sql,
    days_told_sql,
    development_sql,
    ended_sql,
    left_out_sql,
    only_broken_sql,
    rollup,
    windowed_sql,
)
from aibuyer_kit.warehouse.schema import sql_text
from aibuyer_kit.warehouse.sealed import SealedFile, fault, lost_history
from aibuyer_kit.warehouse.shapes import SHAPES, schema_of
from aibuyer_kit.warehouse.shown import Shown, currency_days
from aibuyer_kit.warehouse.snapshot import NewestSnapshot
from aibuyer_kit.warehouse.whole import insight_versions, insights_as_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Freshness:
    """What is known: the newest load's number, how fresh the insights are, and the days that they cover.

    `known_at` is the platform's clock at the end of the last whole read of insights, of the stalest account.
    """

    load_id: int
    known_at: datetime
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True)
class DayEnd:
    """An account's day and the moment at which it ended there, an aware datetime."""

    platform: str
    account_id: str
    day: date
    ended_at: datetime


@dataclass(frozen=True)
class Answer:
    """Rows of one reading, in the form that the caller can use; a CLI does without pandas."""

    columns: tuple[str, ...]
    _cursor: Cursor

    def rows(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self._cursor.fetchall()]

    def frame(self) -> "pd.DataFrame":
        return self._cursor.df()


class Reader:
    """Reads one client's warehouse; each call looks for the newest snapshot first, and never blocks the writer."""

    def __init__(self, folder: Path) -> None:
        self._files = WarehouseFiles(folder)
        self._newest = NewestSnapshot(self._files)
        self._kept_form: tuple[object, Form] | None = None

    @property
    def is_published(self) -> bool:
        """Whether there is a snapshot to read."""
        return self._files.pointer.exists()

    def insights(
        self,
        level: Level,
        days: DateRange,
        *,
        result: ResultSetting | ResultRules,
        as_of: AsOf | None = None,
        breakdown: tuple[str, ...] = (),
        shown: Shown | None = None,
        by: Sequence[str] = (),
        naming: Sequence[NameRule] = (),
    ) -> Answer:
        """Return one row per entity of `level` and day, with all metrics of the catalogue; money in currency units.

        With `by`, one row per value of those dimensions and day: dimensions of `naming`, or `objective`. With `shown`,
        money is converted by each row's own day. Warns with LeftOutWarning if facts in the period are too coarse or
        only partly inside it. Raises NotFoundError before the first load, WarehouseError if two attribution settings
        would be mixed, RateError, InputError for a dimension that there is not.
        """
        cursor = self._cursor()
        load = load_number(cursor, as_of)
        used = [rule for rule in naming if set(rule.dimensions) & set(by)]
        check_names(breakdown, by, naming)
        parameters: dict[str, object] = {
            "level": str(max((level, *(rule.level for rule in used)), key=lambda each: each.depth)),
            "since": days.since,
            "until": days.until,
            "as_of_load": load,
        }
        form = self._form(cursor, days, load, breakdown)
        _check_left_out(cursor, form, parameters)
        objects = {rule.level: named_objects(cursor, rule, load) for rule in used}
        for rule in used:
            warn_of_unnamed(cursor, rule, objects[rule.level], parameters)
        query = rollup(
            form,
            result if isinstance(result, ResultRules) else ResultRules(result),
            Dimensions(tuple(by), tuple(used), objects) if by else None,
            converts=shown is not None,
        )
        rates = shown.parameters(currency_days(cursor, days, load)) if shown else {}
        cursor.execute(query.sql, {**parameters, **query.parameters, **rates})
        return _answer(cursor)

    def sums(
        self,
        level: Level,
        days: DateRange,
        measures: Sequence[str],
        *,
        result: ResultRules,
        as_of: AsOf | None = None,
        breakdown: tuple[str, ...] = (),
        shown: Shown | None = None,
    ) -> "pa.Table":
        """Return one row per entity of `level`, day, kind of result and piece, in no order, with whole sums.

        Columns: platform, account_id, entity_id, date, date_stop, kind (its place among the sorted kinds of `result`),
        the breakdown's, and the measures: money in micros, in the account's currency unless it is `shown` in another;
        null where one is not known.
        """
        cursor = self._cursor()
        load = load_number(cursor, as_of)
        form = self._form(cursor, days, load, breakdown)
        query = rollup(form, result, None, converts=shown is not None, as_sums=True)
        rates = shown.parameters(currency_days(cursor, days, load)) if shown else {}
        asked = {"level": str(level), "since": days.since, "until": days.until, "as_of_load": load, **rates}
        names = ("platform", "account_id", "entity_id", "date", "date_stop", "kind", *breakdown, *measures)
        return self._cursor().table_of(f"SELECT {', '.join(names)} FROM ({query.sql})", {**asked, **query.parameters})

    def days_told(
        self, days: DateRange, *, as_of: AsOf | None = None, breakdown: tuple[str, ...] = ()
    ) -> list[dict[str, Any]]:
        """Return one row per account, day or stated period that touches `days`, telling level and attribution."""
        cursor = self._cursor()
        load = load_number(cursor, as_of)
        form = self._form(cursor, days, load, breakdown)
        cursor.execute(days_told_sql(form), {"since": days.since, "until": days.until, "as_of_load": load})
        return _answer(cursor).rows()

    def coverages(self, *, as_of: AsOf | None = None, after_load: int = 0) -> list[dict[str, Any]]:
        """Return which days of insights whole reads have covered by then, per account, level and kind, and when."""
        cursor = self._cursor()
        asked = {"as_of_load": load_number(cursor, as_of), "after_load": after_load}
        return _answer(cursor.execute(sql_text("read/coverages"), asked)).rows()

    def changed_days(self, days: DateRange, *, as_of: AsOf, after_load: int) -> frozenset[date] | None:
        """Return the days whose sums may differ between a load and a later one; None where any may.

        Any may where campaigns changed their objective, and where stated periods or figures that are only known broken
        down are among them.
        """
        cursor = self._cursor()
        asked = {"as_of_load": load_number(cursor, as_of), "after_load": after_load}
        several_aims = """SELECT 1 FROM entity_version WHERE level = 'campaign' AND known_from <= ?
            GROUP BY platform, account_id, entity_id HAVING count(DISTINCT objective) > 1 LIMIT 1"""
        if cursor.execute(several_aims, [asked["as_of_load"]]).fetchone():
            return None
        versions = insight_versions(cursor.months, days)
        late_aims = f"""SELECT 1 FROM {versions} AS fact JOIN (
                SELECT platform, account_id, entity_id FROM entity_version
                WHERE level = 'campaign' AND objective IS NOT NULL AND known_from <= $as_of_load
                GROUP BY ALL HAVING min(known_from) > $after_load
            ) AS fresh ON fact.platform = fresh.platform AND fact.account_id = fresh.account_id
                AND (fact.campaign_id = fresh.entity_id OR fact.entity_id = fresh.entity_id)
            WHERE fact.known_from <= $after_load LIMIT 1"""
        if cursor.execute(late_aims, asked).fetchone():
            return None
        if self._form(cursor, days, asked["as_of_load"]).has_only_broken:
            return None
        sql = sql_text("read/changed_days").replace("{insight_version}", versions)
        rows = cursor.execute(sql, {**asked, "since": days.since, "until": days.until}).fetchall()
        return None if any(is_part for _, is_part in rows) else frozenset(day for day, _ in rows)

    def last_delivery(
        self, level: Level, until: date, *, since: date = date.min, as_of: AsOf | None = None
    ) -> list[dict[str, Any]]:
        """Return one row per object of `level` that had an impression in these days, with the last such day."""
        cursor = self._cursor()
        days = DateRange(since, until)
        asked = {"level": str(level), "since": since, "until": until, "as_of_load": load_number(cursor, as_of)}
        sql = sql_text("read/last_delivery").replace("{insights}", insights_as_of(cursor.months, days))
        return _answer(cursor.execute(sql, asked)).rows()

    def currencies(self, days: DateRange, *, as_of: AsOf | None = None) -> tuple[str, ...]:
        """Return the currencies of the facts in a period, sorted."""
        cursor = self._cursor()
        return tuple(sorted({code for code, _ in currency_days(cursor, days, load_number(cursor, as_of))}))

    def names_told(self, rule: NameRule, *, as_of: AsOf | None = None) -> list[NamedObject]:
        """Return every object of the rule's level with its last known name and what that tells."""
        cursor = self._cursor()
        return named_objects(cursor, rule, load_number(cursor, as_of))

    def actions(self, days: DateRange, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per objective and action type that is reported: rows with it, and its count by window.

        Counts of different action types are never added up: many tell of the same events.
        """
        cursor = self._cursor()
        load = load_number(cursor, as_of)
        form = self._form(cursor, days, load)
        cursor.execute(actions_sql(form), {"since": days.since, "until": days.until, "as_of_load": load})
        return _answer(cursor)

    def entities(self, level: Level, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per object of `level`, as known then; budgets in micros."""
        cursor = self._cursor()
        cursor.execute(
            "SELECT * FROM entities_as_of($as_of_load) WHERE level = $level ORDER BY ALL",
            {"as_of_load": load_number(cursor, as_of), "level": str(level)},
        )
        return _answer(cursor)

    def objects(self, level: Level, *, as_of: AsOf | None = None, after_load: int = 0) -> "pa.Table":
        """Return the same as one table of Arrow, in the order of accounts and ids; only what came after a load."""
        asked = {"as_of_load": load_number(self._cursor(), as_of), "level": str(level), "after_load": after_load}
        rows = """SELECT * EXCLUDE (known_from, known_to) FROM entity_version WHERE level = $level
            AND known_from <= $as_of_load AND known_from > $after_load AND known_to > $as_of_load"""
        return self._cursor().table_of(f"{rows} ORDER BY platform, account_id, entity_id", asked)

    def budgets_set(self, *, as_of: AsOf | None = None) -> "pa.Table":
        """Return one row per campaign or ad set and version of it, in the order in which it became known.

        Columns: platform, account_id, level, entity_id, daily_budget_micros (null where it has none), known_at_utc.
        """
        rows = """SELECT version.platform, version.account_id, version.level, entity_id, daily_budget_micros,
                known_at_utc
            FROM entity_version AS version JOIN load ON load_id = known_from
            WHERE version.level IN ('campaign', 'adset') AND known_from <= $as_of_load
            ORDER BY known_from, version.platform, version.account_id, version.level, entity_id"""
        return self._cursor().table_of(rows, {"as_of_load": load_number(self._cursor(), as_of)})

    def objects_gone(self, level: Level, *, as_of: AsOf, after_load: int) -> list[tuple[str, str, str]]:
        """Return the keys of objects of which what was known at one load had ended at a later one."""
        cursor = self._cursor()
        asked = {"as_of_load": load_number(cursor, as_of), "level": str(level), "after_load": after_load}
        cursor.execute(
            """SELECT DISTINCT platform, account_id, entity_id FROM entity_version WHERE level = $level
            AND known_from <= $after_load AND known_to > $after_load AND known_to <= $as_of_load""",
            asked,
        )
        return cursor.fetchall()

    def reach(self, level: Level, window_days: int, ends: DateRange, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per object of `level` and last day of a window: reach, impressions, frequency.

        People are not added up: each row is the platform's own count for that object and window.
        """
        cursor = self._cursor()
        cursor.execute(
            sql_text("read/reach"),
            {
                "level": str(level),
                "window_days": window_days,
                "since": ends.since,
                "until": ends.until,
                "as_of_load": load_number(cursor, as_of),
            },
        )
        return _answer(cursor)

    def creatives(self, *, as_of: AsOf | None = None) -> Answer:
        """Return one row per creative, as known then."""
        cursor = self._cursor()
        cursor.execute("SELECT * FROM creatives_as_of(?) ORDER BY ALL", [load_number(cursor, as_of)])
        return _answer(cursor)

    def development(
        self,
        account_id: str,
        zone: ZoneInfo,
        *,
        result: ResultSetting,
        as_of: AsOf | None = None,
        since: date = date.min,
        rules: ResultRules | None = None,
    ) -> Answer:
        """Return one row per day from `since` on and age (days of `zone`): the account's results as known then.

        `aged_days` is how old the day was when it was read last at that age. With `rules` only of the campaigns that
        count this kind of result by them; without, of all that report it.
        """
        cursor = self._cursor()
        asked = _development(cursor, account_id, zone, result, as_of, since, rules)
        return _answer(cursor.execute(development_sql(Level.ACCOUNT, result.window, asked.versions), asked.parameters))

    def development_below(
        self,
        account_id: str,
        zone: ZoneInfo,
        level: Level,
        *,
        result: ResultSetting,
        as_of: AsOf | None = None,
        since: date = date.min,
        rules: ResultRules | None = None,
    ) -> "pa.Table":
        """Return what `development` does, one row per object of `level` (`entity_id`), day and age."""
        cursor = self._cursor()
        asked = _development(cursor, account_id, zone, result, as_of, since, rules)
        return cursor.table_of(development_sql(level, result.window, asked.versions), asked.parameters)

    def disagreements(self, days: DateRange, *, result: ResultSetting, as_of: AsOf | None = None) -> Answer:
        """Return one row per account, day, level and measure whose sum is not the account's own figure."""
        cursor = self._cursor()
        versions = insight_versions(cursor.months, days)
        asked = {"since": days.since, "until": days.until, "as_of_load": load_number(cursor, as_of)}
        first, last = cursor.execute(ended_sql(versions), asked).fetchone()
        ended = {"ended_since": first or date.max, "ended_until": last or date.min, "action_0": result.action_type}
        return _answer(cursor.execute(windowed_sql("reconciliation", result.window, versions), {**asked, **ended}))

    def accounts_read(self, *, as_of: AsOf | None = None) -> tuple[tuple[str, str], ...]:
        """Return platform and id of every account whose insights have been read whole at least once."""
        cursor = self._cursor()
        cursor.execute(sql_text("read/accounts_read"), [load_number(cursor, as_of)])
        return tuple(cursor.fetchall())

    def broken_loads(self) -> int:
        """Return how many reads broke off."""
        row = self._cursor().execute("SELECT count(*) FROM load WHERE extent = 'broken'").fetchone()
        return int(row[0])

    def levels_read(self, ends: Sequence[DayEnd], *, as_of: AsOf | None = None) -> Answer:
        """Return one row per account, day and level of which a complete read of insights began after the day's end."""
        cursor = self._cursor()
        columns: dict[str, object] = {
            "platforms": [each.platform for each in ends],
            "account_ids": [each.account_id for each in ends],
            "days": [each.day for each in ends],
            "ended_at": [each.ended_at.astimezone(UTC).replace(tzinfo=None) for each in ends],
        }
        cursor.execute(sql_text("read/levels_read"), {**columns, "as_of_load": load_number(cursor, as_of)})
        return _answer(cursor)

    def quarantine(self, *, as_of: AsOf | None = None, resolved: bool = False) -> Answer:
        """Return one row per row that could not be read and was open then; with `resolved` also those that were not."""
        cursor = self._cursor()
        last = load_number(cursor, as_of)
        if not cursor.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'quarantine'").fetchone():
            # A snapshot of before there was a quarantine, until the next sync publishes one.
            return _answer(cursor.execute("SELECT quarantine_id FROM (SELECT 0 AS quarantine_id) WHERE false"))
        cursor.execute(sql_text("read/quarantine"), {"as_of_load": last, "resolved": resolved})
        return _answer(cursor)

    def known_figures(self, platform: str, account_id: str, days: DateRange) -> Answer:
        """Return one row per form (level, breakdown, attribution), campaign and day of an account: its sums; micros."""
        return self._of_account("read/known_figures", platform, account_id, days)

    def known_objects(self, platform: str, account_id: str, days: DateRange, *, replaced: bool) -> Answer:
        """Return one row per object and currency of an account's insights; with `replaced`, of those outside `days`."""
        return self._of_account("read/known_objects", platform, account_id, days, replaced=replaced)

    def attributions(self, coverage: Coverage, loads: Iterable[int]) -> tuple[str, ...]:
        """Return the attribution settings of the rows that lie in the coverage as of any of these loads, sorted."""
        cursor, found = self._cursor(), set[str]()
        condition, parameters = within(replace(coverage, attribution=""))
        condition = condition.replace("attribution = $attribution", "$attribution = ''")
        for load_id in loads:
            sql = f"SELECT DISTINCT attribution FROM insights_as_of({int(load_id)}) WHERE {condition}"
            found |= {row[0] for row in cursor.execute(sql, parameters).fetchall()}
        return tuple(sorted(found))

    def covered(self, coverage: Coverage, as_of: int | None) -> "pa.Table":
        """Return the rows of facts that lie in the coverage, sorted, as a load takes them."""
        last, shape = load_number(self._cursor(), as_of), SHAPES[coverage.facts]
        condition, parameters = within(coverage)
        rows = f"SELECT {shape.columns} FROM {coverage.facts}_as_of({last}) WHERE {condition}"
        found = self._cursor().table_of(f"{rows} ORDER BY {', '.join(shape.key)}", parameters)
        return found.cast(schema_of(coverage.facts))

    def loads(self, label: str = "") -> Answer:
        """Return one row per load whose facts begin with `label`, in the order of knowledge; all of them are many."""
        return _answer(
            self._cursor().execute("SELECT * FROM load WHERE starts_with(facts, ?) ORDER BY load_id", [label])
        )

    def whole_reads(self, level: Level, days: DateRange, *, after: datetime, as_of: AsOf | None = None) -> Answer:
        """Return one row per whole read of insights that touches some days, or that ended at `after` or later."""
        cursor = self._cursor()
        asked = {"level": str(level), "since": days.since, "until": days.until}
        moment = after.astimezone(UTC).replace(tzinfo=None)
        cursor.execute(
            sql_text("read/whole_reads"), {**asked, "after": moment, "as_of_load": load_number(cursor, as_of)}
        )
        return _answer(cursor)

    def sealed(self) -> tuple[SealedFile, ...]:
        """Return the sealed months that the newest snapshot names, the oldest first."""
        return self._cursor().months

    def first_open_day(self) -> date | None:
        """Return the first day of which insights are known that lies in no sealed month; None if there is none."""
        found: tuple[date | None] = self._cursor().execute("SELECT min(date) FROM hot.insight_version").fetchone()
        return found[0]

    def damage(self) -> tuple[str, ...]:
        """Read every byte of the sealed months and say what is wrong with which file."""
        found = ((each, fault(self._files.sealed, each, thorough=True)) for each in self.sealed())
        damaged = tuple(f"{self._files.sealed / each.file_name} {what}" for each, what in found if what)
        if damaged:
            self._files.note_damage()
        return damaged

    def losses(self) -> tuple[str, ...]:
        """Return what was lost with sealed months: `insights of act_1 in 2024-03 as known before load 7`."""
        return lost_history(self._cursor())

    def freshness(self, *, as_of: AsOf | None = None) -> Freshness:
        """Return the newest load that was known then. Raises NotFoundError if there was none yet."""
        cursor = self._cursor()
        row = cursor.execute(sql_text("read/freshness"), [load_number(cursor, as_of)]).fetchone()
        if row is None or row[0] is None:
            raise NotFoundError(f"Nothing was known at {as_of}: {first_load(cursor)}.")
        return Freshness(row[0], row[1].replace(tzinfo=UTC), row[2], row[3])

    def _form(self, cursor: Cursor, days: DateRange, load: int, breakdown: tuple[str, ...] = ()) -> Form:
        """Return which rows add up in a reading of some days."""
        insights = insights_as_of(cursor.months, days)
        asked = {"since": days.since, "until": days.until, "as_of_load": load}
        if breakdown:
            return Form(insights, breakdown)
        key = (cursor.last_load, load, days, insights)
        if self._kept_form is None or self._kept_form[0] != key:
            # Most often nothing is broken down in these days, which statistics tell without a look at any row.
            some = cursor.execute(any_broken_sql(insights), asked).fetchone()
            is_alone = some is not None and cursor.execute(only_broken_sql(insights), asked).fetchone() is not None
            self._kept_form = key, Form(insights, has_only_broken=is_alone)
        return self._kept_form[1]

    def _of_account(self, name: str, platform: str, account_id: str, days: DateRange, **more: object) -> Answer:
        cursor = self._cursor()
        account = {"platform": platform, "account_id": account_id, "since": days.since, "until": days.until}
        cursor.execute(sql_text(name), {**account, **more, "as_of_load": load_number(cursor, None)})
        return _answer(cursor)

    def close(self) -> None:
        """Let go of the snapshot; the next call opens the newest one again."""
        self._newest.close()

    def _cursor(self) -> Cursor:
        return self._newest.cursor()


def _check_left_out(cursor: Cursor, form: Form, parameters: Mapping[str, object]) -> None:
    row = cursor.execute(left_out_sql(form), dict(parameters)).fetchone()
    partly, coarser, mixed_account, attributions = row or (0, 0, None, [])
    if mixed_account:
        raise WarehouseError(
            f"{mixed_account} is reported under several attribution settings in this period:"
            f" {', '.join(attributions)}. They must not be added up."
        )
    since, until, level = (parameters[name] for name in ("since", "until", "level"))
    if partly:
        warnings.warn(LeftOutWarning("partly", count=partly, since=since, until=until), stacklevel=3)
    if coarser:
        warnings.warn(LeftOutWarning("coarser", count=coarser, level=level), stacklevel=3)


def _answer(cursor: Cursor) -> Answer:
    return Answer(cursor.columns, cursor)


@dataclass(frozen=True)
class _Development:
    versions: str
    parameters: dict[str, object]


def _development(
    cursor: Cursor,
    account_id: str,
    zone: ZoneInfo,
    result: ResultSetting,
    as_of: AsOf | None,
    since: date,
    rules: ResultRules | None,
) -> _Development:
    """Return what is read to tell how days grew, and with which parameters."""
    last = load_number(cursor, as_of)
    bounds = "SELECT min(known_at_utc), max(known_at_utc) FROM load WHERE load_id <= ? HAVING count(*) > 0"
    known = cursor.execute(bounds, [last]).fetchall()
    return _Development(
        insight_versions(cursor.months, DateRange(since, date.max)),
        {
            **(day_starts(known[0][0], known[0][1], zone) if known else {"days": [], "day_starts": []}),
            "account_id": account_id,
            "since": since,
            "as_of_load": last,
            "action_0": result.action_type,
            "value_0": result.value_per_result_micros,
            "objectives": list(rules.by_objective) if rules else [],
            "rules": [at for at, each in enumerate(rules.settings()) if each.kind == result.kind] if rules else None,
        },
    )
