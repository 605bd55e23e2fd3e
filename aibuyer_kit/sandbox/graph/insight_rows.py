"""Rows of insights: their fields, column by column as JSON texts, for a page of them is half a megabyte."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.sandbox.graph.nodes import check_fields, optimization_goal
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.graph.wire import money_text, ratio_text
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.arrays import Ints, as_floats, as_ints
from aibuyer_kit.sandbox.market.claims import CLAIM_KEYS, PURCHASE_TYPES, from_steps
from aibuyer_kit.sandbox.market.people import ONE, cumulative, cut
from aibuyer_kit.sandbox.market.sums import Sums

# A JSON text a row; None where the row lacks the field.
Column = Sequence[str | None]


@lru_cache(maxsize=65_536)
def quoted(text: str) -> str:
    """Return a text as JSON in ASCII."""
    return json.dumps(text)


# What actions are broken down by beside their type, and the share of each part.
ACTION_CELLS: Mapping[str, Mapping[str, float]] = {
    "action_device": {"android_smartphone": 0.45, "desktop": 0.25, "iphone": 0.3},
    "action_destination": {"shop.example": 1.0},
}
_WHOLE = (("", ""),)

# Several action types may stand for one kind of event. In the order in which the platform lists them.
_KINDS = dict(
    sorted(
        {
            "lead": "leads",
            "add_to_cart": "carts",
            "link_click": "link_clicks",
            **dict.fromkeys(PURCHASE_TYPES, "purchases"),
        }.items()
    )
)


@dataclass(frozen=True)
class Group:
    """What one row is about: an object, some days, and the values of breakdowns."""

    node: Node
    days: DateRange
    breakdowns: Mapping[str, str]
    # Whether the platform counts people here.
    counts_people: bool = True


@dataclass(frozen=True)
class Rows:
    """What the fields of a page's rows are read from; `windows` are those asked for beside the default.

    `sums` has one row and one column for each group.
    """

    view: View
    groups: Sequence[Group]
    sums: Sums
    windows: Sequence[str]
    action_breakdowns: Sequence[str] = ()

    @cached_property
    def spend(self) -> list[int]:
        return _numbers(self.sums.spend_minor)

    @cached_property
    def impressions(self) -> list[int]:
        return _numbers(self.sums.impressions)

    @cached_property
    def clicks(self) -> list[int]:
        return _numbers(self.sums.clicks)

    @cached_property
    def link_clicks(self) -> list[int]:
        return _numbers(self.sums.link_clicks)

    @cached_property
    def reach(self) -> list[int | None]:
        """The people, or None where the platform does not count them."""
        found = zip(self.groups, _numbers(self.sums.reach), strict=True)
        return [people if group.counts_people else None for group, people in found]

    @cached_property
    def claims(self) -> Mapping[str, list[list[int]]]:
        """The claims by kind, one number for each of CLAIM_KEYS."""
        sums = self.sums
        kinds = {"leads": sums.leads, "purchases": sums.purchases, "carts": sums.carts}
        found: dict[str, list[list[int]]] = {kind: each[:, 0].tolist() for kind, each in kinds.items()}
        return found | {"link_clicks": [[links, links, links, links, 0] for links in self.link_clicks]}

    @cached_property
    def values_minor(self) -> list[list[int]]:
        values: list[list[int]] = self.sums.purchase_values_minor[:, 0].tolist()
        return values

    def by_node(self, text: Callable[[Node], str | None]) -> Column:
        """Return a text a row, worked out once for rows about the same object."""
        nodes = {group.node.id: group.node for group in self.groups}
        known = {node_id: text(node) for node_id, node in nodes.items()}
        return [known[group.node.id] for group in self.groups]

    def by_days(self, text: Callable[[DateRange], str]) -> Column:
        """Return a text a row, worked out once for rows about the same days."""
        # The days outlive the page, so that no two have the same identity.
        known = {id(days): text(days) for days in {id(group.days): group.days for group in self.groups}.values()}
        return [known[id(group.days)] for group in self.groups]

    def within(self, kind: type[Campaign | AdSet | Ad], attribute: str) -> Column:
        """Return the id, name or objective of the one object of a kind that each row is about or lies in."""

        def text(node: Node) -> str | None:
            found = None if isinstance(node, Account) else self.view.within(node, kind)
            if found is None:
                return None
            return quoted(self.view.name(found) if attribute == "name" else getattr(found, attribute))

        return self.by_node(text)

    @cached_property
    def money(self) -> Callable[[int], str]:
        """Writes minor units as currency units."""
        minor_per_unit = self.view.account.minor_per_unit
        return lambda minor: money_text(minor, minor_per_unit)

    def per(self, counts: Iterable[int | None], scale: int = 1) -> Column:
        """Return spend in currency units, times `scale`, per count."""
        minor_per_unit = self.view.account.minor_per_unit
        return ratios((scale * spend for spend in self.spend), ((count or 0) * minor_per_unit for count in counts))

    def actions(self) -> Column:
        """Return lists of one object an action type. In a part of a row, a result may lie only beyond the default."""
        return self._lists({name: self.claims[kind] for name, kind in _KINDS.items()}, str)

    def action_values(self) -> Column:
        return self._lists({name: self.values_minor for name in _KINDS if name in PURCHASE_TYPES}, self.money)

    def cost_per_action(self) -> Column:
        return self.by_type({name: self.per(claim[0] for claim in self.claims[kind]) for name, kind in _KINDS.items()})

    def per_impression(self, name: str, counts: Iterable[int]) -> Column:
        """Return lists of the one action type `name`: percent of the impressions that did it."""
        return self.by_type({name: ratios((100 * count for count in counts), self.impressions)})

    def roas(self, action_types: Sequence[str]) -> Column:
        found = ratios((values[0] for values in self.values_minor), self.spend)
        return self.by_type({name: [text if text != '"0"' else None for text in found] for name in action_types})

    def by_type(self, columns: Mapping[str, Column]) -> Column:
        """Return lists of objects with an action type and a value, from a column of values for each type."""
        rows = [
            [f'{{"action_type":"{name}","value":{text}}}' for name, text in zip(columns, row, strict=True) if text]
            for row in zip(*columns.values(), strict=True)
        ]
        return [f"[{','.join(objects)}]" if objects else None for objects in rows]

    def _lists(self, claims: Mapping[str, list[list[int]]], text: Callable[[int], str]) -> Column:
        shown = [(place, f',"{key}":"') for place, key in enumerate(CLAIM_KEYS) if place and key in self.windows]
        cells = [(f',"{name}":"{cell}"', cell) for name in self.action_breakdowns for cell in ACTION_CELLS[name]]
        # One event may be listed under several types.
        tails = {
            (id(rows), cell): [_tail(claim, shown, text) for claim in _of_cell(rows, self.action_breakdowns, cell)]
            for rows in claims.values()
            for _, cell in cells or _WHOLE
        }
        heads = [
            (f'{{"action_type":"{name}"{extra},"value":"', tails[id(rows), cell])
            for name, rows in claims.items()
            for extra, cell in cells or _WHOLE
        ]
        found = ([head + each[place] for head, each in heads if each[place]] for place in range(len(self.groups)))
        return [f"[{','.join(objects)}]" if objects else None for objects in found]


def _of_cell(rows: list[list[int]], breakdowns: Sequence[str], cell: str) -> list[list[int]]:
    """Return the part of each claim that belongs to a cell; the parts of all cells add up to the claim."""
    if not cell:
        return rows
    names = list(ACTION_CELLS[breakdowns[0]])
    shares = cumulative(as_floats([list(ACTION_CELLS[breakdowns[0]].values())]))
    claims = as_ints(rows).reshape(-1, len(CLAIM_KEYS))
    steps = (claims[:, 1], claims[:, 2] - claims[:, 1], claims[:, 3] - claims[:, 2], claims[:, 4])
    middle = np.full(len(claims), ONE // 2)
    found: list[list[int]] = from_steps([cut(each, shares, middle)[:, names.index(cell)] for each in steps]).tolist()
    return found


def _tail(claim: Sequence[int], shown: Sequence[tuple[int, str]], text: Callable[[int], str]) -> str:
    """Return the rest of a claim's object behind its first value's opening quote; empty without any claim."""
    windows = "".join([f'{key}{text(claim[place])}"' for place, key in shown if claim[place]])
    return f'{text(claim[0])}"{windows}}}' if windows or claim[0] else ""


# Fields that are read from what the platform claims; the others cost far less.
CLAIM_FIELDS = frozenset(("actions", "action_values", "cost_per_action_type", "purchase_roas", "website_purchase_roas"))

_FIELDS: Mapping[str, Callable[[Rows], Column]] = {
    "date_start": lambda rows: rows.by_days(lambda days: quoted(days.since.isoformat())),
    "date_stop": lambda rows: rows.by_days(lambda days: quoted(days.until.isoformat())),
    "account_id": lambda rows: _same(rows, rows.view.account.number),
    "account_name": lambda rows: _same(rows, rows.view.account.name),
    "account_currency": lambda rows: _same(rows, rows.view.account.currency),
    "campaign_id": lambda rows: rows.within(Campaign, "id"),
    "campaign_name": lambda rows: rows.within(Campaign, "name"),
    "objective": lambda rows: rows.within(Campaign, "objective"),
    "adset_id": lambda rows: rows.within(AdSet, "id"),
    "adset_name": lambda rows: rows.within(AdSet, "name"),
    "ad_id": lambda rows: rows.within(Ad, "id"),
    "ad_name": lambda rows: rows.within(Ad, "name"),
    "buying_type": lambda rows: _same(rows, "AUCTION"),
    "attribution_setting": lambda rows: _same(rows, "7d_click_1d_view"),
    "spend": lambda rows: [f'"{rows.money(minor)}"' for minor in rows.spend],
    "impressions": lambda rows: [f'"{count}"' for count in rows.impressions],
    "clicks": lambda rows: [f'"{count}"' for count in rows.clicks],
    "inline_link_clicks": lambda rows: [f'"{count}"' for count in rows.link_clicks],
    "reach": lambda rows: [None if people is None else f'"{people}"' for people in rows.reach],
    "frequency": lambda rows: ratios(rows.impressions, (people or 0 for people in rows.reach)),
    "cpc": lambda rows: rows.per(rows.clicks),
    "cpm": lambda rows: rows.per(rows.impressions, 1000),
    "cpp": lambda rows: rows.per(rows.reach, 1000),
    "ctr": lambda rows: ratios((100 * count for count in rows.clicks), rows.impressions),
    "inline_link_click_ctr": lambda rows: ratios((100 * count for count in rows.link_clicks), rows.impressions),
    "cost_per_inline_link_click": lambda rows: rows.per(rows.link_clicks),
    "outbound_clicks": lambda rows: rows.by_type({"outbound_click": [_count(links) for links in rows.link_clicks]}),
    "outbound_clicks_ctr": lambda rows: rows.per_impression("outbound_click", rows.link_clicks),
    "cost_per_outbound_click": lambda rows: rows.by_type({"outbound_click": rows.per(rows.link_clicks)}),
    "website_ctr": lambda rows: rows.per_impression("link_click", rows.link_clicks),
    "actions": Rows.actions,
    "action_values": Rows.action_values,
    "cost_per_action_type": Rows.cost_per_action,
    "purchase_roas": lambda rows: rows.roas(("omni_purchase",)),
    "website_purchase_roas": lambda rows: rows.roas(("offsite_conversion.fb_pixel_purchase",)),
    "optimization_goal": lambda rows: rows.by_node(lambda node: _goal(rows.view, node)),
    "created_time": lambda rows: rows.by_node(lambda node: quoted(rows.view.created(node))),
    "updated_time": lambda rows: rows.by_node(lambda node: quoted(rows.view.updated(node))),
}


def check_insight_fields(fields: Sequence[str]) -> None:
    """Raise GraphError for the first field that there is not."""
    check_fields(fields, _FIELDS, "AdsInsights")


def render_rows(rows: Rows, fields: Sequence[str]) -> list[str]:
    """Return each row as JSON: the fields asked for, its days and its breakdowns; one without a value is left out."""
    names = [name for name in dict.fromkeys((*fields, "date_start", "date_stop")) if name in _FIELDS]
    columns = [[text and f'"{name}":{text}' for text in _FIELDS[name](rows)] for name in names]
    if rows.groups and rows.groups[0].breakdowns:
        columns.append([json_object(group.breakdowns)[1:-1] for group in rows.groups])
    return [f"{{{','.join(filter(None, row))}}}" for row in zip(*columns, strict=True)]


def json_object(texts: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{quoted(name)}:{quoted(text)}" for name, text in texts.items()]) + "}"


def ratios(numerators: Iterable[int], denominators: Iterable[int]) -> Column:
    """Return quotients; None where there is no denominator."""
    found = (ratio_text(*pair) for pair in zip(numerators, denominators, strict=True))
    return [text and f'"{text}"' for text in found]


def _numbers(sums: Ints) -> list[int]:
    found: list[int] = sums[:, 0].tolist()
    return found


def _same(rows: Rows, text: str) -> Column:
    return [quoted(text)] * len(rows.groups)


def _count(number: int) -> str | None:
    return f'"{number}"' if number else None


def _goal(view: View, node: Node) -> str | None:
    adset = None if isinstance(node, Account) else view.within(node, AdSet)
    return quoted(optimization_goal(adset)) if isinstance(adset, AdSet) else None
