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
    impressions_by_audience: dict[tuple[str, int], int] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        return sum(
            people_reached(audience, impressions) for (_, audience), impressions in self.impressions_by_audience.items()
        )

    @property
    def is_empty(self) -> bool:
        return not (self.spend_minor or self.impressions or self.actions)

    def add(self, adset: AdSet, ad_day: AdDay, people: tuple[str, int] | None = None) -> None:
        """Add an ad and day that was seen by `people` (their name and number); by default, the ad set's audience."""
        self._add(ad_day)
        self._show(people or (adset.id, adset.audience), ad_day.impressions)

    def merge(self, other: "Totals") -> None:
        """Add other sums, whose people are counted once with those seen before if they are the same."""
        self._add(other)
        for audience, impressions in other.impressions_by_audience.items():
            self._show(audience, impressions)

    def _add(self, other: "AdDay | Totals") -> None:
        self.spend_minor += other.spend_minor
        self.impressions += other.impressions
        self.clicks += other.clicks
        self.link_clicks += other.link_clicks
        _add_claims(self.actions, other.actions)
        _add_claims(self.action_values_minor, other.action_values_minor)

    def _show(self, audience: tuple[str, int], impressions: int) -> None:
        self.impressions_by_audience[audience] = self.impressions_by_audience.get(audience, 0) + impressions


def _add_claims(into: dict[str, Claim], claims: Mapping[str, Claim]) -> None:
    for action_type, claim in claims.items():
        into[action_type] = added(into[action_type], claim) if action_type in into else claim
