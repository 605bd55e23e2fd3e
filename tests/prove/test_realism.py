"""The emergent presets beside public files: each figure lies in a band that a file or a published benchmark gives."""

import math
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from aibuyer_kit.sandbox.market import Market

from .realism import RESTATED_AFTER_DAYS, Figures, market_figures, public_figures, results_of

pytestmark = pytest.mark.prove
PRESETS = ("steady", "seasonal", "fatigue", "low_volume", "shock")
SEEDS = (1, 2, 3, 4, 5)
UNIT = 1_000_000


@dataclass(frozen=True)
class Band:
    """From where to where a figure may lie; a bound that is not stated is the lowest or highest of `files`."""

    figure: str
    source: str
    files: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    # Presets that are without the cause of it on purpose.
    not_in: tuple[str, ...] = ()

    def bounds(self, public: dict[str, Figures]) -> tuple[float, float]:
        known = [public[name][self.figure] for name in self.files]
        low = self.low if self.low is not None else min(known)
        return low, self.high if self.high is not None else max(known)


_ARMS = ("kag enquiries", "multichannel")
_DAILY = ("facebook year", "adwords year", "A/B control", "A/B test", "multichannel")
_FILES = "range of the files"
_WORDSTREAM = "WordStream 2017, lowest and highest of 18 industries"
_ADWITCH = "adwitch.ai 2026: usual range"
_OURS = "wanted of this market; no file has it"

BANDS = (
    Band("ctr", f"{_WORDSTREAM}: job search, legal", low=0.0047, high=0.0161),
    Band("cpc", f"{_WORDSTREAM}: apparel, insurance", low=0.45, high=3.77),
    Band("cvr", _FILES, ("kag purchases", "kag enquiries", "A/B control", "A/B test", "adwords year")),
    Band("cpm", "AdStage, early 2017 (4.12), to Superads, November 2025 (25.26)", low=4.12, high=25.26),
    Band("spread_ctr", _FILES, _ARMS),
    Band("spread_cpc", _FILES, _ARMS),
    Band("spread_cvr", _FILES, _ARMS),
    Band("spread_cpm", _FILES, _ARMS),
    # Superads: months move by 5.8% of the mean over all accounts together; one account's days do no less.
    Band("swing_cpm", "Superads 2025, month to month; highest of the files", (*_DAILY, "ipinyou"), low=0.058),
    Band("swing_results", _FILES, _DAILY),
    Band("top_spend", _FILES, _ARMS),
    Band("top_results", _FILES, (*_ARMS, "kag purchases")),
    Band("zero_days", _FILES, (*_DAILY, "kag purchases"), not_in=("low_volume",)),
    Band("weekday_results", _FILES, _DAILY, not_in=("steady",)),
    Band("weekday_cpm", _FILES, ("facebook year", "adwords year", "A/B control", "A/B test"), not_in=("steady",)),
    Band("next_day", "range of the files, and two standard errors", _DAILY),
    Band("known_after_1", "Chapelle 2014: half in a day; Atlas: 70-90%", low=0.5, high=0.9),
    Band("known_after_28", "Meta restates for 28 days", low=1.0, high=1.0),
    Band("roas_prospecting", _ADWITCH, low=1.5, high=3.0),
    Band("roas_retargeting", _ADWITCH, low=3.0, high=7.0),
    Band("frequency_prospecting", _OURS, low=1.2, high=4.0),
    Band("frequency_retargeting", _OURS, low=3.0, high=10.0),
)
# Figures that are told without a band.
TOLD = (
    *((f"known_after_{days}", "no source found") for days in (3, 7, 14)),
    # In the files prices of one day tell next to nothing of the next; here they do.
    ("next_day_cpm", "the market's prices last longer than any file's"),
)


@pytest.fixture(scope="module")
def public(public_data: Path) -> dict[str, Figures]:
    return public_figures(public_data)


@cache
def of_preset(preset: str) -> dict[str, tuple[float, float, float]]:
    """Return the median, lowest and highest of each figure over the seeds."""
    seeds = [market_figures(Market.open(preset, seed)) for seed in SEEDS]
    return {
        name: (float(np.median(each)), min(each), max(each))
        for name in seeds[0]
        for each in [[figures[name] for figures in seeds]]
    }


def allowed(band: Band, public: dict[str, Figures], preset: str) -> tuple[float, float]:
    low, high = band.bounds(public)
    if band.figure != "next_day":
        return low, high
    # The standard error of a correlation of n days with the next is 1 / sqrt(n).
    days = Market.open(preset, SEEDS[0]).world.history_days - RESTATED_AFTER_DAYS[-1]
    return low - 2 / math.sqrt(days), high + 2 / math.sqrt(days)


def table(public: dict[str, Figures]) -> str:
    """Return the presets' medians over the seeds, and the files, a row for each figure."""
    heads = ["figure", *PRESETS, "band", "source", *public]
    rows = [heads]
    for band in BANDS:
        low, high = band.bounds(public)
        shown = [
            f"{of_preset(preset)[band.figure][0]:.3g}" + (" *" if preset in band.not_in else "") for preset in PRESETS
        ]
        files = [f"{figures[band.figure]:.3g}" if band.figure in figures else "" for figures in public.values()]
        rows.append([band.figure, *shown, f"{low:.3g} to {high:.3g}", band.source, *files])
    for name, why in TOLD:
        files = [f"{figures[name]:.3g}" if name in figures else "" for figures in public.values()]
        rows.append([name, *(f"{of_preset(preset)[name][0]:.3g}" for preset in PRESETS), "none", why, *files])
    widths = [max(len(row[place]) for row in rows) for place in range(len(heads))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows)


def test_the_table_is_told(public: dict[str, Figures], capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever runs the proofs sees it, and it shows what is held: the figures of a row lie in the band of that row.

    A figure with * is without its cause in that preset, and has no band there.
    """
    told = table(public)
    with capsys.disabled():
        sys.stderr.write(f"\nMedians over {len(SEEDS)} seeds\n{told}\n")
    heads, *lines = ([text.strip() for text in re.split(r"\s{2,}", line)] for line in told.splitlines())
    rows = {row[0]: dict(zip(heads, row, strict=False)) for row in lines}

    assert len(rows) == len(lines) == len(BANDS) + len(TOLD)
    for band in BANDS:
        row = rows[band.figure]
        low, high = (float(end) for end in row["band"].split(" to "))
        # The band of a correlation is wider by two standard errors, which the table does not add.
        spare = 0.25 if band.figure == "next_day" else 0.005 * abs(high)
        assert {preset for preset in PRESETS if row[preset].endswith(" *")} == set(band.not_in)
        assert row["source"] == band.source
        for preset in set(PRESETS) - set(band.not_in):
            assert low - spare <= float(row[preset]) <= high + spare, (band.figure, preset)
    for figure, why in TOLD:
        assert (rows[figure]["band"], rows[figure]["source"]) == ("none", why)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_figure_lies_in_its_band(preset: str, public: dict[str, Figures]) -> None:
    """The median over the seeds, so that one draw of seven ad sets does not decide."""
    outside = []
    for band in BANDS:
        (low, high), (median, least, most) = allowed(band, public, preset), of_preset(preset)[band.figure]
        if preset not in band.not_in and not low <= median <= high:
            outside.append(f"{band.figure}: {median:.3g} ({least:.3g} to {most:.3g}), not in {low:.3g} to {high:.3g}")
    assert outside == []


@pytest.mark.parametrize("preset", PRESETS)
def test_reports_rise_to_the_last_of_28_days(preset: str) -> None:
    """A day is reported in part, and later more of it."""
    curve = [of_preset(preset)[f"known_after_{days}"][0] for days in RESTATED_AFTER_DAYS]
    assert curve == sorted(curve)
    assert curve[2] < 0.95


def test_low_volume_is_mostly_days_without_a_result() -> None:
    """With every seed: more than half of the days of its ad sets."""
    _, least, most = of_preset("low_volume")["zero_days"]
    assert 0.5 < least < most < 0.95


def test_shocks_show() -> None:
    """The price swings more than twice as far between days as in the steady preset, and so do results."""
    shock, steady = of_preset("shock"), of_preset("steady")
    assert shock["swing_cpm"][0] > 2 * steady["swing_cpm"][0]
    assert shock["swing_results"][0] > 1.5 * steady["swing_results"][0]


@dataclass(frozen=True)
class Worth:
    """What an ad set truly brings over 14 days beyond nothing, and by which share more with twice its budget."""

    audience: str
    true_roas: float
    claimed_of_true: float
    more_for_double: float


def worth_of_adsets(market: Market) -> list[Worth]:
    """Return it from experiments in the market: each ad set off, and with twice its budget, all others as they are.

    Claims are those of the days that it is about, read when they are final.
    """
    days = 14
    now = market.truth({}, days)
    cases = []
    for adset in market.account.adsets:
        budget = float(adset.plan.daily_budget_micros)
        cases.append((adset, now, market.truth({adset.id: 0.0}, days), market.truth({adset.id: 2 * budget}, days)))
    first = market.today.toordinal() + 1
    dates = [type(market.today).fromordinal(first + number) for number in range(days)]
    market.advance(days=days + 2 * RESTATED_AFTER_DAYS[-1])
    found = []
    for adset, as_is, off, doubled in cases:
        brings, spends = as_is.revenue_micros - off.revenue_micros, as_is.spend_micros - off.spend_micros
        more = (doubled.revenue_micros - as_is.revenue_micros) / brings
        more_spend = (doubled.spend_micros - as_is.spend_micros) / spends
        claimed = results_of(market.totals(adset.ads, dates)) / (as_is.results - off.results)
        found.append(Worth(adset.plan.audience, brings / spends, claimed, more / more_spend))
    return found


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_truth_of_the_seasonal_preset_is_what_experiments_find_in_accounts(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Twice the budget brings much less than twice; claims are highest over the truth where people would buy anyway.

    Retargeting: incremental returns are 40-70% below what is reported (Haus 2025, 640 experiments), or 15-35% of it
    (adsights.ai): claims of 1.7 to 6.7 times the truth.
    """
    market = Market.open("seasonal", seed)
    optimum = market.optimum(total_micros=sum(one.plan.daily_budget_micros for one in market.account.adsets))
    worth = worth_of_adsets(market)

    def medians(name: str) -> dict[str, float]:
        kinds = sorted({one.audience for one in worth})
        return {kind: float(np.median([getattr(one, name) for one in worth if one.audience == kind])) for kind in kinds}

    claims, more = medians("claimed_of_true"), [one.more_for_double for one in worth]
    kept = sum(micros >= UNIT for micros in optimum.budgets.values())
    with capsys.disabled():
        sys.stderr.write(
            f"\nseasonal, seed {seed}: claimed of true {claims}, true ROAS {medians('true_roas')},"
            f" more for double {min(more):.0%} to {max(more):.0%}, headroom {optimum.headroom:.1%}, {kept} kept on\n"
        )
    assert 1.7 < claims["retargeting"] < 6.7
    assert claims["broad"] < min(claims["lookalike"], claims["interest"]) < claims["retargeting"]
    assert 0.4 < float(np.median(more)) < 0.75
    assert max(more) < 0.9
    assert 0.05 < optimum.headroom < 0.35
    assert kept > len(worth) / 2
