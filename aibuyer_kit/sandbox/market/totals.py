"""One sum over ads and days as the platform reports it, by action type."""

from collections.abc import Mapping
from dataclasses import dataclass

from aibuyer_kit.sandbox.market.claims import PURCHASE_TYPES, Claim
from aibuyer_kit.sandbox.market.sums import Sums


@dataclass(frozen=True)
class Totals:
    """The sum of any ads and days; money in minor units, `reach` in people, each counted once."""

    spend_minor: int
    impressions: int
    clicks: int
    link_clicks: int
    reach: int
    actions: Mapping[str, Claim]
    action_values_minor: Mapping[str, Claim]


def totals_of(sums: Sums, row: int = 0) -> Totals:
    """Return one of the sums."""
    spend, impressions, clicks, links, reach = (
        int(each[row, 0]) for each in (sums.spend_minor, sums.impressions, sums.clicks, sums.link_clicks, sums.reach)
    )
    leads, purchases, carts, values = (
        _claim(each[row, 0].tolist()) for each in (sums.leads, sums.purchases, sums.carts, sums.purchase_values_minor)
    )
    actions = {"link_click": (links, links, links, links, 0), "lead": leads, "add_to_cart": carts}
    actions |= dict.fromkeys(PURCHASE_TYPES, purchases)
    return Totals(
        spend,
        impressions,
        clicks,
        links,
        reach,
        {action_type: claim for action_type, claim in actions.items() if any(claim)},
        dict.fromkeys(PURCHASE_TYPES, values) if any(values) else {},
    )


def _claim(numbers: list[int]) -> Claim:
    total, click_1d, click_7d, click_28d, view_1d = numbers
    return total, click_1d, click_7d, click_28d, view_1d
