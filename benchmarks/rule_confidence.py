"""Whether confidence earns its place in rules: truly good ad sets paused at equal money wasted on truly bad ones.

Worlds are those of the preset `low_volume`, one a seed; a rule sees only what the platform has reported by the morning
of each day, restatements included, and the maturity curve that can be learnt from the account's own reports by then.
From day 36 on each ad set is judged every day by all days since then, for twelve weeks, and stays paused once it is
paused. The history is the one without pauses: siblings' figures stay as they went.

Truth is the profit that an ad set brought per unit of money over these weeks, beyond what would have come without it
(`Market.true_lift`). Reports claim more than that: rules compare with targets that allow for it by kind of audience, as
a buyer's do who has had lift tests. All constants were fitted on the seeds 1 to 60, which are not among the usual ones.

- ours: `spend > m` and `cpa > target` matured, with `min_probability` p; m and p swept.
- "minimum spend": `spend > m` and either `cpa > target` or `results = 0` and `spend > k targets`; m and k swept.
- "threshold in hindsight": the same with `cpa > t targets`, and t chosen by the truth of these very worlds as well.
- limit: gradient boosting, taught the truth of other worlds from the same figures, its odds weighted by the budget.

The shares of good ad sets that are paused are compared at five levels of waste, and in their sum over these.
Whoever sweeps may mix two settings (each for a part of the accounts), so each is the lower convex hull of its points.
Calibration is against the rate that reports have in the long run: expected, not drawn, and fully arrived.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import partial
from itertools import product
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.features.maturity import Observation, maturity_curve
from aibuyer_kit.rules.probability import probability
from aibuyer_kit.sandbox import Market
from aibuyer_kit.sandbox.market.emergent.rules import Rules
from aibuyer_kit.sandbox.market.presets import PRESETS
from aibuyer_kit.sandbox.market.sums import Span, Sums

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PRESET = PRESETS["low_volume"]
RULES = PRESET.rules or Rules()
MARGIN, LEAD_VALUE = RULES.margin, RULES.lead_value
KIND = {adset.name: adset.audience for campaign in PRESET.campaigns for adset in campaign.adsets}
MATURE_DAYS = 28
FIRST_DAY, LAST_DAY = 36, PRESET.history_days
DAY_US = 86_400_000_000
# Fitted on the seeds 1 to 60: the median true profit per unit of money, and what reports claim beyond the truth.
TRUE_TARGET = 0.87
CLAIMED = {"retargeting": 2.95, "else": 1.54}
FAR = 0.2
LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6)
MINIMUMS = (0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 20)
PROBABILITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
THRESHOLDS = (0.8, 0.9, 1, 1.15, 1.3, 1.5, 1.75, 2, 2.5, 3, 4)
WITHOUT_RESULTS = (1, 2, 3, 5, 8)
RESAMPLES = 200


@dataclass(frozen=True)
class Figures:
    """What is known of all ad sets over some days on a morning, one number an ad set; money in currency units."""

    spend: Floats
    results: Floats
    gross_profit: Floats
    arrived: Floats


@dataclass(frozen=True)
class Worlds:
    """All ad sets of all worlds: what was reported of each, day by day, and the truth.

    By ad set and day: `spend`, `results` and `value` as they are finally, and as `expected`. By ad set, morning and age
    of the day less one: `known_results`, `known_value`. `arrived` is the maturity curve of the account by morning and
    age. By ad set: `group` is its campaign, `target` what a result may cost, `true` the true profit per unit of money.
    """

    world: NDArray[np.int64]
    group: NDArray[np.int64]
    spend: Floats
    results: Floats
    value: Floats
    expected: Floats
    expected_value: Floats
    known_results: Floats
    known_value: Floats
    arrived: Floats
    target: Floats
    target_profit: Floats
    true: Floats

    @property
    def good(self) -> Bools:
        return self.true >= (1 + FAR) * TRUE_TARGET

    @property
    def bad(self) -> Bools:
        return self.true <= (1 - FAR) * TRUE_TARGET

    def figures(self, since: int, morning: int) -> Figures:
        """Return what is known on a morning of the days from `since` on."""
        old = max(since, morning - MATURE_DAYS)
        young = slice(0, morning - old)
        spend = self.spend[:, since:morning].sum(1)
        young_spend = self.spend[:, old:morning][:, ::-1]
        arrived = spend - young_spend.sum(1) + (young_spend * self.arrived[:, morning, young]).sum(1)
        results = self.results[:, since:old].sum(1) + self.known_results[:, morning, young].sum(1)
        value = self.value[:, since:old].sum(1) + self.known_value[:, morning, young].sum(1)
        share = np.divide(arrived, spend, out=np.ones_like(spend), where=spend > 0)
        return Figures(spend, results, MARGIN * value, share)

    def of_group(self, column: Floats) -> Floats:
        sums: Floats = np.bincount(self.group, column)[self.group].astype(np.float64)
        return sums

    def sums(self, known: Figures) -> tuple[dict[str, Floats], dict[str, Floats], Floats]:
        """Return own and parents' sums as rules have them, and the share that has arrived of the parents' results."""
        own = {"spend": known.spend * 1e6, "results": known.results, "gross_profit": known.gross_profit * 1e6}
        spend = self.of_group(known.spend)
        arrived = np.divide(self.of_group(known.spend * known.arrived), spend, out=np.ones_like(spend), where=spend > 0)
        return own, {name: self.of_group(column) for name, column in own.items()}, arrived


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--first-seed", type=int, default=201, help="the first world's seed (default: 201)")
    parser.add_argument("--worlds", type=int, default=60, help="how many seeds (default: 60)")
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.worlds)
    outcome = result(joined([one_world(seed) for seed in seeds]), seeds)
    print(json.dumps(outcome) if arguments.json else as_text(outcome))


def one_world(seed: int) -> Worlds:
    """Return what was reported of one market, as known on each morning, and what was true of it."""
    market = Market(PRESET, seed)
    start_us = market.now_us - PRESET.history_days * DAY_US
    market.advance(days=MATURE_DAYS)
    adsets = market.account.adsets
    places = [market.places(adset.ads) for adset in adsets]
    leads = np.array([adset.brings_leads for adset in adsets])

    def reported(days: range, at_us: int) -> tuple[Sums, Floats, Floats]:
        sums = market.sums([Span(each, day, day) for each in places for day in days], at_us)
        shape = len(adsets), len(days)
        counted, sold = (each[..., 0].reshape(shape).astype(float) for each in (sums.leads, sums.purchases))
        value = sums.purchase_values_minor[..., 0].reshape(shape) / market.account.minor_per_unit
        return sums, np.where(leads[:, None], counted, sold), np.where(leads[:, None], LEAD_VALUE * counted, value)

    final, results, value = reported(range(LAST_DAY), market.now_us)
    spend = final.spend_minor.reshape(len(adsets), LAST_DAY) / market.account.minor_per_unit
    known = np.zeros((2, len(adsets), LAST_DAY + 1, MATURE_DAYS))
    for morning in range(1, LAST_DAY + 1):
        days = range(max(0, morning - MATURE_DAYS), morning)
        for column, fresh in zip(known, reported(days, start_us + morning * DAY_US)[1:], strict=True):
            column[:, morning, : len(days)] = fresh[:, ::-1]
    expected, expected_value = expected_of(seed)
    lived = DateRange(market.first_day + timedelta(days=FIRST_DAY), market.first_day + timedelta(days=LAST_DAY - 1))
    basket = np.array([np.mean([ad.value_minor for ad in each.ads]) / market.account.minor_per_unit for each in adsets])
    mean_value = np.where(leads, LEAD_VALUE, basket)
    lift = np.array([market.true_lift(adset.id, lived)[0] for adset in adsets])
    campaigns = [adset.campaign_id for adset in adsets]
    group = np.array([sorted(set(campaigns)).index(each) for each in campaigns])
    claimed = np.array([CLAIMED.get(KIND[adset.name], CLAIMED["else"]) for adset in adsets])
    usual_value = (np.bincount(group, mean_value) / np.bincount(group))[group]
    return Worlds(
        world=np.full(len(adsets), seed),
        group=group,
        spend=spend,
        results=results,
        value=value,
        expected=expected,
        expected_value=expected_value,
        known_results=known[0],
        known_value=known[1],
        arrived=np.repeat(curves(known[0].sum(0))[None], len(adsets), 0),
        target=MARGIN * usual_value / (TRUE_TARGET * claimed),
        target_profit=TRUE_TARGET * claimed,
        true=MARGIN * lift * mean_value / spend[:, FIRST_DAY:].sum(1),
    )


def expected_of(seed: int) -> tuple[Floats, Floats]:
    """Return the results that are expected to be reported in the end of each ad set and day, and their value.

    They are those of the same market, whose counts are not drawn; what is drawn moves nothing else.
    """
    claims = RULES.claims.model_copy(update={"counts": "expected"})
    market = Market(replace(PRESET, rules=RULES.model_copy(update={"claims": claims})), seed)
    days = [market.first_day + timedelta(days=number) for number in range(LAST_DAY)]
    found = np.zeros((2, len(market.account.adsets), LAST_DAY))
    for row, adset in enumerate(market.account.adsets):
        for ad in adset.ads:
            results = market._delivered((ad,), days, market.now_us).final_results  # noqa: SLF001
            found[0, row] += results
            found[1, row] += results * (LEAD_VALUE if adset.brings_leads else ad.value_minor / 100)
    return found[0], found[1]


def curves(known: Floats) -> Floats:
    """Return by morning and age the share that is known, as learnt from the account's reports by that morning."""
    found = np.full((len(known), MATURE_DAYS), np.nan)
    for morning in range(FIRST_DAY, len(known)):
        seen = [
            Observation(date.fromordinal(1 + told - age), age, int(known[told, age - 1]))
            for told in range(max(1, morning - 2 * MATURE_DAYS), morning + 1)
            for age in range(1, min(MATURE_DAYS, told) + 1)
        ]
        points = maturity_curve(seen, mature_days=MATURE_DAYS)
        found[morning] = [np.nan if each.share_known is None else each.share_known for each in points[1:]]
    return found


def joined(parts: Iterable[Worlds]) -> Worlds:
    """Return the ad sets of all worlds, each with a group of its own."""
    found = list(parts)
    groups = np.cumsum([0, *(each.group.max() + 1 for each in found[:-1])])
    columns = {each.name: np.concatenate([getattr(part, each.name) for part in found]) for each in fields(Worlds)}
    columns["group"] = np.concatenate([part.group + first for part, first in zip(found, groups, strict=True)])
    return Worlds(**columns)


@dataclass(frozen=True)
class Outcome:
    """What one setting of a rule did: by ad set, the money spent until it paused it, and whether it did."""

    spent: Floats
    paused: Bools


# By morning, which ad sets a rule wants to pause.
Fires = Callable[[int], Bools]


def lived(worlds: Worlds, fires: Fires) -> Outcome:
    """Return what a rule does that is asked each morning after the first day."""
    until = np.full(len(worlds.true), LAST_DAY)
    for morning in range(FIRST_DAY + 1, LAST_DAY):
        until[(until == LAST_DAY) & fires(morning)] = morning
    days = np.arange(LAST_DAY)
    is_on = (days >= FIRST_DAY) & (days < until[:, None])
    return Outcome((worlds.spend * is_on).sum(1), until < LAST_DAY)


def rules(worlds: Worlds) -> dict[str, list[Outcome]]:
    """Return what each setting of each family of rules did."""
    known = {morning: worlds.figures(FIRST_DAY, morning) for morning in range(FIRST_DAY + 1, LAST_DAY)}
    chance = {
        morning: chance_of(("cpa", ">", worlds.target), worlds, each, morning - FIRST_DAY)
        for morning, each in known.items()
    }
    odds = taught(worlds, known)
    target = worlds.target

    def threshold(minimum: float, times: float, without: float) -> Fires:
        def fires(morning: int) -> Bools:
            now = known[morning]
            none = (now.results == 0) & (now.spend > without * target)
            dear = (now.results > 0) & (now.spend > times * target * now.results)
            wants: Bools = (now.spend > minimum * target) & (none | dear)
            return wants

        return fires

    def confident(minimum: float, least: float) -> Fires:
        return lambda morning: (known[morning].spend > minimum * target) & (chance[morning] >= least)

    plain = [threshold(each, 1, without) for each, without in product(MINIMUMS, WITHOUT_RESULTS)]
    hindsight = [threshold(*each) for each in product(MINIMUMS, THRESHOLDS, WITHOUT_RESULTS)]
    families: dict[str, list[Fires]] = {
        "confidence": [confident(*each) for each in product(MINIMUMS, PROBABILITIES)],
        "confidence alone": [confident(0, each) for each in PROBABILITIES],
        "minimum spend": plain,
        "threshold in hindsight": hindsight,
        "taught": [partial(_at_least, odds, each) for each in np.linspace(-4, 6, 60)],
    }
    return {name: [lived(worlds, each) for each in family] for name, family in families.items()}


def _at_least(odds: dict[int, Floats], least: float, morning: int) -> Bools:
    return odds[morning] >= least


def chance_of(
    comparison: tuple[str, str, Floats], worlds: Worlds, known: Figures, days: int, *, matured: bool = True
) -> Floats:
    """Return the probability of a comparison (metric, operator, threshold) of what is known of so many days."""
    own, group, group_arrived = worlds.sums(known)
    shares = (known.arrived, group_arrived) if matured else (1.0, 1.0)
    return probability(*comparison, own, group, days=days, arrived=shares[0], group_arrived=shares[1])


def taught(worlds: Worlds, known: dict[int, Figures]) -> dict[int, Floats]:
    """Return by morning the log odds that an ad set is bad, times its budget, as learnt from the truth of others."""
    fold = worlds.world % 4
    is_clear = worlds.good | worlds.bad
    features = {morning: _features(worlds, each, morning) for morning, each in known.items()}
    found = {morning: np.zeros(len(worlds.true)) for morning in known}
    budget = np.log(worlds.spend.mean(1))
    for number in range(4):
        taught_by, asked = (fold != number) & is_clear, fold == number
        rows = np.concatenate([each[taught_by] for each in list(features.values())[::4]])
        truth = np.tile(worlds.bad[taught_by], len(rows) // int(taught_by.sum()))
        model: Any = lightgbm.LGBMClassifier(
            n_estimators=120, num_leaves=7, learning_rate=0.05, min_child_samples=400, n_jobs=1, verbose=-1
        )
        model.fit(rows, truth)
        for morning, each in features.items():
            share = np.clip(model.predict_proba(each[asked])[:, 1], 1e-6, 1 - 1e-6)
            found[morning][asked] = np.log(share / (1 - share)) + budget[asked] - budget.mean()
    return found


def _features(worlds: Worlds, known: Figures, morning: int) -> Floats:
    own, group, _ = worlds.sums(known)
    rest_results, rest_spend = group["results"] - own["results"], (group["spend"] - own["spend"]) / 1e6
    in_targets = known.spend * known.arrived / worlds.target
    return np.column_stack(
        [
            known.results,
            in_targets,
            known.results / (in_targets + 0.5),
            worlds.target * rest_results / np.maximum(rest_spend, 1e-9),
            np.full(len(in_targets), morning),
            worlds.spend.mean(1),
            worlds.target,
        ]
    )


Point = tuple[float, float]


def points(worlds: Worlds, outcomes: Sequence[Outcome], weights: Floats) -> list[Point]:
    """Return of each setting the share of money wasted on bad ad sets, and the share of good ones paused."""
    spend = worlds.spend[:, FIRST_DAY:].sum(1)
    all_bad, all_good = float(weights @ (spend * worlds.bad)), float(weights @ worlds.good)
    return [
        (float(weights @ (each.spent * worlds.bad)) / all_bad, float(weights @ (each.paused & worlds.good)) / all_good)
        for each in outcomes
    ]


def hull(found: Iterable[Point]) -> list[Point]:
    """Return the lower left boundary of what can be had by mixing settings; to pause nothing, or at once, always can.

    >>> hull([(0.5, 0.5), (0.2, 0.3), (0.6, 0.4)])
    [(0.0, 1.0), (0.2, 0.3), (1.0, 0.0)]
    """
    kept: list[Point] = []
    for x, y in sorted({(0.0, 1.0), (1.0, 0.0), *found}):
        while len(kept) > 1 and (kept[-1][0] - kept[-2][0]) * (y - kept[-2][1]) <= (kept[-1][1] - kept[-2][1]) * (
            x - kept[-2][0]
        ):
            kept.pop()
        kept.append((x, y))
    return kept


def at_levels(found: Iterable[Point]) -> Floats:
    """Return the share of good ad sets that are paused at each level of waste."""
    wasted, paused = np.array(hull(found)).T
    levels: Floats = np.interp(np.array(LEVELS), wasted, paused)
    return levels


def compared(worlds: Worlds, families: dict[str, list[Outcome]]) -> dict[str, Any]:
    """Return each family's pauses of good ad sets at the levels, and how many fewer confidence has than each peer."""
    draw, numbers = np.random.default_rng(1), np.unique(worlds.world)
    row = np.searchsorted(numbers, worlds.world)
    found = {name: at_levels(points(worlds, each, np.ones(len(row)))) for name, each in families.items()}
    resampled: dict[str, list[float]] = {"minimum spend": [], "threshold in hindsight": []}
    for _ in range(RESAMPLES):
        weights = draw.multinomial(len(numbers), np.full(len(numbers), 1 / len(numbers)))[row].astype(float)
        ours = at_levels(points(worlds, families["confidence"], weights)).sum()
        for name, fewer in resampled.items():
            fewer.append(1 - ours / at_levels(points(worlds, families[name], weights)).sum())
    ours = found["confidence"]
    return {
        "paused": {name: _rounded(each) for name, each in found.items()},
        "fewer": {name: round(1 - float(ours.sum() / found[name].sum()), 3) for name in resampled},
        "fewer_by_level": {name: _rounded(1 - ours / found[name]) for name in resampled},
        "fewer_90": {name: _rounded(np.quantile(each, (0.05, 0.95))) for name, each in resampled.items()},
    }


def reliability(stated: Floats, held: Bools, bins: int = 10) -> dict[str, Any]:
    """Return by bin how many probabilities were stated, their mean, and the share of them that held."""
    place = np.minimum((stated * bins).astype(int), bins - 1)
    count = np.bincount(place, minlength=bins)
    mean, share = (np.bincount(place, each, bins) / np.maximum(count, 1) for each in (stated, held))
    error = float((count * np.abs(mean - share)).sum() / count.sum())
    return {"count": count.tolist(), "stated": _rounded(mean), "held": _rounded(share), "error": round(error, 4)}


def calibration(worlds: Worlds) -> dict[str, Any]:
    """Return how well stated probabilities hold, of comparisons at thresholds around the targets over several windows.

    Also of those without maturity: held against the same long run, though only a part of the results has arrived.
    """
    windows = [(FIRST_DAY, FIRST_DAY + days) for days in (4, 7, 12, 20, 35, 60, 84)]
    windows += [(morning - 7, morning) for morning in range(FIRST_DAY + 7, LAST_DAY + 1, 7)]
    windows += [(morning - 28, morning) for morning in range(FIRST_DAY + 28, LAST_DAY + 1, 28)]
    stated: dict[str, list[Floats]] = {"cpa": [], "poas": [], "cpa, not matured": []}
    held: dict[str, list[Bools]] = {name: [] for name in stated}
    draw = np.random.default_rng(2)
    for since, morning in windows:
        known, days = worlds.figures(since, morning), morning - since
        spend, is_seen = known.spend, known.spend > 0
        expected, value = (each[:, since:morning].sum(1) for each in (worlds.expected, worlds.expected_value))
        around = np.exp(draw.normal(0, 0.4, len(spend)))
        dear, poor = ("cpa", ">", worlds.target * around), ("poas", "<", worlds.target_profit * around)
        is_dear, is_poor = spend > dear[2] * expected, MARGIN * value < poor[2] * spend
        for name, chance, truth in (
            ("cpa", chance_of(dear, worlds, known, days), is_dear),
            ("poas", chance_of(poor, worlds, known, days), is_poor),
            ("cpa, not matured", chance_of(dear, worlds, known, days, matured=False), is_dear),
        ):
            stated[name].append(chance[is_seen])
            held[name].append(truth[is_seen])
    found = {}
    for name, each in stated.items():
        probabilities, truth = np.concatenate(each), np.concatenate(held[name])
        is_known = np.isfinite(probabilities)
        found[name] = reliability(probabilities[is_known], truth[is_known]) | {"unknown": int((~is_known).sum())}
    return found


def result(worlds: Worlds, seeds: range) -> dict[str, Any]:
    found = compared(worlds, rules(worlds))
    paused = found["paused"]
    return {
        "name": "rule_confidence",
        "unit": "share of truly good ad sets that are paused, by share of money wasted on truly bad ones",
        "limit": {"taught by truth": paused["taught"]},
        "peers": {name: paused[name] for name in ("minimum spend", "threshold in hindsight")},
        "ours": {
            "confidence": paused["confidence"],
            "confidence alone": paused["confidence alone"],
            "calibration": calibration(worlds),
        },
        "ratios": {f"fewer than {name}": share for name, share in found["fewer"].items()},
        "by_level": found["fewer_by_level"],
        "range_90": found["fewer_90"],
        "bars": {"fewer than minimum spend": 0.3},
        "conditions": {
            "wasted": LEVELS,
            "seeds": f"{seeds.start} to {seeds.stop - 1}",
            "ad_sets": len(worlds.true),
            "good": int(worlds.good.sum()),
            "bad": int(worlds.bad.sum()),
            "lightgbm": lightgbm.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        },
    }


def _rounded(numbers: Floats) -> list[float]:
    return [round(float(each), 3) for each in numbers]


def as_text(outcome: dict[str, Any]) -> str:
    conditions = outcome["conditions"]
    head = "{ad_sets} ad sets, {good} truly good, {bad} truly bad; seeds {seeds}".format(**conditions)
    lines = [head, f"{'wasted on bad ones':<34}" + "".join(f"{each:>8.0%}" for each in conditions["wasted"])]
    ours = {name: each for name, each in outcome["ours"].items() if name != "calibration"}
    for name, shares in {**ours, **outcome["peers"], **outcome["limit"]}.items():
        lines.append(f"{'paused: ' + name:<34}" + "".join(f"{each:>8.1%}" for each in shares))
    for name, share in outcome["ratios"].items():
        low, high = outcome["range_90"][name.removeprefix("fewer than ")]
        lines.append(f"over all levels {share:.0%} {name} (90% of resampled worlds: {low:.0%} to {high:.0%})")
    for name, each in outcome["ours"]["calibration"].items():
        lines.append(f"{name}: expected calibration error {each['error']:.3f}, {each['unknown']} unknown")
        lines.append(f"{'stated':>10}{'held':>8}{'number':>8}")
        for stated, held, count in zip(each["stated"], each["held"], each["count"], strict=True):
            lines.append(f"{stated:>10.2f}{held:>8.2f}{count:>8}  {'#' * round(40 * held)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
