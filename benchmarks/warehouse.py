"""What was known then, over 20 million versions; publication with years of history behind it; opening; memory; nights.

An account of 500 ads with its ad sets, campaigns and own figures: each day's rows are restated every night for a month,
and a sync runs every quarter of an hour. Its months are built by SQL in a temporary folder (about 3 GB) and sealed by
the writer as a nightly sync seals them; the last two stay hot, one with breakdowns and a week of all syncs.
All ways of reading answer the same question, how many rows and how much spend were known after a load, and have to
agree. They run in turns in one process, and the median over rounds and moments counts.

polars is not part of the project; it is looked for in the folders of --peers (pip install --target FOLDER polars).
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.compute as pc

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.facts import insight_schema
from aibuyer_kit.core.results import ResultSetting
from aibuyer_kit.warehouse.compact import compact
from aibuyer_kit.warehouse.coverage import Coverage
from aibuyer_kit.warehouse.files import WarehouseFiles, flush
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.whole import open_whole
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.workflows.maturity import client_maturity
from aibuyer_kit.workflows.reconcile import disagreements, known_reconciliation
from aibuyer_kit.workflows.report import client_overview
from aibuyer_kit.workflows.status import client_status

ADS, VERSIONS, FIRST_DAY = 500, 30, date(2023, 4, 1)
# Of an ad and day: 18 of age and gender, 5 countries, 8 placements; few of them move after the first days.
BREAKDOWN_ROWS, BREAKDOWN_VERSIONS = 31, 5
ZONE = ZoneInfo("Europe/Kyiv")
INTERVALS, PLAIN_SCAN = "as of, sealed months", "plain scan of the interval columns"
WINDOW, SCD2, POLARS = "window functions", "valid_from/valid_to in one table (SCD2 as dlt keeps it)", "polars scan"
PUBLISH, COPY, UNSEALED = "publish a 30-day step", "copy and flush as many bytes", "copy and flush all history"
OPEN, CLI, PEAK = "open a reader", "aibuyer insights, 28 days", "peak memory of a reading, MB"
MATURITY, RECONCILED, STATUS = "maturity curve", "reconcile all days and levels", "aibuyer status"
OPEN_DAYS, OVERVIEW = "reconcile what may still change, as syncs do", "overview page, 28 days"
LOAD, THIN, CHECK, COMPACT = "load a 30-day step", "thin a night", "check sealed months", "compact the working file"
# What each may take, in ms (memory in MB).
BARS = {INTERVALS: 100, PUBLISH: 1000, CLI: 500, PEAK: 700}
BARS |= dict.fromkeys((MATURITY, RECONCILED, STATUS, OVERVIEW), 3000)

# A sync every quarter of an hour: objects, and the newest figures of ads and account. For a week all of it stays.
SYNCS_A_DAY, LOADS_A_SYNC, LOADS_A_DAY, DAYS_OF_SYNCS = 96, 6, 580, 7
# Of each level: how many ads an object has, which of a night's loads reads it, and its id.
LEVELS = {
    "account": (ADS, 1, "'act_1'"),
    "campaign": (25, 2, "(23850000000000 + object)::VARCHAR"),
    "adset": (5, 3, "(23860000000000 + object)::VARCHAR"),
    "ad": (1, 4, "(120200000000000000 + object)::VARCHAR"),
}
# What an ad's day is broken down by; 18 rows of age and gender, 5 countries, 8 placements.
PARTS = """CASE
    WHEN part < 18 THEN '{"age":"' || (part // 3 * 10 + 18) || '","gender":"'
        || ['female', 'male', 'unknown'][part % 3 + 1] || '"}'
    WHEN part < 23 THEN '{"country":"' || ['UA', 'PL', 'DE', 'CZ', 'RO'][part - 17] || '"}'
    ELSE '{"platform_position":"place_' || part || '","publisher_platform":"facebook"}'
END"""

# Every version of the $days days from the day numbered $first, up to the night $last, of the objects of one level;
# those of a day's syncs too for days from $recent on. What stands in braces is filled in.
ROWS = """
WITH base AS (
    SELECT ad // {size} AS object, min(ad) AS first_ad, dn, count(*) AS ads,
        sum(20000000 + hash(ad, dn) % 9000000) AS spend, sum(1000 + hash(dn, ad) % 9000) AS impressions,
        sum(20 + hash(ad * 3, dn) % 50) AS clicks, sum(15 + hash(ad * 5, dn) % 40) AS link_clicks,
        sum(800 + hash(ad, dn) % 8000) AS reach
    FROM range($first, $first + $days) AS d(dn), range($ads) AS a(ad)
    GROUP BY ALL
),
version AS (
    SELECT *, (dn + v) * $loads + {turn} + sync * $step AS known_from,
        CASE WHEN sync + 1 < syncs THEN known_from + $step ELSE (dn + v + 1) * $loads + {turn} END AS known_to
    FROM (SELECT *, IF(dn >= $recent AND v < 2 AND '{level}' IN ('account', 'ad'), {syncs}, 1) AS syncs
        FROM base, range({versions}) AS r(v)), range(syncs) AS s(sync)
    WHERE dn + v <= $last
)
SELECT
    'meta' AS platform, 'act_1' AS account_id, '{level}' AS level, {id} AS entity_id,
    $start::DATE + dn::INT AS date, $start::DATE + dn::INT AS date_stop, {breakdown} AS breakdown,
    'default' AS attribution,
    CASE WHEN '{level}' IN ('adset', 'ad') THEN (23850000000000 + first_ad // 25)::VARCHAR END AS campaign_id,
    CASE WHEN '{level}' = 'ad' THEN (23860000000000 + first_ad // 5)::VARCHAR END AS adset_id, 'EUR' AS currency,
    (spend + ads * (v * 1000 + sync))::BIGINT AS spend_micros,
    (impressions + ads * v)::BIGINT AS impressions, (clicks + ads * (v // 3))::BIGINT AS clicks,
    (link_clicks + ads * (v // 3))::BIGINT AS link_clicks, (reach + v)::BIGINT AS reach,
    counts[(first_ad + dn + v) % 1000 + 1] AS actions, amounts[(first_ad + dn + v) % 1000 + 1] AS action_values,
    known_from,
    CASE WHEN v = {versions} - 1 OR known_to > ($last + 1) * $loads THEN 9223372036854775807 ELSE known_to END::BIGINT
        AS known_to
FROM version, (FROM action_list WHERE size = {size}), range({parts}) AS b(part)
"""
# A thousand different lists of five action types with all windows, and of the values of two of them: those of one ad,
# and the sums over the neighbours that an object has.
LISTS = """
CREATE OR REPLACE TEMP TABLE action_list AS
WITH one AS (
    SELECT n, place, kind, hash(n, kind) % 30 AS total, hash(n, kind) % 10 AS click_1d, hash(n, kind) % 20 AS click_7d,
        hash(n, kind) % 30 AS click_28d, hash(kind, n) % 5 AS view_1d
    FROM range(1000) AS r(n), (SELECT unnest(['link_click', 'purchase', 'omni_purchase', 'add_to_cart',
        'landing_page_view']) AS kind, unnest(range(5)) AS place)
),
summed AS (
    SELECT size, start, place, kind, sum(total) AS total, sum(click_1d) AS click_1d, sum(click_7d) AS click_7d,
        sum(click_28d) AS click_28d, sum(view_1d) AS view_1d
    FROM (SELECT unnest([1, 5, 25, 500]) AS size), range(1000) AS s(start), range(size) AS w(nth)
    JOIN one ON one.n = (start + nth) % 1000
    GROUP BY ALL
),
listed AS (
    SELECT size, start, list({'action_type': kind, 'total': total, 'click_1d': click_1d, 'click_7d': click_7d,
        'click_28d': click_28d, 'view_1d': view_1d} ORDER BY place)::STRUCT(action_type VARCHAR, total BIGINT,
        click_1d BIGINT, click_7d BIGINT, click_28d BIGINT, view_1d BIGINT)[] AS counts
    FROM summed
    GROUP BY ALL
)
SELECT size, list(counts ORDER BY start) AS counts, list(counts[2:3] ORDER BY start) AS amounts
FROM listed
GROUP BY size
"""
LOADS = """
INSERT INTO load BY NAME
SELECT
    n AS load_id, $start::DATE + night::INT + INTERVAL 1 HOUR + to_seconds((turn * 86400) // $loads) AS known_at_utc,
    CASE WHEN turn < 5 OR turn % 6 < 2 THEN 'insights' ELSE 'entities' END AS facts, 'meta' AS platform,
    'act_1' AS account_id,
    CASE WHEN turn < 5 THEN ['account', 'campaign', 'adset', 'ad'][turn]
        ELSE ['account', 'ad', 'account', 'campaign', 'adset', 'ad'][turn % 6 + 1] END AS level,
    CASE WHEN facts = 'insights'
        THEN greatest($start::DATE, $start::DATE + night::INT - IF(turn < 5, 30, 1)) END AS since,
    CASE WHEN facts = 'insights' THEN $start::DATE + night::INT END AS until,
    'complete' AS extent, 500 AS inserted, 14500 AS restated, 0 AS closed, 0 AS unchanged, 0 AS repeated, 0 AS rejected
FROM (SELECT n, (n - 1) // $loads AS night, (n - 1) % $loads + 1 AS turn
    FROM range((SELECT coalesce(max(load_id), 0) + 1 FROM load), $until + 1) AS r(n))
"""
OBJECTS = """
INSERT INTO entity_version BY NAME
SELECT
    'meta' AS platform, 'act_1' AS account_id, '{level}' AS level, {id} AS entity_id, '{level} ' || object AS name,
    CASE WHEN '{level}' IN ('adset', 'ad') THEN (23850000000000 + object * {size} // 25)::VARCHAR END AS campaign_id,
    CASE WHEN '{level}' = 'ad' THEN (23860000000000 + object // 5)::VARCHAR END AS adset_id,
    CASE WHEN '{level}' = 'campaign' THEN ['OUTCOME_SALES', 'OUTCOME_LEADS'][object % 2 + 1] END AS objective,
    'EUR' AS currency, 'Europe/Kyiv' AS time_zone, 'ACTIVE' AS status, 1 AS known_from, 9223372036854775807 AS known_to
FROM range($ads // {size}) AS r(object)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--months", type=int, default=38, help="months of history (default: 38, 17 million versions)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, action="append", default=[], help="a folder with further packages")
    parser.add_argument("--folder", type=Path, help="where to build (default: a temporary folder)")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        print(peak_mb(arguments.peak))
        return
    sys.path.extend(map(str, arguments.peers))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        outcome = measure(Path(folder), arguments.months, arguments.rounds)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def measure(folder: Path, months: int, rounds: int) -> dict[str, Any]:
    context = add_client(folder / "workspace", "shop", ClientFile(name="Sample"))
    (folder / "workspace" / "aibuyer.toml").write_text("", encoding="utf-8")
    built = build(context.warehouse, months)
    reading, rows = compare_readings(context.warehouse, folder, rounds)
    asked = pages(context, months, rounds) | {
        OPEN: median_ms(lambda: Reader(context.warehouse).freshness(), rounds),
        CLI: median_ms(lambda: run_cli(folder / "workspace", months), rounds),
        PEAK: int(run_here("--peak", str(context.warehouse))),
    }
    opened = asked | compare_publications(context.warehouse, folder, months, rounds)
    return result(reading, opened, built | {"versions": rows, "months": months, "rounds": rounds})


def days_of(month: int) -> tuple[int, int]:
    """Return the number of a month's first day since FIRST_DAY, and how many days it has."""
    first, following = (date(FIRST_DAY.year + (3 + m) // 12, (3 + m) % 12 + 1, 1) for m in (month, month + 1))
    return (first - FIRST_DAY).days, (following - first).days


def build(warehouse: Path, months: int) -> dict[str, Any]:
    """Fill the months one after the other and seal all but the last two; the last gets breakdowns."""
    seconds = []
    last_night = sum(days_of(months - 1))
    for month in range(months):
        with open_writer(warehouse) as writer:
            before = FIRST_DAY + timedelta(days=days_of(max(0, month - 1))[0])
            started = time.perf_counter()
            sealed = writer.seal("meta", "act_1", ZONE, before=before)
            seconds += [(time.perf_counter() - started) / len(sealed)] if sealed else []
        insert(warehouse, month, last_night, breakdown_rows=BREAKDOWN_ROWS if month == months - 1 else 0)
    with open_writer(warehouse):
        pass  # it publishes what the last month has brought
    return {
        "seal_a_month_ms": round(statistics.median(seconds) * 1000) if seconds else 0,
        "sealed_mb": round(sum(each.stat().st_size for each in (warehouse / "sealed").glob("*")) / 1e6),
        "hot_mb": round(WarehouseFiles(warehouse).current().stat().st_size / 1e6),
    }


def insert(warehouse: Path, month: int, last_night: int, *, breakdown_rows: int) -> None:
    """Put a month into the closed working file: some loads a night, a version of each day's rows each time."""
    first, days = days_of(month)
    parameters = {"start": FIRST_DAY, "first": first, "days": days, "last": last_night, "ads": ADS}
    parameters |= {"loads": LOADS_A_DAY, "step": LOADS_A_SYNC, "recent": last_night - DAYS_OF_SYNCS}
    whole = {"breakdown": "''", "versions": str(VERSIONS), "syncs": str(SYNCS_A_DAY), "parts": "1"}
    broken = {"breakdown": PARTS, "versions": str(BREAKDOWN_VERSIONS), "syncs": "1", "parts": str(breakdown_rows)}
    with duckdb.connect(str(WarehouseFiles(warehouse).working)) as connection:
        connection.execute(LISTS)
        for level, (size, turn, object_id) in LEVELS.items():
            marks = {"level": level, "size": str(size), "turn": str(turn), "id": object_id}
            for form in (whole, broken) if breakdown_rows and level == "ad" else (whole,):
                sql = filled(ROWS, marks | form)
                connection.execute(f"INSERT INTO insight_version BY NAME {sql}", parameters)
            if not month:
                connection.execute(filled(OBJECTS, marks), {"ads": ADS})
        until = min(last_night + 1, first + days + VERSIONS) * LOADS_A_DAY
        connection.execute(LOADS, {"start": FIRST_DAY, "until": until, "loads": LOADS_A_DAY})


def filled(sql: str, marks: dict[str, str]) -> str:
    for mark, text in marks.items():
        sql = sql.replace("{" + mark + "}", text)
    return sql


def compare_readings(warehouse: Path, folder: Path, rounds: int) -> tuple[dict[str, float | str], int]:
    """Return the median ms of each way to read what was known then, and how many versions there are."""
    files = WarehouseFiles(warehouse)
    cursor = open_whole(files, files.current())
    ((rows, loads),) = cursor.execute("SELECT count(*), max(known_from) FROM insight_version").fetchall()
    peer = peer_table(cursor, folder)
    ways = {
        INTERVALS: lambda load: cursor.execute(
            "SELECT count(*), sum(spend_micros)::BIGINT FROM insights_as_of(?)", [load]
        ).fetchone(),
        SCD2: lambda load: peer.execute(
            "SELECT count(*), sum(spend_micros)::BIGINT FROM scd2 WHERE valid_from <= $1"
            " AND (valid_to IS NULL OR valid_to > $1)",
            [load],
        ).fetchone(),
        WINDOW: lambda load: peer.execute(
            "SELECT count(*), sum(spend_micros)::BIGINT FROM (SELECT spend_micros, row_number() OVER"
            " (PARTITION BY entity, date, breakdown ORDER BY valid_from DESC) AS place FROM scd2 WHERE valid_from <= ?)"
            " WHERE place = 1",
            [load],
        ).fetchone(),
    } | polars_way(folder)
    moments = [loads * share // 10 for share in (2, 5, 8, 10)]
    for moment in moments:
        answers = {name: way(moment) for name, way in ways.items()}
        if len(set(answers.values())) != 1:
            raise SystemExit(f"load {moment}: {answers}")
    limit = "SELECT sum(known_from), count(*) FILTER (known_to > ?) FROM insight_version"
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        for moment in moments:
            for name, way in (ways | {PLAIN_SCAN: lambda load: cursor.execute(limit, [load]).fetchone()}).items():
                times.setdefault(name, []).append(timed(lambda way=way, moment=moment: way(moment)))  # type: ignore[misc]
    found: dict[str, float | str] = {name: round(statistics.median(each), 1) for name, each in times.items()}
    cursor.close()
    peer.close()
    return found | ({} if POLARS in ways else {POLARS: "not installed"}), int(rows)


def peer_table(cursor: duckdb.DuckDBPyConnection, folder: Path) -> duckdb.DuckDBPyConnection:
    """Write the same versions into one table of another file, narrow, with numbers for names, in order of knowledge."""
    narrow = cursor.sql(  # noqa: F841 - the query below names it
        "SELECT hash(level, entity_id) AS entity, date, breakdown, spend_micros,"
        " known_from AS valid_from, nullif(known_to, 9223372036854775807) AS valid_to FROM insight_version"
    ).to_arrow_reader(1_000_000)
    peer = duckdb.connect(str(folder / "peer.duckdb"))
    peer.execute("CREATE TABLE scd2 AS FROM narrow")
    peer.execute(f"COPY scd2 TO '{folder / 'peer.parquet'}' (FORMAT parquet)")
    return peer


def polars_way(folder: Path) -> dict[str, Callable[[int], Any]]:
    try:
        import polars as pl  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return {}

    def read(load: int) -> tuple[int, int]:
        known = pl.scan_parquet(folder / "peer.parquet").filter(
            (pl.col("valid_from") <= load) & (pl.col("valid_to").is_null() | (pl.col("valid_to") > load))
        )
        row: tuple[int, int] = known.select(pl.len(), pl.col("spend_micros").sum()).collect().row(0)
        return row

    return {POLARS: read}


def compare_publications(warehouse: Path, folder: Path, months: int, rounds: int) -> dict[str, float]:
    """Restate a month of 500 ads each time, and return the median ms to publish that, and of plain copies."""
    first, days = days_of(months - 1)
    asked = DateRange(FIRST_DAY + timedelta(days=first), FIRST_DAY + timedelta(days=first + days - 1))
    coverage = Coverage("insights", "meta", "act_1", Level.AD, days=asked, attribution="default")
    files = WarehouseFiles(warehouse)
    with open_whole(files, files.current()) as connection:
        known = connection.sql(
            "FROM insights WHERE breakdown = '' AND level = 'ad' AND date >= ?", params=[asked.since]
        )
        page = known.to_arrow_table().cast(insight_schema())
        known_at = connection.sql("SELECT max(known_at_utc) FROM load").fetchall()[0][0].replace(tzinfo=UTC)
    whole = folder / "whole"
    with whole.open("wb") as target:
        for path in (files.current(), *sorted((warehouse / "sealed").iterdir())):
            with path.open("rb") as source:
                shutil.copyfileobj(source, target)
    times: dict[str, list[float]] = {each: [] for each in (PUBLISH, COPY, UNSEALED, LOAD, THIN, CHECK)}
    for turn in range(rounds):
        spend = pc.add(page["spend_micros"], turn + 1)
        restated = page.set_column(page.schema.get_field_index("spend_micros"), "spend_micros", spend)
        with open_writer(warehouse) as writer:
            started = time.perf_counter()
            loaded = writer.load(coverage, [restated], known_at=lambda: known_at)
            times[LOAD].append((time.perf_counter() - started) * 1000)
            if loaded.restated != ADS * days:
                raise SystemExit(f"{loaded.restated} rows were restated")
            times[THIN].append(timed(lambda: writer.thin("meta", "act_1", ZONE)))
            times[CHECK].append(timed(writer.check_sealed))
            times[PUBLISH].append(timed(writer.publish))
        times[COPY].append(timed(lambda: copy(WarehouseFiles(warehouse).current(), folder / "copy")))
        times[UNSEALED].append(timed(lambda: copy(whole, folder / "copy")))
    return {name: round(statistics.median(each), 1) for name, each in times.items()} | {
        COMPACT: round(timed(lambda: compact(files)), 1)
    }


def copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    flush(target)


def pages(context: ClientContext, months: int, rounds: int) -> dict[str, float]:
    """Return the median ms of what pages, commands and syncs ask for."""
    first, days = days_of(months - 1)
    last = FIRST_DAY + timedelta(days=first + days - 1)
    reader = Reader(context.warehouse)
    if state := [*disagreements(context, reader)]:
        raise SystemExit(f"the levels disagree: {state[0]}")
    return {
        MATURITY: median_ms(lambda: client_maturity(context, reader), rounds),
        RECONCILED: median_ms(lambda: known_reconciliation(context, reader), rounds),
        OPEN_DAYS: median_ms(lambda: [*disagreements(context, reader)], rounds),
        STATUS: median_ms(lambda: client_status(context), rounds),
        OVERVIEW: median_ms(
            lambda: client_overview(context, reader, since=last - timedelta(days=27), until=last), rounds
        ),
    }


def run_cli(workspace: Path, months: int) -> None:
    """Ask for 28 days and wait for the first answer; what is known of the figures is told after it."""
    first, days = days_of(months - 1)
    since = FIRST_DAY + timedelta(days=first + days - 28)
    aibuyer = Path(sys.executable).with_name("aibuyer")
    command = [str(aibuyer), "insights", "--workspace", str(workspace), "--client", "shop", "--since", str(since)]
    command += ["--until", str(since + timedelta(days=27))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None  # noqa: S101 # it was asked for
        if not process.stdout.read(1):
            raise SystemExit(f"{' '.join(command)} told nothing")
        process.terminate()


def run_here(*arguments: str) -> str:
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[-1]


def peak_mb(warehouse: Path) -> int:
    """Return the peak memory of a process that opens a reader, asks for a past moment and for the last 28 days."""
    files = WarehouseFiles(warehouse)
    with open_whole(files, files.current()) as connection:
        connection.execute("SELECT count(*), sum(spend_micros) FROM insights_as_of(600)").fetchone()
    reader = Reader(warehouse)
    last = reader.freshness().last_day
    if last is None:
        raise SystemExit("nothing is known")
    reader.insights(Level.CAMPAIGN, DateRange(last - timedelta(days=27), last), result=ResultSetting()).rows()
    # What getrusage tells begins with the memory of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="utf-8").partition("VmHWM:")[2].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def median_ms(work: Callable[[], Any], rounds: int) -> float:
    """Return the median; a first round that warms the disk does not count."""
    return round(statistics.median([timed(work) for _ in range(rounds + 1)][1:]), 1)


def result(reading: dict[str, Any], measured: dict[str, float], built: dict[str, Any]) -> dict[str, Any]:
    ours = {name: value for name, value in measured.items() if name not in (COPY, UNSEALED)}
    ours[INTERVALS] = reading[INTERVALS]
    peers = {name: reading[name] for name in (WINDOW, SCD2, POLARS)} | {UNSEALED: measured[UNSEALED]}
    limit = {PLAIN_SCAN: reading[PLAIN_SCAN], COPY: measured[COPY]}
    times = {f"{INTERVALS} / {PLAIN_SCAN}": ours[INTERVALS] / limit[PLAIN_SCAN]}
    times |= {f"{name} / {INTERVALS}": peers[name] / ours[INTERVALS] for name in peers if is_time(peers, name)}
    times |= {
        f"{PUBLISH} / {COPY}": ours[PUBLISH] / limit[COPY],
        f"{UNSEALED} / {PUBLISH}": peers[UNSEALED] / ours[PUBLISH],
    }
    return {
        "name": "warehouse",
        "unit": "ms",
        "limit": limit,
        "peers": peers,
        "ours": ours,
        "ratios": {name: round(value, 2) for name, value in times.items()},
        "bars": BARS,
        "held": {name: ours[name] <= bar for name, bar in BARS.items()},
        "conditions": built
        | {
            "ads": ADS,
            "statistic": "median",
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "duckdb": version("duckdb"),
        },
    }


def is_time(peers: dict[str, Any], name: str) -> bool:
    return name != UNSEALED and not isinstance(peers[name], str)


def as_table(outcome: dict[str, Any]) -> str:
    conditions = outcome["conditions"]
    lines = [f"warehouse: {conditions['versions']:,} versions, {conditions['months']} months"]
    for kind in ("limit", "peers", "ours"):
        for name, value in outcome[kind].items():
            bar = outcome["bars"].get(name) if kind == "ours" else None
            note = f"bar {bar}: {'held' if outcome['held'][name] else 'MISSED'}" if bar else ""
            lines.append(f"{kind:<6} {name:<58} {value:>8}  {note}".rstrip())
    lines += [f"ratio  {name:<90} {value:>6}" for name, value in outcome["ratios"].items()]
    lines.append(", ".join(f"{name} {conditions[name]}" for name in ("sealed_mb", "hot_mb", "seal_a_month_ms")))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
