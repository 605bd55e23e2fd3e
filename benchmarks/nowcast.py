"""Nowcasts against what days came to: seven days' conversions, as far as they were known, and 28 days later.

Worlds live 300 days, the first 150 of which are learnt from before the first nowcast; budgets of half of the worlds
move every one to four weeks. Each day is read ten minutes before it ends, as `tests/market_panels.py` reads panels:
without HTTP. A nowcast is asked at some hour of every fifth day, of the purchases of the account, its campaigns and its
ad sets. Seeds are not those on which anything was chosen.

- error: sum of |told - came| of seven days' conversions, as a share of that of taking them at face value;
- "chain ladder": what is known divided by the share known at its age, of the last 56 days (Mack 1993), between two ages
  by the hour;
- coverage of 80% intervals: counts are whole, and no interval can hold 80% of a few of them. A count is taken for
  anything within a half of it, and counts by how much of that lies in the interval. "shown" is how often the count lies
  within the interval as people see it, rounded to whole results: more often, the fewer they are.
"""

import argparse
import json
import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.forecasting.nowcast import Nowcast, Triangle, nowcast_parts
from aibuyer_kit.sandbox import Market
from aibuyer_kit.sandbox.market.days import local_day
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.sums import Span
from tests.market_panels import lived, steps

Floats = NDArray[np.float64]
ASKED = {"seasonal": 8, "shock": 8, "steady": 3, "low_volume": 3, "fatigue": 3, "hill": 3, "logistic": 3}
FIRST_SEED = 2001
DAYS, LEARNT_DAYS, APART_DAYS, WINDOW_DAYS, AGES = 300, 150, 5, 7, 29
NIGHT_SECONDS = 86_400 - 600


@dataclass(frozen=True)
class Told:
    """One nowcast of seven days of one object."""

    level: str
    known: float
    ladder: float
    ours: float
    low: float
    high: float
    came: float

    @property
    def held(self) -> float:
        """Return how much of the count, taken for anything within a half of it, lies in the interval."""
        low = self.low if self.low > 0 else -0.5  # 0 is anything within a half of it, too
        inside = min(self.high, self.came + 0.5) - max(low, self.came - 0.5)
        return float(np.clip(inside, 0.0, 1.0))

    @property
    def held_as_shown(self) -> float:
        return float(np.floor(self.low + 0.5) <= self.came <= np.floor(self.high + 0.5))


@dataclass(frozen=True)
class Readings:
    """What was read of each ad set that sells: `nights` (days, ages, ad sets), and `spend` (days, ad sets)."""

    market: Market
    nights: Floats
    spend: Floats
    levels: Mapping[str, Floats]

    def at(self, day: int, seconds: int) -> Floats:
        """Return (AGES, ad sets) what was known of the days up to `day` on that day, by their age."""
        return reading(self.market, day, seconds)[0]


def readings(preset: str, seed: int) -> Readings:
    """Return what the platform tells of a world's days as they age; every second world's budgets move."""
    if seed % 2:
        market, _ = lived(preset, seed, steps(seed, 0.7), days=DAYS - 60, tests=0)
    else:
        market = Market(replace(PRESETS[preset], history_days=DAYS), seed)
    market.advance(days=AGES)
    selling = [adset for adset in market.account.adsets if not adset.brings_leads]
    nights = np.full((DAYS, AGES, len(selling)), np.nan)
    spend = np.zeros((DAYS, len(selling)))
    for day in range(DAYS + AGES - 1):
        came, spent = reading(market, day, NIGHT_SECONDS)
        for age in range(max(0, day - DAYS + 1), min(AGES, day + 1)):
            nights[day - age, age] = came[age]
        if day < DAYS:
            spend[day] = spent
    campaigns = np.array([adset.campaign_id for adset in selling])
    levels = {
        "account": np.ones((len(selling), 1)),
        "campaign": (campaigns[:, None] == np.unique(campaigns)[None, :]).astype(float),
        "ad set": np.eye(len(selling)),
    }
    return Readings(market, nights, spend, levels)


def reading(market: Market, day: int, seconds: int) -> tuple[Floats, Floats]:
    """Return the purchases of each age (AGES, ad sets) and the spend of the day, as reported at a time of it."""
    at_us = local_day(market.first_day + timedelta(days=day), market.zone).start_us + seconds * 1_000_000
    selling = [market.places(adset.ads) for adset in market.account.adsets if not adset.brings_leads]
    ages = range(min(AGES, day + 1))
    sums = market.sums([Span(places, day - age, day - age) for age in ages for places in selling], at_us)
    came = np.full((AGES, len(selling)), np.nan)
    came[: len(ages)] = sums.purchases[:, 0, 0].reshape(len(ages), len(selling))
    return came, sums.spend_minor[: len(selling), 0] / 100


def nowcasts(preset: str, seed: int) -> Iterator[Told]:
    """Yield what is told of one world, at every level."""
    read = readings(preset, seed)
    draw = np.random.default_rng([seed, 5])
    for today in range(LEARNT_DAYS, DAYS, APART_DAYS):
        seconds = int(draw.integers(1, 24)) * 3600
        known, aged = seen_by(read, today, seconds)
        came = read.nights[today - WINDOW_DAYS : today, AGES - 1]
        for level, of in read.levels.items():
            since = read.market.first_day
            parts = [
                Triangle(since, theirs, 1, exposure, aged)
                for theirs, exposure in zip(np.moveaxis(known @ of, 2, 0), (read.spend[:today] @ of).T, strict=True)
            ]
            plain = ladder(known @ of, seconds / 86_400)
            for place, each in enumerate(nowcast_parts(parts, WINDOW_DAYS)):
                yield told(level, each, float(plain[place]), float((came @ of)[:, place].sum()))


def seen_by(read: Readings, today: int, seconds: int) -> tuple[Floats, Floats]:
    """Return what was known of the days before `today` at a time of it, and how old each was when it was read."""
    days, ages = np.arange(today)[:, None], np.arange(AGES)[None, :]
    known = np.where((days + ages < today)[:, :, None], read.nights[:today], np.nan)
    aged = np.where(days + ages < today, ages + NIGHT_SECONDS / 86_400, np.nan)
    now = read.at(today, seconds)
    for age in range(1, min(AGES, today + 1)):
        known[today - age, age], aged[today - age, age] = now[age], age + seconds / 86_400
    return known, aged


def ladder(known: Floats, passed_days: float) -> Floats:
    """Return the last days as a plain chain ladder has them, whose growth is that of all objects together."""
    whole, shares, days = known.sum(axis=2), np.ones(AGES), len(known)
    nights = np.where(np.arange(days)[:, None] + np.arange(AGES)[None, :] < days, whole, np.nan)
    for age in reversed(range(AGES - 1)):
        both = np.isfinite(nights[:, age]) & np.isfinite(nights[:, age + 1])
        before, after = (nights[both, at][-56:].sum() for at in (age, age + 1))
        shares[age] = shares[age + 1] * (before / after if after else 1.0)
    at_hour = np.interp(np.arange(AGES) + passed_days, np.arange(AGES) + NIGHT_SECONDS / 86_400, shares)
    return np.asarray(sum(known[days - back, back] / at_hour[back] for back in range(1, WINDOW_DAYS + 1)))


def told(level: str, each: Nowcast, plain: float, came: float) -> Told:
    total = each.total
    return Told(level, total.known, plain, total.expected, total.low, total.high, came)


def summed(rows: list[Told]) -> dict[str, float]:
    face = sum(abs(row.known - row.came) for row in rows)
    return {
        "nowcasts": len(rows),
        "mean": round(float(np.mean([row.came for row in rows])), 1),
        "error": round(sum(abs(row.ours - row.came) for row in rows) / face, 4),
        "ladder": round(sum(abs(row.ladder - row.came) for row in rows) / face, 4),
        "coverage": round(float(np.mean([row.held for row in rows])), 3),
        "shown": round(float(np.mean([row.held_as_shown for row in rows])), 3),
    }


def measured(presets: Mapping[str, int], first_seed: int = FIRST_SEED) -> dict[str, Any]:
    found: dict[str, list[Told]] = defaultdict(list)
    started = time.process_time()
    for preset, seeds in presets.items():
        for seed in range(first_seed, first_seed + seeds):
            for row in nowcasts(preset, seed):
                found[f"{preset}, {row.level}"].append(row)
                found[f"all, {row.level}"].append(row)
    table = {name: summed(rows) for name, rows in found.items()}
    asked = {name: row for name, row in table.items() if name in ("seasonal, account", "shock, account")}
    errors = {name.split(",")[0]: row["error"] for name, row in asked.items()}
    plain = {f"chain ladder, {name.split(',')[0]}": row["ladder"] for name, row in asked.items()}
    return {
        "name": "seven days' conversions, nowcast",
        "unit": "error as a share of that of face value",
        "limit": {"error": 0.5, "coverage": [0.76, 0.84]},
        "peers": {
            **{f"face value, {name}": 1.0 for name in errors},
            **plain,
        },
        "ours": errors | {f"coverage, {name.split(',')[0]}": row["coverage"] for name, row in asked.items()},
        "ratios": {name: round(error / errors[name.partition(", ")[2]], 2) for name, error in plain.items()},
        "table": table,
        "conditions": {
            "worlds": dict(presets), "first_seed": first_seed, "cpu_seconds": round(time.process_time() - started, 1),
            "cores": os.cpu_count(), "python": platform.python_version(),
        },
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object, which is printed in any case")
    parser.add_argument("--worlds", nargs="*", default=[], help="PRESET=SEEDS, instead of all")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    asked = parser.parse_args()
    presets = {name: int(count) for name, _, count in (each.partition("=") for each in asked.worlds)} or ASKED
    print(json.dumps(measured(presets, asked.first_seed), indent=2))
