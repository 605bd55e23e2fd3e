"""How long the practice market takes: `large`, 90 days of 40 ad sets, and a policy that decides on each of 90 days.

Each subject is a process of its own, so that its memory is its own. Beside the time that a caller waits stands the
processor's, which other work on the machine moves less; of the small subjects the median over the rounds counts. The
limit of `large` is to draw two Poisson numbers for each ad and day with numpy's own generator and to keep six columns
of them: no simulation of noisy reports does less. There are no peers in Python: AMSS, the nearest, is in R and has no
bids, budgets by day or reports.
"""

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np

from aibuyer_kit.core.dates import DateRange, last_days
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.people import AGE_GENDER, HOURLY, Family
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.replay import Change, Known, replay
from aibuyer_kit.sandbox.market.sums import Cells, Span
from aibuyer_kit.sandbox.market.world import World

UNIT = 1_000_000
PAGE = 500
BARS = {"large": 60.0, "90 days": 1.0, "policy": 5.0}
MOST_GIB = 6.0
POLICY_DAYS = SMALL_DAYS = 90
SMALL_ADSETS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=5, help="runs of the small subjects (default: 5)")
    parser.add_argument("--subject", choices=SUBJECTS, help="measure one in this process")
    arguments = parser.parse_args()
    if arguments.subject:
        print(json.dumps(SUBJECTS[arguments.subject]()))
        return
    rounds = {name: 1 if name in ("large", "limit") else arguments.rounds for name in SUBJECTS}
    outcome = result({name: [in_its_own_process(name) for _ in range(count)] for name, count in rounds.items()})
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


def in_its_own_process(subject: str) -> dict[str, Any]:
    command = [sys.executable, __file__, "--subject", subject]
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return found


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return how many seconds a caller waits for some work, and how many the processor takes."""
    wall, busy = time.perf_counter(), time.process_time()
    work()
    return round(time.perf_counter() - wall, 4), round(time.process_time() - busy, 4)


def large() -> dict[str, Any]:
    """All days of the largest preset, and pages of what is worked out on demand after that."""
    markets: list[Market] = []

    def generate() -> None:
        markets.append(Market.open("large", seed=7))
        markets[0].settle()

    seconds, processor = timed(generate)
    (market,) = markets
    pages = {name: 1000 * timed(work)[0] for name, work in pages_of(market).items()}
    return {
        "seconds": seconds,
        "processor": processor,
        "gib": peak_gib(),
        "pages_ms": {name: round(ms, 1) for name, ms in pages.items()},
        "ad_days": len(market.account.ads) * market.world.history_days,
        "sha256": digest(market),
    }


def pages_of(market: Market) -> Mapping[str, Callable[[], object]]:
    """Return pages of 500 rows of ads and days: plain, by hour of a day that nobody asked for yet, and so on."""
    ads, yesterday = market.account.ads[:PAGE], market.today - timedelta(days=1)
    places = [market.places((ad,)) for ad in ads]

    def page(days: DateRange, family: Family | None = None) -> Callable[[], object]:
        cells = Cells(family, np.arange(len(family.cells)), len(family.cells)) if family else None
        return lambda: market.sums([market.span(each, days, market.now_us) for each in places], market.now_us, cells)

    day = DateRange(yesterday, yesterday)
    return {
        "a day, first": page(day),
        "a day": page(day),
        "28 days": page(last_days(28, today=market.today)),
        "hours of a day, first": page(day, HOURLY),
        "hours of a day": page(day, HOURLY),
        "age x gender of a day": page(day, AGE_GENDER),
        "today, first": page(DateRange(market.today, market.today)),
    }


def ninety_days() -> dict[str, Any]:
    """A world of 40 ad sets, from its file to the last of its 90 days."""
    seconds, processor = timed(lambda: small_market().settle())
    return {"seconds": seconds, "processor": processor, "gib": peak_gib(), "sha256": digest(small_market())}


def policy() -> dict[str, Any]:
    """A policy that reads seven days of each of 40 ad sets, and sets all budgets, on each of 90 days."""
    market = small_market()
    market.settle()
    brought = []
    seconds, processor = timed(lambda: brought.append(replay(market, towards_the_cheaper, POLICY_DAYS)))
    return {
        "seconds": seconds,
        "processor": processor,
        "gib": peak_gib(),
        "changes": brought[0].changes,
        "sha256": hashlib.sha256(repr(brought[0]).encode()).hexdigest(),
    }


def limit() -> dict[str, Any]:
    """Drawing and keeping the whole figures of `large`, a day at a time."""
    world = PRESETS["large"]
    ads, days = sum(adset.ads for campaign in world.campaigns for adset in campaign.adsets), world.history_days
    draw = np.random.default_rng(7)
    means = draw.gamma(0.5, 2.0, ads), draw.gamma(1.0, 10.0, ads)
    columns = [np.zeros((days, ads), np.int32) for _ in range(6)]

    def draw_all() -> None:
        for day in range(days):
            counts = [draw.poisson(mean) for mean in means]
            for number, column in enumerate(columns):
                column[day] = counts[number % 2]

    seconds, processor = timed(draw_all)
    return {"seconds": seconds, "processor": processor, "gib": peak_gib()}


SUBJECTS: dict[str, Callable[[], dict[str, Any]]] = {
    "large": large,
    "90 days": ninety_days,
    "policy": policy,
    "limit": limit,
}


def small_market() -> Market:
    campaign = PRESETS["large"].campaigns[0]
    few = replace(campaign, adsets=campaign.adsets[:SMALL_ADSETS])
    world: World = replace(PRESETS["seasonal"], campaigns=(few,), history_days=SMALL_DAYS)
    return Market(world, 7)


def towards_the_cheaper(known: Known) -> Mapping[str, Change]:
    """Give a fiftieth more to ad sets that cost less a result than the mean, as reported of a week; else take it."""
    week = last_days(7, today=known.today)
    reported = {adset.id: known.reported(adset.id, week) for adset in known.adsets}
    results = {key: each.actions.get("purchase", (0,))[0] for key, each in reported.items()}
    mean = sum(each.spend_minor for each in reported.values()) / max(1, sum(results.values()))
    changes = {}
    for adset_id, each in reported.items():
        factor = 1.02 if each.spend_minor < mean * results[adset_id] else 0.98
        minor = max(500, round(known.setting(adset_id).daily_budget_minor * factor))
        changes[adset_id] = Change(daily_budget_micros=minor * UNIT // 100)
    return changes


def digest(market: Market) -> str:
    """Return a digest of what all ads delivered on all days: the same on every run, machine and number of cores."""
    found = hashlib.sha256()
    for first in range(0, len(market.account.ads), 1000):
        places = [market.places((ad,)) for ad in market.account.ads[first : first + 1000]]
        last = (market.today - market.first_day).days - 1
        sums = market.sums([Span(each, 0, last) for each in places], market.now_us)
        for column in sums.columns:
            found.update(column.tobytes())
    return found.hexdigest()


def peak_gib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(round(peak / (2**30 if sys.platform == "darwin" else 2**20), 2))


def result(found: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    def middle(name: str, key: str) -> float:
        return float(round(statistics.median(each[key] for each in found[name]), 3))

    seconds = {name: middle(name, "seconds") for name in SUBJECTS}
    processor = {name: middle(name, "processor") for name in SUBJECTS}
    ours = {name: seconds[name] for name in BARS}
    (of_large,) = found["large"]
    return {
        "name": "market",
        "unit": "s",
        "limit": {"large": seconds["limit"]},
        "peers": {},
        "ours": {
            **ours,
            "processor": {name: processor[name] for name in BARS},
            "gib": {name: max(each["gib"] for each in found[name]) for name in BARS},
            "pages_ms": of_large["pages_ms"],
        },
        "ratios": {"large / limit, processor": round(processor["large"] / processor["limit"], 1)},
        "bars": {**BARS, "large, GiB": MOST_GIB},
        "held": {**{name: ours[name] <= bar for name, bar in BARS.items()}, "large, GiB": of_large["gib"] <= MOST_GIB},
        "same_bytes": {name: len({each["sha256"] for each in found[name]}) == 1 for name in BARS},
        "conditions": {
            "large": f"{of_large['ad_days']:,} ad days",
            "policy": f"{SMALL_ADSETS} ad sets, {found['policy'][0]['changes']:,} changes",
            "rounds": len(found["policy"]),
            "sha256": {name: found[name][0]["sha256"] for name in BARS},
            "load_of_the_machine": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def as_table(outcome: dict[str, Any]) -> str:
    ours, bars = outcome["ours"], outcome["bars"]
    lines = [f"{outcome['conditions']['large']}; load {outcome['conditions']['load_of_the_machine']}"]
    lines.append(f"{'':<24} {'s':>8} {'processor':>10} {'bar':>6} {'GiB':>6}")
    for name in BARS:
        note = "" if outcome["held"][name] else "  MISSED"
        lines.append(
            f"{name:<24} {ours[name]:>8.2f} {ours['processor'][name]:>10.2f} {bars[name]:>6.0f}"
            f" {ours['gib'][name]:>6.2f}{note}"
        )
    lines.append(f"{'limit of large':<24} {outcome['limit']['large']:>8.2f}")
    return "\n".join([*lines, *(f"{name:<24} {ms:>8.1f} ms a page of {PAGE}" for name, ms in ours["pages_ms"].items())])


if __name__ == "__main__":
    main()
