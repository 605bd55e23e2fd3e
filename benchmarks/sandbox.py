"""How long a page of 500 rows takes from the practice platform, on a world of 5,000 ads and 400 days.

The platform is a process of its own; each view is read page by page over one connection, no page twice, and the views
take turns. Beside the time that a caller waits stands the processor's time that the platform takes, which other work on
the machine moves less. The limit is writing the same rows as JSON (orjson, where it is found in a folder of --peers, or
else the standard library) and sending the same bytes over a socket of this machine.
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

CAMPAIGNS, ADSETS_PER_CAMPAIGN, ADS_PER_ADSET, HISTORY_DAYS = 50, 50, 2, 400
ROWS = 500
BAR_MS = 50
FIRST = "first amount_spent"
_FIELDS = "account_id,campaign_id,adset_id,ad_id,account_currency,spend,impressions,clicks,inline_link_clicks"
_HOURLY = "hourly_stats_aggregated_by_advertiser_time_zone"
_DAILY = {"level": "ad", "time_increment": "1", "time_range": '{"since":"2026-05-01","until":"2026-06-01"}'}
_MONTH = {"level": "ad", "date_preset": "last_28d"}
_RANGES = [{"since": f"2026-05-{day:02d}", "until": f"2026-05-{day + 6:02d}"} for day in range(1, 25)]
_ALL = {
    "fields": f"{_FIELDS},actions,action_values",
    "action_attribution_windows": '["1d_click","7d_click","28d_click","1d_view"]',
}
VIEWS: dict[str, tuple[str, dict[str, str]]] = {
    "ads by day": ("insights", {**_DAILY, **_ALL}),
    "ads today": ("insights", {**_ALL, "level": "ad", "date_preset": "today"}),
    "ads, 28 days, reach": ("insights", {**_MONTH, **_ALL, "fields": f"{_ALL['fields']},reach,frequency"}),
    "reach of 7-day windows": (
        "insights",
        {"level": "ad", "fields": "ad_id,reach,frequency", "time_ranges": json.dumps(_RANGES)},
    ),
    "age x gender by day": ("insights", {**_DAILY, **_ALL, "breakdowns": "age,gender"}),
    "age x gender, 28 days": ("insights", {**_MONTH, **_ALL, "breakdowns": "age,gender"}),
    "country, 28 days": ("insights", {**_MONTH, **_ALL, "breakdowns": "country"}),
    "placement by day": ("insights", {**_DAILY, **_ALL, "breakdowns": "publisher_platform,platform_position"}),
    "hours by day": ("insights", {**_DAILY, **_ALL, "breakdowns": _HOURLY}),
    "hours, 28 days": ("insights", {**_MONTH, **_ALL, "breakdowns": _HOURLY}),
    "ad sets by day": ("insights", {**_DAILY, **_ALL, "level": "adset"}),
    "campaigns by day": ("insights", {**_DAILY, **_ALL, "level": "campaign"}),
    "list of ads": ("ads", {"fields": "id,name,status,effective_status,created_time,updated_time,creative"}),
    "list of ad sets": ("adsets", {"fields": "id,name,status,effective_status,daily_budget,bid_strategy"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--pages", type=int, default=15, help="pages of each view (default: 15)")
    parser.add_argument("--peers", type=Path, action="append", default=[], help="a folder with orjson, for the limit")
    arguments = parser.parse_args()
    sys.path += [str(folder) for folder in arguments.peers]
    with tempfile.TemporaryDirectory() as folder:
        write_world(path := Path(folder) / "world.toml")
        with serving(path) as ready:
            outcome = result(*measure(ready, arguments.pages), arguments.pages)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def write_world(path: Path) -> None:
    lines = ['preset = "hill"', f"history_days = {HISTORY_DAYS}"]
    for campaign in range(CAMPAIGNS):
        objective = "OUTCOME_LEADS" if campaign % 5 == 4 else "OUTCOME_SALES"
        lines += ["[[campaign]]", f'name = "Sample campaign {campaign}"', f'objective = "{objective}"']
        for adset in range(ADSETS_PER_CAMPAIGN):
            budget = 20 + (campaign * 7 + adset) % 180
            lines += ["[[campaign.adset]]", f'name = "Sample ad set {adset}"', f"daily_budget = {budget}"]
    path.write_text("\n".join(lines), encoding="utf-8")


@contextmanager
def serving(world: Path) -> Iterator[dict[str, Any]]:
    """Run the platform as people do; yields what it prints, and how many seconds that took."""
    command = [str(Path(sys.executable).with_name("aibuyer")), "sandbox", "serve", "--world", str(world), "--seed", "7"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        ready = json.loads(process.stdout.readline()) if process.stdout else {}
        try:
            yield {**ready, "seconds": time.perf_counter() - started, "process": process.pid}
        finally:
            process.terminate()


def processor_seconds(process: int) -> float:
    """Return what a process has taken so far; 0 where the system does not tell (only Linux does)."""
    return time.clock_gettime((~process << 3) | 2) if sys.platform == "linux" else 0.0


def measure(
    ready: dict[str, Any], pages: int
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, float], dict[str, float]]:
    """Return each view's times and the processor's in ms, the limit's of a page of it, and what comes once."""
    times: dict[str, list[float]] = {name: [] for name in VIEWS}
    processor: dict[str, list[float]] = {name: [] for name in VIEWS}
    bodies: dict[str, bytes] = {}
    after: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {ready['access_token']}"}
    with httpx.Client(base_url=f"{ready['graph_url']}/v26.0/", headers=headers, timeout=120) as client:
        started = time.perf_counter()
        client.get(ready["account_id"], params={"fields": "amount_spent"})
        once = {"start": round(1000 * ready["seconds"]), FIRST: round(1000 * (time.perf_counter() - started))}
        for _ in range(pages):
            for name, (edge, params) in VIEWS.items():
                asked = {"limit": str(ROWS), **params, **({"after": after[name]} if name in after else {})}
                used, started = processor_seconds(ready["process"]), time.perf_counter()
                answer = client.get(f"{ready['account_id']}/{edge}", params=asked)
                times[name].append(1000 * (time.perf_counter() - started))
                processor[name].append(1000 * (processor_seconds(ready["process"]) - used))
                bodies[name] = max(bodies.get(name, b""), answer.content, key=len)
                paging = answer.raise_for_status().json()["paging"]
                after[name] = paging["cursors"]["after"] if "next" in paging else ""
                if not after[name]:
                    del after[name]
    return times, processor, {name: limit_ms(body) for name, body in bodies.items()}, once


def limit_ms(body: bytes) -> float:
    """Return the least time of five that writing these rows as JSON and sending them takes."""
    dumps = encoder()
    rows = json.loads(body)
    found = []
    for _ in range(5):
        ours, theirs = socket.socketpair()
        started = time.perf_counter()
        sender = threading.Thread(target=ours.sendall, args=(dumps(rows),))
        sender.start()
        left = len(body) * 9 // 10
        while left > 0:
            left -= len(theirs.recv(1 << 20))
        found.append(1000 * (time.perf_counter() - started))
        threading.Thread(target=_drain, args=(theirs,), daemon=True).start()
        sender.join()
        ours.close()
    return round(min(found), 2)


def _drain(end: socket.socket) -> None:
    while end.recv(1 << 20):
        pass
    end.close()


def encoder() -> Any:
    try:
        import orjson  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return lambda rows: json.dumps(rows, separators=(",", ":")).encode()
    return orjson.dumps


def result(
    times: dict[str, list[float]],
    processor: dict[str, list[float]],
    limits: dict[str, float],
    once: dict[str, float],
    pages: int,
) -> dict[str, Any]:
    busy = {name: round(statistics.median(each), 1) for name, each in processor.items()}
    p50 = {name: round(statistics.median(each), 1) for name, each in times.items()}
    p95 = {name: round(statistics.quantiles(each, n=20)[-1], 1) for name, each in times.items()}
    return {
        "name": "sandbox",
        "unit": f"ms a page of {ROWS} rows",
        "limit": limits,
        "peers": {},
        "ours": {"p50": p50, "p95": p95, "processor": busy, "once": once},
        "ratios": {f"{name} / limit": round(p50[name] / limits[name], 1) for name in VIEWS},
        "bars": {"p50": BAR_MS},
        "held": {name: p50[name] <= BAR_MS for name in VIEWS},
        "conditions": {
            "world": f"{CAMPAIGNS * ADSETS_PER_CAMPAIGN * ADS_PER_ADSET} ads, {HISTORY_DAYS} days",
            "pages": pages,
            "limit_written_by": encoder().__module__ if hasattr(encoder(), "__module__") else "orjson",
            "load_of_the_machine": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def as_table(outcome: dict[str, Any]) -> str:
    p50, p95 = outcome["ours"]["p50"], outcome["ours"]["p95"]
    lines = [f"{outcome['conditions']['world']}; ms a page of {ROWS} rows; bar {BAR_MS} ms"]
    busy = outcome["ours"]["processor"]
    lines.append(f"{'':<24} {'limit':>7} {'p50':>7} {'p95':>7} {'processor':>10}")
    for name in VIEWS:
        note = "" if outcome["held"][name] else "  MISSED"
        lines.append(
            f"{name:<24} {outcome['limit'][name]:>7.1f} {p50[name]:>7.1f} {p95[name]:>7.1f} {busy[name]:>10.1f}{note}"
        )
    return "\n".join([*lines, *(f"{name:<24} {value:>7} ms, once" for name, value in outcome["ours"]["once"].items())])


if __name__ == "__main__":
    main()
