"""How far an ad set has learnt since its last significant edit, by the world's rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.days import day_at
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.settings_log import is_significant

_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class LearningStage:
    """LEARNING, SUCCESS or FAIL, with the results reported since the last significant edit."""

    status: str
    results: int
    last_edit_us: int


def learning_stage(market: Market, adset: AdSet, at_us: int) -> LearningStage:
    """Return the stage at a moment; results are counted by whole days from the edit's day on."""
    edit_us = max(_significant_edits(market, adset, at_us))
    first_day = day_at(edit_us, market.zone)
    last_day = min(day_at(at_us, market.zone), first_day + timedelta(days=market.learning.days))
    results = market.results(adset, DateRange(first_day, last_day), at_us)
    if results >= market.learning.results:
        return LearningStage("SUCCESS", results, edit_us)
    is_over = at_us - edit_us > market.learning.days * _DAY_US
    return LearningStage("FAIL" if is_over else "LEARNING", results, edit_us)


def _significant_edits(market: Market, adset: AdSet, at_us: int) -> Iterator[int]:
    """Yield when the ad set, or an ad of it, came or was changed in a way that resets learning."""
    log = market.log
    yield log.first(adset.id).since_us
    for old, new in log.changes(adset.id, at_us):
        if is_significant(old, new, market.learning.budget_change_share):
            yield new.since_us
    for ad in adset.ads:
        if log.first(ad.id).since_us <= at_us:
            yield log.first(ad.id).since_us
        for old, new in log.changes(ad.id, at_us):
            if old.creative_id != new.creative_id:
                yield new.since_us
