"""One row of insights: its fields, computed from sums, as the platform writes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.graph.nodes import check_fields
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.graph.wire import money_text, ratio_text
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.claims import CLAIM_KEYS, Claim
from aibuyer_kit.sandbox.market.totals import Totals


@dataclass(frozen=True)
class Group:
    """What one row is about: an object, some days, and the values of breakdowns, with the sums over them."""

    node: Node
    days: DateRange
    totals: Totals
    breakdowns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """What the fields of one row are read from; `windows` are those asked for beside the default."""

    view: View
    group: Group
    windows: Sequence[str]
    counts_people: bool = True

    @property
    def totals(self) -> Totals:
        return self.group.totals

    @property
    def reach(self) -> int | None:
        """The people, or None where the platform does not count them."""
        return self.totals.reach if self.counts_people else None

    def within(self, kind: type[Campaign | AdSet | Ad], attribute: str) -> str | None:
        """Return the id, name or objective of the one object of a kind that this row is about or lies in."""
        if isinstance(self.group.node, Account):
            return None
        node = self.view.within(self.group.node, kind)
        if node is None:
            return None
        return self.view.name(node) if attribute == "name" else getattr(node, attribute)

    def claims(self, claims: Mapping[str, Claim], text: Callable[[int], str]) -> list[dict[str, str]] | None:
        """Return the list of one object an action type; None if there is none.

        In a part of a row, a result may lie only in a window beyond the default: then `value` is 0.
        """
        shown = [place for place, key in enumerate(CLAIM_KEYS) if place == 0 or key in self.windows]
        return [
            {"action_type": action_type}
            | {CLAIM_KEYS[place]: text(claim[place]) for place in shown if place == 0 or claim[place]}
            for action_type, claim in sorted(claims.items())
            if any(claim[place] for place in shown)
        ] or None

    def money(self, minor: int) -> str:
        return money_text(minor, self.view.account.minor_per_unit)

    def per(self, count: int, scale: int = 1) -> str | None:
        """Return spend in currency units, times `scale`, per `count`."""
        return ratio_text(scale * self.totals.spend_minor, count * self.view.account.minor_per_unit)

    def roas(self, action_types: Sequence[str]) -> list[dict[str, str]] | None:
        values = self.totals.action_values_minor
        return [
            {"action_type": name, "value": ratio_text(values[name][0], self.totals.spend_minor) or "0"}
            for name in action_types
            if name in values and values[name][0]
        ] or None

    def cost_per_action(self) -> list[dict[str, str]] | None:
        return [
            {"action_type": name, "value": self.per(claim[0]) or "0"}
            for name, claim in sorted(self.totals.actions.items())
            if claim[0]
        ] or None


# Fields that are read from what the platform claims; the others cost far less.
CLAIM_FIELDS = frozenset(("actions", "action_values", "cost_per_action_type", "purchase_roas", "website_purchase_roas"))

_FIELDS: Mapping[str, Callable[[Row], object]] = {
    "date_start": lambda row: row.group.days.since.isoformat(),
    "date_stop": lambda row: row.group.days.until.isoformat(),
    "account_id": lambda row: row.view.account.number,
    "account_name": lambda row: row.view.account.name,
    "account_currency": lambda row: row.view.account.currency,
    "campaign_id": lambda row: row.within(Campaign, "id"),
    "campaign_name": lambda row: row.within(Campaign, "name"),
    "objective": lambda row: row.within(Campaign, "objective"),
    "adset_id": lambda row: row.within(AdSet, "id"),
    "adset_name": lambda row: row.within(AdSet, "name"),
    "ad_id": lambda row: row.within(Ad, "id"),
    "ad_name": lambda row: row.within(Ad, "name"),
    "buying_type": lambda _row: "AUCTION",
    "attribution_setting": lambda _row: "7d_click_1d_view",
    "spend": lambda row: row.money(row.totals.spend_minor),
    "impressions": lambda row: str(row.totals.impressions),
    "clicks": lambda row: str(row.totals.clicks),
    "inline_link_clicks": lambda row: str(row.totals.link_clicks),
    "reach": lambda row: None if row.reach is None else str(row.reach),
    "frequency": lambda row: ratio_text(row.totals.impressions, row.reach or 0),
    "cpc": lambda row: row.per(row.totals.clicks),
    "cpm": lambda row: row.per(row.totals.impressions, 1000),
    "cpp": lambda row: row.per(row.reach or 0, 1000),
    "ctr": lambda row: ratio_text(100 * row.totals.clicks, row.totals.impressions),
    "inline_link_click_ctr": lambda row: ratio_text(100 * row.totals.link_clicks, row.totals.impressions),
    "cost_per_inline_link_click": lambda row: row.per(row.totals.link_clicks),
    "actions": lambda row: row.claims(row.totals.actions, str),
    "action_values": lambda row: row.claims(row.totals.action_values_minor, row.money),
    "cost_per_action_type": lambda row: row.cost_per_action(),
    "purchase_roas": lambda row: row.roas(("omni_purchase",)),
    "website_purchase_roas": lambda row: row.roas(("offsite_conversion.fb_pixel_purchase",)),
}


def check_insight_fields(fields: Sequence[str]) -> None:
    """Raise GraphError for the first field that there is not."""
    check_fields(fields, _FIELDS, "AdsInsights")


def render_row(row: Row, fields: Sequence[str]) -> dict[str, object]:
    """Return the fields asked for, the row's days and its breakdowns; one without a value is left out."""
    values = {name: _FIELDS[name](row) for name in (*fields, "date_start", "date_stop")}
    return {name: value for name, value in values.items() if value is not None} | dict(row.group.breakdowns)
