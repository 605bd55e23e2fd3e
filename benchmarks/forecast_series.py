"""The series that benchmarks/forecast.py is run on: campaign-like ones whose mean is known, and public ones.

A campaign-like series is a rate that is made of what moves ad sets (budgets that step and are planned ahead,
promotions known in advance, weekdays, the season of the year, holidays, a slow level, a trend, launches and pauses),
around which whole results are drawn with more noise than chance alone. Its segments: large, small, and sparse.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from aibuyer_kit.features.windows import Floats, Ints
from aibuyer_kit.forecasting.series import BUDGET, SeriesSet

HORIZON = 28


@dataclass(frozen=True)
class Case:
    """Series with the origins that are forecast from, and the true mean where it is known."""

    name: str
    series: SeriesSet
    origins: Ints
    horizon: int
    truth: Floats | None = None


def campaign_like(count: int = 120, *, seed: int, times: int = 480, origins: int = 4) -> Case:
    """Return series of `count` ad sets in campaigns of eight; the last origins are `HORIZON` days apart."""
    draw = np.random.default_rng(seed)
    whole = times
    start = date(2024, 7, 1)
    at = np.arange(whole)
    weekday = (at + start.weekday()) % 7
    angle = 2 * np.pi * at / 365.25
    campaigns = -(-count // 8)
    of = np.arange(count) // 8
    year_shape = 0.12 * np.sin(angle + draw.uniform(0, 6.3)) + 0.05 * np.cos(2 * angle + draw.uniform(0, 6.3))
    year = np.outer(year_shape, draw.normal(1, 0.3, campaigns)[of])
    common_week = draw.normal(0, 0.15, 7)
    week = (common_week[:, None] + draw.normal(0, 0.08, (7, count)))[weekday]
    promotion = np.zeros((whole, count))
    for campaign in range(campaigns):
        for begin in _starts(draw, whole, 30, 70):
            promotion[begin : begin + int(draw.integers(2, 7)), of == campaign] = 1
    lift = draw.normal(0.45, 0.15, count)
    holiday = np.zeros(whole)
    holiday[[day for day in range(whole) if (day + 40) % 91 in (0, 1)]] = 1
    budget = np.empty((whole, count))
    for place in range(count):
        level, now = float(draw.lognormal(4, 0.7)), 0
        while now < whole:
            length = int(draw.integers(10, 60))
            budget[now : now + length, place] = level
            level *= draw.lognormal(0, 0.35)
            now += length
    paused = np.zeros((whole, count), dtype=bool)
    for place in np.flatnonzero(draw.random(count) < 0.3).tolist():
        for begin in _starts(draw, whole, 60, 160):
            paused[begin : begin + int(draw.integers(3, 21)), place] = True
    launched = np.where(draw.random(count) < 0.2, draw.integers(60, whole - 28 * origins - 40, count), 0)
    paused |= at[:, None] < launched
    budget = np.where(paused, 0.0, np.round(budget, 2))
    size = draw.choice([40.0, 8.0, 1.2], count, p=[0.4, 0.4, 0.2]) * draw.lognormal(0, 0.4, count)
    drift = np.cumsum(draw.normal(0, 0.008, (whole, count)), axis=0)
    trend = np.outer(at / 365, draw.normal(0, 0.25, count))
    usual = np.median(np.where(budget > 0, budget, np.nan), axis=0) if False else np.exp(4)
    response = np.where(paused, 0.0, np.maximum(budget, 1e-9) / usual) ** draw.normal(0.75, 0.12, count)
    mean = size * response * np.exp(year + week + promotion * lift + 0.15 * holiday[:, None] + drift + trend)
    swing = np.zeros((whole, count))
    for day in range(1, whole):
        swing[day] = 0.3 * swing[day - 1] + draw.normal(0, 0.11, count)
    values = draw.poisson(mean * np.exp(swing - swing.var() / 2)).astype(np.float64)
    known = {BUDGET: budget, "promotion": promotion, "holiday": np.tile(holiday[:, None], count)}
    segments = tuple("large" if each > 20 else "small" if each > 3 else "sparse" for each in size)
    names = tuple(f"ad set {place}" for place in range(count))
    last = whole - HORIZON * np.arange(origins, 0, -1)
    return Case(
        f"campaign-like {seed}",
        SeriesSet(values, names, start, 1, 7, segments, tuple(map(str, of)), known=known),
        last,
        HORIZON,
        mean,
    )


def _starts(draw: np.random.Generator, whole: int, least: int, most: int) -> list[int]:
    found, now = [], int(draw.integers(0, most))
    while now < whole:
        found.append(now)
        now += int(draw.integers(least, most))
    return found


def m4_weekly(folder: Path, *, shift: int = 0) -> Case:
    """Return the weekly series of M4 (359, horizon 13), from the published origin or `shift` weeks before it.

    Series end at one time, so that a longer past stands before a shorter one.
    """
    train, test = (_rows(folder / "m4" / f"Weekly-{part}.csv") for part in ("train", "test"))
    names = tuple(train)
    whole = [np.concatenate([train[name], test[name]]) for name in names]
    times = max(map(len, whole))
    values = np.full((times, len(names)), np.nan)
    for place, each in enumerate(whole):
        values[times - len(each) :, place] = each
    values = values[: times - shift]
    series = SeriesSet(values, names, date(2000, 1, 3), 7, 52)
    return Case("M4 weekly", series, np.array([times - shift - 13]), 13)


def _rows(path: Path) -> dict[str, Floats]:
    lines = path.read_text().splitlines()[1:]
    cells = [[cell.strip('"') for cell in line.split(",")] for line in lines]
    return {row[0]: np.array([float(cell) for cell in row[1:] if cell not in ("", "NA")]) for row in cells}


def prophet_examples(folder: Path, *, shift: int = 0) -> list[Case]:
    """Return the daily examples that come with Prophet, each by itself; days without a row are not known."""
    found = []
    for name in ("wp_log_peyton_manning", "wp_log_R", "pedestrians_covid"):
        rows = [
            line.replace('"', "").split(",") for line in _lines(folder / "prophet_examples" / f"example_{name}.csv")
        ]
        values, start = _by_day([(row[0], 0, float(row[1])) for row in rows if row[1] not in ("", "NA")], 1, np.nan)
        found.append(_daily(name, values[: len(values) - shift], (name,), start))
    rows = [line.split(",") for line in _lines(folder / "prophet_examples" / "example_online_retail_multivariate.csv")]
    items = sorted({row[0] for row in rows})
    cells = [(row[1], items.index(row[0]), float(row[2])) for row in rows]
    values, start = _by_day(cells, len(items), 0.0)
    return [*found, _daily("retail items", values[: len(values) - shift], tuple(items), start)]


def online_retail(folder: Path, *, products: int = 60, shift: int = 0) -> Case:
    """Return the quantity a day of the products that sell most, returns left out; a day without a sale is 0."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "online_retail" / "online_retail.parquet").to_pandas()
    table = table[(table["Quantity"] > 0) & (table["UnitPrice"] > 0) & table["Description"].notna()]
    largest = table.groupby("Description")["Quantity"].count().sort_values().index[-products:].tolist()
    table = table[table["Description"].isin(largest)]
    days = table["InvoiceDate"].astype("datetime64[ns]").dt.strftime("%Y-%m-%d")
    place = {name: at for at, name in enumerate(largest)}
    cells = zip(days, table["Description"].map(place), table["Quantity"].astype(float), strict=True)
    values, start = _by_day(list(cells), products, 0.0)
    return _daily("online retail", values[: len(values) - shift], tuple(map(str, largest)), start)


def _daily(name: str, values: Floats, names: tuple[str, ...], start: date, origins: int = 4) -> Case:
    last = len(values) - HORIZON * np.arange(origins, 0, -1)
    return Case(name, SeriesSet(values, names, start, 1, 7), last, HORIZON)


def _by_day(cells: list[tuple[str, int, float]], count: int, empty: float) -> tuple[Floats, date]:
    """Return sums by day and place, and the first day."""
    days = [date.fromisoformat(day) for day, *_ in cells]
    start = min(days)
    values = np.full(((max(days) - start).days + 1, count), np.nan)
    for day, (_, place, value) in zip(days, cells, strict=True):
        at = (day - start).days
        values[at, place] = np.nan_to_num(values[at, place]) + value
    return (values if np.isnan(empty) else np.nan_to_num(values, nan=empty)), start


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:]
