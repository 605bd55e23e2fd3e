"""Forecasts beside Prophet, pooled LightGBM, AutoETS, Theta, seasonal naive: on campaign-like series and public ones.

Each model forecasts from the same origins (28 days, or 13 weeks of M4) and is fitted anew at each. WAPE is of the
median (or what a peer gives for its centre), pinball the sum over 10%, 50% and 90%, Winkler the score of the 80%
interval, all as shares of the sum of what came. Processor time includes the combination's own backtest. Prophet knows
of promotions, and so does LightGBM, which knows budgets as well. `--shift` takes earlier origins (to develop on).
`--many 1000` measures instead how long so many series of 400 days take, their backtest with them.

AutoETS, Theta and the floor are statsforecast's: `--statsforecast` names a Python that has it (its own environment);
without one they are told as missing, and the floor is ours.
"""

import argparse
import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from forecast_series import Case, campaign_like, m4_weekly, online_retail, prophet_examples

from aibuyer_kit.core.text_table import as_table
from aibuyer_kit.features.windows import Floats
from aibuyer_kit.forecasting.floors import SeasonalNaive
from aibuyer_kit.forecasting.forecaster import Forecaster
from aibuyer_kit.forecasting.series import SeriesSet

OURS = "ours"
PROPHET, LIGHTGBM = "Prophet", "pooled LightGBM"
TAILS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Told:
    """Centre and 80% interval (origins, horizon, series), and the processor time it took."""

    centre: Floats
    low: Floats
    high: Floats
    seconds: float


def told_of(rows: Floats, seconds: float) -> Told:
    return Told(rows[0], rows[1], rows[2], seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--data", type=Path, default=os.environ.get("AIBUYER_DATA"), help="default: AIBUYER_DATA")
    parser.add_argument("--statsforecast", type=Path, help="a Python that has statsforecast 2.0.3")
    parser.add_argument("--seeds", type=int, nargs="*", default=[21, 22], help="of the campaign-like series")
    parser.add_argument("--series", type=int, default=100, help="campaign-like ones a seed")
    parser.add_argument("--only", nargs="*", help="names of cases to run")
    parser.add_argument("--no-slow-peers", action="store_true", help="leave Prophet, AutoETS and Theta out")
    parser.add_argument("--shift", type=int, default=0, help="days or weeks before the last origins")
    parser.add_argument("--many", type=int, help="measure only how long so many series of 400 days take")
    arguments = parser.parse_args()
    warm_up()
    if arguments.many:
        outcome = how_long(arguments.many)
        print(json.dumps(outcome) if arguments.json else as_table([outcome]))
        return
    outcome = measure(cases(arguments), arguments)
    print(json.dumps(outcome) if arguments.json else as_text(outcome))


def cases(arguments: argparse.Namespace) -> list[Case]:
    found = [campaign_like(arguments.series, seed=seed) for seed in arguments.seeds]
    if arguments.data:
        data, shift = Path(arguments.data), arguments.shift
        found += [m4_weekly(data, shift=shift), *prophet_examples(data, shift=shift), online_retail(data, shift=shift)]
    return [each for each in found if not arguments.only or any(name in each.name for name in arguments.only)]


def measure(chosen: list[Case], arguments: argparse.Namespace) -> dict[str, Any]:
    tables = {}
    for case in chosen:
        told = {OURS: ours(case), **peers(case, arguments)}
        tables[case.name] = {name: scores(case, each) for name, each in told.items()} | oracle(case)
        print(f"{case.name}: done", file=sys.stderr)
    best = {name: best_single(table) for name, table in tables.items()}
    return {
        "name": "forecast",
        "unit": "WAPE",
        "limit": {name: table.get("oracle", {}).get("wape") for name, table in tables.items()},
        "peers": {name: {peer: row["wape"] for peer, row in table.items() if peer not in (OURS, "oracle")} for name, table in tables.items()},  # noqa: E501 # one row of the answer a line
        "ours": {name: table[OURS]["wape"] for name, table in tables.items()},
        "ratios": {name: {"wape": table[OURS]["wape"] / best[name]["wape"], "pinball": table[OURS]["pinball"] / best[name]["pinball"]} for name, table in tables.items()},  # noqa: E501 # one row of the answer a line
        "way_to_the_oracle": {name: way(table, best[name]["wape"]) for name, table in tables.items() if "oracle" in table},  # noqa: E501 # one row of the answer a line
        "tables": tables,
        "conditions": {"python": platform.python_version(), "seeds": arguments.seeds, "shift": arguments.shift, "cores": os.cpu_count()},  # noqa: E501 # one row of the answer a line
    }  # fmt: skip


def ours(case: Case) -> Told:
    started = time.process_time()
    told = Forecaster().cross_validate(case.series, case.horizon, case.origins)
    seconds = time.process_time() - started
    rows = np.stack([[getattr(each, name) for each in told] for name in ("median", "low", "high")])
    return told_of(rows, seconds)


def how_long(count: int, days: int = 400) -> dict[str, Any]:
    """Return the time of one forecast of many series, learnt, weighed and tested on the past of each."""
    case = campaign_like(count, seed=3, times=days + 28, origins=1)
    series = case.series.until(days)
    wall, cpu = time.perf_counter(), time.process_time()
    fitted = Forecaster().fit(series, case.horizon)
    fitted.predict()
    seconds, processor = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "series": count, "days": days, "origins tested": len(fitted.backtest.origins), "seconds": seconds,
        "processor seconds": processor, "ms a series": 1000 * processor / count,
    }  # fmt: skip


def warm_up() -> None:
    """Import and compile before anything is measured."""
    case = campaign_like(12, seed=1, times=200, origins=1)
    Forecaster().fit(case.series.until(int(case.origins[0])), case.horizon).predict()


# Peers


def peers(case: Case, arguments: argparse.Namespace) -> dict[str, Told]:
    found = {LIGHTGBM: lightgbm_peer(case)}
    if not arguments.no_slow_peers:
        found[PROPHET] = prophet_peer(case)
        if arguments.statsforecast:
            return found | statsforecast_peers(case, arguments.statsforecast)
    started = time.process_time()
    floor = np.stack(
        [SeasonalNaive().paths(case.series, np.array([at]), case.horizon)["seasonal naive"][0] for at in case.origins]
    )
    return found | {"seasonal naive": Told(floor, np.full_like(floor, np.nan), np.full_like(floor, np.nan), time.process_time() - started)}  # fmt: skip  # noqa: E501 # one row of the answer a line


def statsforecast_peers(case: Case, python: Path) -> dict[str, Told]:
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder) / "in.npz", Path(folder) / "out.npz"
        np.savez(
            given, values=case.series.values, origins=case.origins, horizon=case.horizon, season=case.series.season
        )
        script = Path(__file__).with_name("forecast_peers.py")
        subprocess.run(
            [str(python), str(script), str(given), str(answer)], check=True, env={**os.environ, "PYTHONPATH": ""}
        )
        told = np.load(answer)
        names = [name for name in told.files if not name.endswith(" seconds")]
        return {name: told_of(told[name], float(told[f"{name} seconds"])) for name in names}


def prophet_peer(case: Case) -> Told:
    """Prophet with its defaults, and promotions and holidays as regressors where they are known."""
    import pandas as pd
    from prophet import Prophet

    logging.getLogger("cmdstanpy").disabled = True

    series = case.series
    flags = [name for name in series.known if name != "budget"]
    days = pd.to_datetime([series.day(time) for time in range(series.times)])
    rows = np.zeros((3, len(case.origins), case.horizon, series.count))
    started = time.process_time()
    for at, origin in enumerate(case.origins):
        for place in range(series.count):
            past = series.values[:origin, place]
            first = int(np.flatnonzero(np.isfinite(past) & (past != 0))[0]) if np.nansum(np.abs(past)) else 0
            frame = pd.DataFrame(
                {
                    "ds": days,
                    "y": series.values[:, place],
                    **{flag: series.known[flag][: series.times, place] for flag in flags},
                }
            )
            model = Prophet(interval_width=0.8, uncertainty_samples=200)
            for flag in flags:
                model.add_regressor(flag)
            try:
                model.fit(frame.iloc[first:origin])
                told = model.predict(frame.iloc[origin : origin + case.horizon].drop(columns="y"))
                rows[:, at, :, place] = told[["yhat", "yhat_lower", "yhat_upper"]].to_numpy().T
            except (ValueError, RuntimeError):  # too little to fit: its floor
                rows[:, at, :, place] = np.nan_to_num(past[-1])
    seconds = time.process_time() - started
    return told_of(np.maximum(rows, 0) if series.nonnegative else rows, seconds)


def lightgbm_peer(case: Case) -> Told:
    """One LightGBM a quantile over all series, direct: lags, window means, the calendar, and what is known ahead."""
    import lightgbm as lgb

    rows = np.zeros((3, len(case.origins), case.horizon, case.series.count))
    started = time.process_time()
    for at, origin in enumerate(case.origins):
        past = case.series.until(int(origin))
        moments = np.arange(max(29, origin - 400), origin - case.horizon, 3)
        x, y, level = peer_rows(past, moments, case.horizon)
        kept = np.isfinite(y) & (level > 0)
        ahead_x, _, ahead_level = peer_rows(past, np.array([origin]), case.horizon)
        for row, tail in enumerate((0.5, 0.1, 0.9)):
            parameters = {
                "objective": "quantile",
                "alpha": tail,
                "num_leaves": 31,
                "learning_rate": 0.08,
                "num_threads": 1,
                "verbosity": -1,
                "seed": 7,
            }
            booster = lgb.train(parameters, lgb.Dataset(x[kept], y[kept] / level[kept], weight=level[kept]), 120)
            told = np.asarray(booster.predict(ahead_x, num_threads=1)) * np.maximum(ahead_level, 0)
            rows[row, at] = told.reshape(case.horizon, -1)
    if "budget" in case.series.known:
        for at, origin in enumerate(case.origins):
            rows[:, at] = np.where(case.series.known["budget"][origin : origin + case.horizon] > 0, rows[:, at], 0.0)
    return told_of(np.concatenate([rows[:1], np.sort(rows[1:], axis=0)]), time.process_time() - started)


def peer_rows(series: SeriesSet, moments: Any, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Return rows of every series, moment and every third step ahead (all of them for one moment)."""
    steps = np.arange(1, horizon + 1) if len(moments) == 1 else np.arange(1, horizon + 1, 3)
    values = series.values
    blocks_x, blocks_y, blocks_level = [], [], []
    weekday = series.calendar(series.times + horizon)
    for moment in moments:
        windows = {size: _mean(values[max(0, moment - size) : moment]) for size in (7, 14, 28)}
        level = np.nan_to_num(windows[28])
        safe = np.where(level > 0, level, 1.0)
        lags = [values[moment - lag] / safe for lag in (1, 7, 14, 28)]
        for step in steps:
            when = moment + step - 1
            columns = [np.full(series.count, float(step)), np.full(series.count, float(weekday[when])), np.log(safe)]
            columns += [windows[7] / safe, windows[14] / safe, *lags]
            same = when - ((step - 1) // series.season + 1) * series.season
            columns.append(values[same] / safe if same >= 0 else np.full(series.count, np.nan))
            for name, known in series.known.items():
                columns.append(known[when])
                columns.append(
                    known[when] / np.maximum(known[max(0, moment - 28) : moment].mean(axis=0), 1e-9)
                    if name == "budget"
                    else known[moment - 7 : moment].mean(axis=0)
                )
            blocks_x.append(np.stack(columns, axis=1))
            blocks_y.append(values[when] if when < series.times else np.full(series.count, np.nan))
            blocks_level.append(level)
    return np.concatenate(blocks_x), np.concatenate(blocks_y), np.concatenate(blocks_level)


def _mean(values: Floats) -> Floats:
    known = np.isfinite(values).sum(axis=0)
    return np.where(known > 0, np.nansum(values, axis=0) / np.maximum(known, 1), np.nan)


# Scores


def came(case: Case, what: Floats | None = None) -> Floats:
    values = case.series.values if what is None else what
    return np.stack([values[origin : origin + case.horizon] for origin in case.origins])


def scores(case: Case, told: Told) -> dict[str, Any]:
    actual = came(case)
    known = np.isfinite(actual) & np.isfinite(told.centre)
    total = float(np.abs(actual[known]).sum())

    def share(values: Floats) -> float:
        return float(np.nansum(np.where(known, values, 0.0)) / total)

    def pinball(told: Floats, tail: float) -> Floats:
        return np.maximum(tail * (actual - told), (tail - 1) * (actual - told))

    inside = np.where(known, (actual >= told.low) & (actual <= told.high), np.nan)
    winkler = told.high - told.low + 10 * (np.maximum(told.low - actual, 0) + np.maximum(actual - told.high, 0))
    has_interval = bool(np.isfinite(told.low).all())
    both = np.abs(actual) + np.abs(told.centre)
    smape = 200 * np.abs(told.centre - actual) / np.where(both > 0, both, 1.0)
    week = 7 if case.series.step_days == 1 else 4
    segments = np.array(case.series.segments or ("all",) * case.series.count)
    return {
        "wape": share(np.abs(actual - told.centre)),
        "pinball": sum(share(pinball(each, tail)) for each, tail in zip((told.low, told.centre, told.high), TAILS, strict=True)) if has_interval else None,  # noqa: E501 # one row of the answer a line
        "winkler": share(winkler) if has_interval else None,
        "smape": float(np.nanmean(np.where(known, smape, np.nan))),
        "coverage": float(np.nanmean(inside)) if has_interval else None,
        "by_week": [float(np.nanmean(inside[:, at : at + week])) for at in range(0, case.horizon, week)] if has_interval else None,  # noqa: E501 # one row of the answer a line
        "by_segment": {name: float(np.nanmean(inside[:, :, segments == name])) for name in sorted(set(segments))} if has_interval else None,  # noqa: E501 # one row of the answer a line
        "ms": 1000 * told.seconds / case.series.count / len(case.origins),
    }  # fmt: skip


def oracle(case: Case) -> dict[str, dict[str, Any]]:
    if case.truth is None:
        return {}
    truth, actual = came(case, case.truth), came(case)
    return {"oracle": {"wape": float(np.abs(actual - truth).sum() / actual.sum())}}


def best_single(table: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    rows = [row for name, row in table.items() if name not in (OURS, "oracle")]
    pick: Callable[[str], float] = lambda key: min(row[key] for row in rows if row.get(key) is not None)  # noqa: E731
    return {key: pick(key) for key in ("wape", "pinball", "winkler")}


def way(table: Mapping[str, Mapping[str, Any]], best: float) -> float:
    """Return how far of the way from the best single model to the truth's mean ours goes."""
    return float((best - table[OURS]["wape"]) / (best - table["oracle"]["wape"]))


def as_text(outcome: Mapping[str, Any]) -> str:
    parts = []
    for name, table in outcome["tables"].items():
        rows = [
            {"model": model, **{key: row.get(key) for key in ("wape", "pinball", "winkler", "smape", "coverage", "ms")}}
            for model, row in sorted(table.items(), key=lambda pair: pair[1]["wape"])
        ]
        mine = table[OURS]
        weeks = " ".join(f"{each:.3f}" for each in mine["by_week"])
        segments = " ".join(f"{segment} {share:.3f}" for segment, share in mine["by_segment"].items())
        ratios = " ".join(f"{key} {value:.3f}" for key, value in outcome["ratios"][name].items())
        further = (
            f"; of the way to the oracle: {outcome['way_to_the_oracle'][name]:.0%}"
            if name in outcome["way_to_the_oracle"]
            else ""
        )
        parts.append(
            f"{name}\n{as_table(rows)}\nours, coverage by week: {weeks}; by segment: {segments}\nours / best single: {ratios}{further}\n"  # noqa: E501 # one row of the answer a line
        )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
