"""Sums over ads and days; people are counted once, not added up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aibuyer_kit.sandbox.market.account import AdSet
from aibuyer_kit.sandbox.market.claims import Claim, added
from aibuyer_kit.sandbox.market.response import people_reached


@dataclass(frozen=True)
class AdDay:
    """One ad and day as the platform reports it at a moment; money in minor units, claims by action type."""

    spend_minor: int
    impressions: int
    clicks: int
    link_clicks: int
    actions: Mapping[str, Claim]
    action_values_minor: Mapping[str, Claim]


@dataclass
class Totals:
    """The sum of any ads and days; `reach` counts the people of each ad set's audience once."""

    spend_minor: int = 0
    impressions: int = 0
    clicks: int = 0
    link_clicks: int = 0
    actions: dict[str, Claim] = field(default_factory=dict)
    action_values_minor: dict[str, Claim] = field(default_factory=dict)
    _impressions_by_audience: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        return sum(
            people_reached(audience, impressions)
            for (_, audience), impressions in self._impressions_by_audience.items()
        )

    def add(self, adset: AdSet, ad_day: AdDay) -> None:
        self.spend_minor += ad_day.spend_minor
        self.impressions += ad_day.impressions
        self.clicks += ad_day.clicks
        self.link_clicks += ad_day.link_clicks
        _add_claims(self.actions, ad_day.actions)
        _add_claims(self.action_values_minor, ad_day.action_values_minor)
        audience = (adset.id, adset.audience)
        self._impressions_by_audience[audience] = self._impressions_by_audience.get(audience, 0) + ad_day.impressions


def _add_claims(into: dict[str, Claim], claims: Mapping[str, Claim]) -> None:
    for action_type, claim in claims.items():
        into[action_type] = added(into[action_type], claim) if action_type in into else claim
