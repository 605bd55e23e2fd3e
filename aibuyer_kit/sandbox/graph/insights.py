"""The insights edge: one row per object of the level and per piece of the period in which anything was delivered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.nodes import View, check_fields
from aibuyer_kit.sandbox.graph.paging import Key, page
from aibuyer_kit.sandbox.graph.periods import asked_days, pieces
from aibuyer_kit.sandbox.graph.wire import money_text, ratio_text
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.claims import CLAIM_KEYS, WINDOWS, Claim
from aibuyer_kit.sandbox.market.totals import Totals

_DEFAULT_FIELDS = ("account_id", "impressions", "spend")
_REFUSED_PARAMS = (
    "breakdowns",
    "action_breakdowns",
    "summary_action_breakdowns",
    "time_ranges",
    "filtering",
    "sort",
    "export_format",
)


@dataclass(frozen=True)
class Group:
    """The ads that make one row with the days that it covers; `node` is the object the row is about."""

    node: Node
    ads: tuple[Ad, ...]
    days: DateRange

    @property
    def key(self) -> Key:
        return (self.node.id, self.days.since.isoformat())


@dataclass(frozen=True)
class Row:
    """What the fields of one row are read from; `windows` are those asked for beside the default."""

    view: View
    group: Group
    totals: Totals
    windows: Sequence[str]

    def parent(self, kind: type[Campaign] | type[AdSet] | type[Ad], id_name: str) -> Campaign | AdSet | Ad | None:
        """Return the object of a kind that this row lies in, if there is just one."""
        node = self.group.node
        found = node if isinstance(node, kind) else self.view.market.find(getattr(node, id_name, ""))
        return found if isinstance(found, kind) else None

    def claims(self, claims: Mapping[str, Claim], text: Callable[[int], str]) -> list[dict[str, str]] | None:
        """Return the list of one object an action type; None if there is none."""
        return [
            {"action_type": action_type}
            | {
                key: text(number)
                for key, number in zip(CLAIM_KEYS, claim, strict=True)
                if key == "value" or (number and key in self.windows)
            }
            for action_type, claim in sorted(claims.items())
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
            if name in values
        ] or None

    def cost_per_action(self) -> list[dict[str, str]] | None:
        return [
            {"action_type": name, "value": self.per(claim[0]) or "0"}
            for name, claim in sorted(self.totals.actions.items())
        ] or None


_FIELDS: Mapping[str, Callable[[Row], object]] = {
    "date_start": lambda row: row.group.days.since.isoformat(),
    "date_stop": lambda row: row.group.days.until.isoformat(),
    "account_id": lambda row: row.view.account.number,
    "account_name": lambda row: row.view.account.name,
    "account_currency": lambda row: row.view.account.currency,
    "campaign_id": lambda row: getattr(row.parent(Campaign, "campaign_id"), "id", None),
    "campaign_name": lambda row: getattr(row.parent(Campaign, "campaign_id"), "name", None),
    "objective": lambda row: getattr(row.parent(Campaign, "campaign_id"), "objective", None),
    "adset_id": lambda row: getattr(row.parent(AdSet, "adset_id"), "id", None),
    "adset_name": lambda row: getattr(row.parent(AdSet, "adset_id"), "name", None),
    "ad_id": lambda row: getattr(row.parent(Ad, "ad_id"), "id", None),
    "ad_name": lambda row: getattr(row.parent(Ad, "ad_id"), "name", None),
    "buying_type": lambda _row: "AUCTION",
    "attribution_setting": lambda _row: "7d_click_1d_view",
    "spend": lambda row: row.money(row.totals.spend_minor),
    "impressions": lambda row: str(row.totals.impressions),
    "clicks": lambda row: str(row.totals.clicks),
    "inline_link_clicks": lambda row: str(row.totals.link_clicks),
    "reach": lambda row: str(row.totals.reach),
    "frequency": lambda row: ratio_text(row.totals.impressions, row.totals.reach),
    "cpc": lambda row: row.per(row.totals.clicks),
    "cpm": lambda row: row.per(row.totals.impressions, 1000),
    "cpp": lambda row: row.per(row.totals.reach, 1000),
    "ctr": lambda row: ratio_text(100 * row.totals.clicks, row.totals.impressions),
    "inline_link_click_ctr": lambda row: ratio_text(100 * row.totals.link_clicks, row.totals.impressions),
    "cost_per_inline_link_click": lambda row: row.per(row.totals.link_clicks),
    "actions": lambda row: row.claims(row.totals.actions, str),
    "action_values": lambda row: row.claims(row.totals.action_values_minor, row.money),
    "cost_per_action_type": lambda row: row.cost_per_action(),
    "purchase_roas": lambda row: row.roas(("omni_purchase",)),
    "website_purchase_roas": lambda row: row.roas(("offsite_conversion.fb_pixel_purchase",)),
}


def insights_edge(view: View, node: Node, request: GraphRequest) -> dict[str, object]:
    """Return one page of insights below `node`. Raises GraphError for what is wrong or not imitated."""
    params = request.params
    _refuse_what_is_not_imitated(params)
    fields = params.texts("fields") or _DEFAULT_FIELDS
    check_fields(fields, _FIELDS, "AdsInsights")
    windows = _windows(params)
    days = asked_days(params, view.today, view.market.first_day)
    groups = [group for group in _groups(view, node, params, days) if _has_row(view, group)]

    def render(group: Group) -> dict[str, object]:
        totals = view.market.totals(group.ads, group.days, view.at_us)
        return _render(Row(view, group, totals, windows), fields)

    return page(request, groups, lambda group: group.key, render)


def _render(row: Row, fields: Sequence[str]) -> dict[str, object]:
    values = {name: _FIELDS[name](row) for name in (*fields, "date_start", "date_stop")}
    return {name: value for name, value in values.items() if value is not None}


def _has_row(view: View, group: Group) -> bool:
    return view.market.spend_minor(group.ads, group.days, view.at_us) > 0


def _groups(view: View, node: Node, params: Params, days: DateRange) -> Iterator[Group]:
    ads = node.ads if not isinstance(node, Ad) else (node,)
    own_level = {Account: Level.ACCOUNT, Campaign: Level.CAMPAIGN, AdSet: Level.ADSET, Ad: Level.AD}[type(node)]
    for piece_node, piece_ads in _by_level(view, ads, params.text("level", own_level)).items():
        for piece in pieces(params, days):
            yield Group(piece_node, piece_ads, piece)


def _by_level(view: View, ads: Sequence[Ad], level: str) -> dict[Node, tuple[Ad, ...]]:
    id_of: Mapping[str, Callable[[Ad], str]] = {
        Level.ACCOUNT: lambda _ad: view.account.id,
        Level.CAMPAIGN: lambda ad: ad.campaign_id,
        Level.ADSET: lambda ad: ad.adset_id,
        Level.AD: lambda ad: ad.id,
    }
    if level not in id_of:
        raise invalid_parameter(f"level must be one of {', '.join(Level)}.")
    grouped: dict[str, list[Ad]] = {}
    for ad in ads:
        grouped.setdefault(id_of[level](ad), []).append(ad)
    nodes = {object_id: view.market.find(object_id) for object_id in grouped}
    return {node: tuple(grouped[object_id]) for object_id, node in nodes.items() if node}


def _windows(params: Params) -> tuple[str, ...]:
    windows = params.texts("action_attribution_windows")
    for window in windows:
        if window not in (*WINDOWS, "default"):
            raise invalid_parameter(
                f"action_attribution_windows: {window} is not one of {', '.join(WINDOWS)}, default."
            )
    return windows


def _refuse_what_is_not_imitated(params: Params) -> None:
    for name in _REFUSED_PARAMS:
        if params.text(name) not in ("", "[]") or f"{name}[]" in params:
            raise invalid_parameter(f"The param {name} of insights is not imitated yet.")
