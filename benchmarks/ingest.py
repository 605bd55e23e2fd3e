"""Pages of insights from a local server to typed DuckDB tables, actions included: rows a second, and memory.

Every contender is a process of its own and gets the same pages from one server process; they run in turns, and the
median over the rounds counts. Ours does more than the others: it compares every row with what is stored, keeps
versions, and publishes. `first` loads an empty warehouse, `again` reads it all once more after 1% of it has changed.

Peers that are not part of the project are looked for in the folders of --peers (pip install --target FOLDER orjson;
pip install --target FOLDER "dlt[duckdb]"), and told as missing otherwise.
"""

import argparse
import contextlib
import importlib
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import graph_pages

SINCE = date(2025, 1, 1)
ROWS_A_DAY = graph_pages.ROWS_PER_PAGE * graph_pages.BLOCKS
NUMBERS = ("spend", "impressions", "clicks", "inline_link_clicks", "reach")
FIELDS = ",".join(("campaign_id", "adset_id", "ad_id", "account_currency", *NUMBERS, "actions", "action_values"))
COUNTS = NUMBERS[1:]
WINDOWS = ("value", "1d_click", "7d_click", "28d_click", "1d_view")
ROWS_A_BATCH = 10_000
LIMIT, SDK, HTTPX, OURS = "orjson alone", "SDK cursor", "httpx + orjson", "ours"
DLT, DLT_TUNED = "dlt", "dlt, tuned"
# Bars of the project: how many times the peer's speed.
BARS = {SDK: 5.0, DLT: 10.0, DLT_TUNED: 10.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rows", type=int, default=100_000, help="rows to read (default: 100,000)")
    parser.add_argument("--memory-rows", type=int, default=0, help="also measure memory at this many rows, ours only")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, action="append", default=[], help="a folder with further packages")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        for name in ("duckdb", "pyarrow"):  # every contender stands on them, and ours has them before the clock starts
            importlib.import_module(name)
        print(json.dumps(CONTENDERS[arguments.contender](arguments.url, max(1, arguments.rows // ROWS_A_DAY))))
        return
    outcome = result(*measure(arguments.rows, arguments.rounds, arguments.peers, arguments.memory_rows), arguments)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def measure(
    rows: int, rounds: int, peers: list[Path], memory_rows: int
) -> tuple[dict[str, list[dict[str, float]]], dict[str, str], dict[str, float]]:
    """Return the runs of each contender, why others are missing, and our memory in MB by rows read."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name in CONTENDERS:
            if name not in missing:
                try:
                    runs[name].append(run(name, rows, peers))
                except subprocess.CalledProcessError as error:
                    missing[name] = (error.stderr.strip().splitlines() or ["no reason given"])[-1][:200]
    memory = {str(each): run(OURS, each, peers)["peak_mb"] for each in (rows, memory_rows) if memory_rows}
    return {name: found for name, found in runs.items() if found}, missing, memory


def run(name: str, rows: int, peers: list[Path]) -> dict[str, float]:
    """Return what one contender measured in a process of its own, with a server of its own."""
    # A peer's folder has versions of its own of what the project stands on, so that it is for the peers alone.
    folders = [str(folder) for folder in peers if name not in (SDK, OURS)]
    paths = [*filter(None, [os.environ.get("PYTHONPATH")]), *folders]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    with serving() as url:
        command = [sys.executable, __file__, "--contender", name, "--url", url, "--rows", str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextlib.contextmanager
def serving() -> Iterator[str]:
    server = subprocess.Popen([sys.executable, str(Path(graph_pages.__file__))], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None  # noqa: S101 # it was asked for
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def timed(work: Callable[[], int], days: int) -> dict[str, float]:
    """Return thousands of rows a second, by the clock and by the time of the processor, and the peak of memory."""
    started, worked = time.perf_counter(), sum(os.times()[:4])  # its own and that of processes which it has started
    rows = work()
    seconds, busy_seconds = time.perf_counter() - started, sum(os.times()[:4]) - worked
    if rows != days * ROWS_A_DAY:
        raise SystemExit(f"read {rows} rows instead of {days * ROWS_A_DAY}")
    return {
        "krows_s": rows / seconds / 1000,
        "krows_cpu_s": rows / busy_seconds / 1000,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def time_range(days: int) -> str:
    return json.dumps({"since": str(SINCE), "until": str(SINCE + timedelta(days=days - 1))})


def ours(url: str, days: int) -> dict[str, float]:
    """HTTP to typed rows to versions in a warehouse, through the parts that a sync uses."""
    from pydantic import SecretStr

    from aibuyer_kit.connectors.base import InsightStream
    from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
    from aibuyer_kit.core.dates import DateRange
    from aibuyer_kit.core.entities import Level
    from aibuyer_kit.warehouse.coverage import Coverage
    from aibuyer_kit.warehouse.write import open_writer

    asked = DateRange(SINCE, SINCE + timedelta(days=days - 1))
    credentials = MetaCredentials(SecretStr("token"))
    connector = MetaConnector("act_1", credentials, graph_url=url, report_days=len(asked))
    connector.account()
    coverage = Coverage("insights", "meta", "act_1", Level.AD, days=asked, attribution=connector.attribution)

    def load() -> int:
        with open_writer(Path(folder) / "warehouse") as writer:
            tables = connector.fetch(InsightStream(Level.AD, asked))
            done = writer.load(coverage, tables, known_at=connector.platform_time)
        changes.append(done.inserted + done.restated)
        return done.inserted + done.restated + done.unchanged

    changes: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        first = timed(load, days)
        with urllib.request.urlopen(f"{url}/version?2"):  # noqa: S310 # our own server
            pass
        again = timed(load, days)
    if changes[1] * 100 != changes[0]:
        raise SystemExit(f"found {changes[1]} changed rows, not 1% of {changes[0]}")
    return first | {f"again_{name}": value for name, value in again.items()}


def sdk_cursor(url: str, days: int) -> dict[str, float]:
    """The official SDK as its documentation shows it: get_insights, one object per row, in batches into DuckDB."""
    from facebook_business.adobjects.adaccount import AdAccount
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    session = FacebookSession(access_token="token", timeout=60)  # noqa: S106 # of our own server
    session.GRAPH = url
    account = AdAccount("act_1", api=FacebookAdsApi(session))
    parameters = {"level": "ad", "time_increment": 1, "time_range": json.loads(time_range(days)), "limit": 500}
    fields = FIELDS.split(",")
    return timed(lambda: into_duckdb(account.get_insights(fields=fields, params=parameters)), days)


def httpx_orjson(url: str, days: int) -> dict[str, float]:
    """What one would write without the SDK: httpx, orjson, columns, Arrow, DuckDB."""
    import httpx
    import orjson  # type: ignore[import-not-found,unused-ignore]

    def rows() -> Iterator[dict[str, Any]]:
        after: str | None = None
        with httpx.Client(timeout=60) as client:
            while True:
                asked = {"fields": FIELDS, "level": "ad", "time_increment": "1", "time_range": time_range(days)}
                reply = client.get(f"{url}/v26.0/act_1/insights", params=asked | ({"after": after} if after else {}))
                page = orjson.loads(reply.content)
                yield from page["data"]
                if "next" not in page["paging"]:
                    return
                after = page["paging"]["cursors"]["after"]

    return timed(lambda: into_duckdb(rows()), days)


def into_duckdb(rows: Any) -> int:
    """Append typed rows to a table, 10,000 at a time, column by column, and return how many there are."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "peer.duckdb")) as connection:
        remaining = iter(rows)
        while waiting := list(itertools.islice(remaining, ROWS_A_BATCH)):
            connection.register("batch", as_columns(waiting))
            connection.execute("CREATE TABLE IF NOT EXISTS insight AS SELECT * FROM batch LIMIT 0")
            connection.execute("INSERT INTO insight SELECT * FROM batch")
            connection.unregister("batch")
        found = connection.execute("SELECT count(*) FROM insight").fetchone()
    return int(found[0]) if found else 0


def as_columns(rows: list[Any]) -> Any:
    import pyarrow as pa

    texts = ("campaign_id", "adset_id", "ad_id", "date_start", "account_currency")
    return pa.table(
        {
            **{name: [row[name] for row in rows] for name in texts},
            "spend_micros": [micros(row["spend"]) for row in rows],
            **{name: [int(row[name]) for row in rows] for name in COUNTS},
            "actions": action_column(rows, "actions", int),
            "action_values": action_column(rows, "action_values", micros),
        }
    )


def action_column(rows: list[Any], name: str, convert: Callable[[str], int]) -> Any:
    import pyarrow as pa

    lists = [row[name] if name in row else () for row in rows]  # noqa: SIM401 # an SDK object's get() is another thing
    flat = [action for listed in lists for action in listed]
    types = pa.array([action["action_type"] for action in flat], pa.string())
    columns = [
        types,
        *(pa.array([convert(each[window]) if window in each else None for each in flat]) for window in WINDOWS),
    ]
    structs = pa.StructArray.from_arrays(columns, names=["action_type", *WINDOWS])
    return pa.ListArray.from_arrays(pa.array([0, *itertools.accumulate(map(len, lists))], pa.int32()), structs)


def micros(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0")) if part else int(whole) * 1_000_000


def with_dlt(url: str, days: int) -> dict[str, float]:
    """Dlt with pages as items and its Parquet loader, the quicker of its ways into DuckDB; nothing else is set."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt  # type: ignore[import-not-found,unused-ignore]
    from dlt.sources.helpers import requests  # type: ignore[import-not-found,unused-ignore]

    @dlt.resource(name="insight", primary_key=("ad_id", "date_start"), write_disposition="append")  # type: ignore[untyped-decorator,unused-ignore]
    def insight() -> Iterator[Any]:
        after: str | None = None
        while True:
            asked = {"fields": FIELDS, "level": "ad", "time_increment": "1", "time_range": time_range(days)}
            page = requests.get(
                f"{url}/v26.0/act_1/insights", params=asked | ({"after": after} if after else {})
            ).json()
            yield page["data"]
            if "next" not in page["paging"]:
                return
            after = page["paging"]["cursors"]["after"]

    with tempfile.TemporaryDirectory() as folder:
        database = str(Path(folder) / "peer.duckdb")
        pipeline = dlt.pipeline(
            "bench", destination=dlt.destinations.duckdb(database), dataset_name="meta", pipelines_dir=folder
        )

        def load() -> int:
            pipeline.run(insight(), loader_file_format="parquet")
            with pipeline.sql_client() as client:
                found: int = client.execute_sql("SELECT count(*) FROM insight")[0][0]
            return found

        return timed(load, days)


def with_dlt_tuned(url: str, days: int) -> dict[str, float]:
    """Dlt with what its page on performance tells: a process per core that normalizes, and no gzip in between."""
    for stage in ("SOURCES", "NORMALIZE"):
        os.environ[f"{stage}__DATA_WRITER__DISABLE_COMPRESSION"] = "true"
    processes = os.cpu_count() or 1
    os.environ["NORMALIZE__WORKERS"] = str(processes)
    # Each of them takes whole files, so that there have to be some; smaller ones were slower.
    os.environ["SOURCES__DATA_WRITER__FILE_MAX_ITEMS"] = str(days * ROWS_A_DAY // (2 * processes))
    return with_dlt(url, days)


def orjson_alone(_url: str, days: int) -> dict[str, float]:
    """The least that any program must do: turn the bytes into objects, without a network and without a database."""
    import orjson  # type: ignore[import-not-found,unused-ignore]

    pages = days * graph_pages.BLOCKS
    return timed(lambda: sum(len(orjson.loads(graph_pages.TEMPLATE)) for _ in range(pages)), days)


CONTENDERS: dict[str, Callable[[str, int], dict[str, float]]] = {
    LIMIT: orjson_alone,
    SDK: sdk_cursor,
    HTTPX: httpx_orjson,
    DLT: with_dlt,
    DLT_TUNED: with_dlt_tuned,
    OURS: ours,
}


def result(
    runs: dict[str, list[dict[str, float]]], missing: dict[str, str], memory: dict[str, float], arguments: Any
) -> dict[str, Any]:
    found = {name: {key: median(each, key) for key in each[0]} for name, each in runs.items()}
    mine = found[OURS]
    speeds = {"first": mine["krows_s"], "again": mine["again_krows_s"]}
    peers = {name: found[name]["krows_s"] for name in (SDK, HTTPX, DLT, DLT_TUNED) if name in found}
    ratios = {f"ours {which} / {name}": round(speeds[which] / peers[name], 2) for name in peers for which in speeds}
    return {
        "name": "ingest",
        "unit": "thousand rows a second",
        "limit": {LIMIT: found[LIMIT]["krows_s"]} if LIMIT in found else {},
        "peers": peers,
        "ours": speeds,
        "ratios": ratios,
        "bars": BARS,
        "held": {name: ratios[f"ours first / {name}"] >= bar for name, bar in BARS.items() if name in peers},
        "missing": missing,
        "cpu": {name: {key: value for key, value in each.items() if "cpu" in key} for name, each in found.items()},
        "peak_mb": {name: each["peak_mb"] for name, each in found.items()},
        "peak_mb_by_rows": memory,
        "conditions": {
            "rows": arguments.rows // ROWS_A_DAY * ROWS_A_DAY,
            "rounds": arguments.rounds,
            "statistic": "median; contenders in turns, each in a process of its own",
            "page": f"{graph_pages.ROWS_PER_PAGE} rows of {graph_pages.BYTES_PER_ROW} bytes",
            "imports": "duckdb and pyarrow are imported before the clock starts, for every contender",
            "again": "everything is read once more after 1% of the rows changed; both find changes and publish",
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            **{name: installed(name) for name in ("duckdb", "pyarrow", "facebook-business", "httpx")},
        },
    }


def median(runs: list[dict[str, float]], key: str) -> float:
    return round(statistics.median(each[key] for each in runs), 1)


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def as_table(outcome: dict[str, Any]) -> str:
    rows = [(kind, name, value) for kind in ("limit", "peers", "ours") for name, value in outcome[kind].items()]
    lines = [f"{kind:<6} {name:<16} {value:>8.1f} krows/s" for kind, name, value in rows]
    lines += [f"ratio  {name:<28} {value:>6.2f}" for name, value in outcome["ratios"].items()]
    lines += [
        f"bar    {name}: {BARS[name]:g}x {'held' if held else 'MISSED'}" for name, held in outcome["held"].items()
    ]
    lines += [f"memory ours at {rows} rows: {peak:.0f} MB" for rows, peak in outcome["peak_mb_by_rows"].items()]
    lines += [f"missing {name}: {reason}" for name, reason in outcome["missing"].items()]
    return "\n".join([f"ingest, {outcome['conditions']['rows']:,} rows", *lines])


if __name__ == "__main__":
    main()
