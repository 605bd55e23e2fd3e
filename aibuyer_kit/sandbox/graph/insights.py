"""The insights edge: one row per object of the level, piece of the period and breakdown in which there was anything."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.filters import Filter, asked_filters, passes
from aibuyer_kit.sandbox.graph.insight_rows import CLAIM_FIELDS, Group, Row, check_insight_fields, render_row
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.paging import Key, page_after
from aibuyer_kit.sandbox.graph.periods import asked_pieces
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.claims import WINDOWS
from aibuyer_kit.sandbox.market.people import BREAKDOWNS, HOURLY, Family
from aibuyer_kit.sandbox.market.settings_log import DELETED
from aibuyer_kit.sandbox.market.totals import Totals

_DEFAULT_FIELDS = ("account_id", "impressions", "spend")
_REFUSED_PARAMS = ("action_breakdowns", "summary_action_breakdowns", "sort", "export_format")
# Results are reported on the day of the spend that brought them.
_REPORT_TIMES = ("impression", "mixed")
# 13 months at their longest: the platform counts no people by breakdown for what began before.
_PEOPLE_BY_BREAKDOWN_DAYS = 396


@dataclass(frozen=True)
class Question:
    """What insights are asked for, checked."""

    node: Node
    level: str
    fields: tuple[str, ...]
    windows: tuple[str, ...]
    pieces: Sequence[tuple[str, DateRange]]
    breakdowns: tuple[str, ...]
    filters: tuple[Filter, ...]

    @property
    def family(self) -> Family | None:
        return BREAKDOWNS[self.breakdowns] if self.breakdowns else None

    @property
    def with_claims(self) -> bool:
        return not CLAIM_FIELDS.isdisjoint(self.fields)

    @property
    def days(self) -> DateRange:
        """From the first day to the last."""
        ranges = [piece for _, piece in self.pieces]
        return DateRange(min(piece.since for piece in ranges), max(piece.until for piece in ranges))


def asked_question(view: View, node: Node, params: Params) -> Question:
    """Return what is asked for. Raises GraphError for what is wrong or not imitated."""
    _refuse_what_is_not_imitated(params)
    fields = params.texts("fields") or _DEFAULT_FIELDS
    check_insight_fields(fields)
    return Question(
        node=node,
        level=_level(node, params),
        fields=fields,
        windows=_windows(params),
        pieces=asked_pieces(params, view.today, view.market.first_day),
        breakdowns=_breakdowns(params),
        filters=asked_filters(params, metrics=True),
    )


def insights_edge(view: View, question: Question, request: GraphRequest) -> dict[str, object]:
    """Return one page of the answer. Raises GraphError for a bad cursor."""
    oldest = view.today - timedelta(days=_PEOPLE_BY_BREAKDOWN_DAYS)

    def render(group: Group) -> dict[str, object]:
        counted = not question.breakdowns or (question.family is not HOURLY and group.days.since >= oldest)
        return render_row(Row(view, group, question.windows, counted), question.fields)

    return page_after(request, lambda seen: _rows(view, question, seen), render)


def _rows(view: View, question: Question, seen: Key) -> Iterator[tuple[Key, Group]]:
    """Yield what lies behind a key, in the order of keys."""
    metrics = [one for one in question.filters if one.is_metric]
    for node, ads in _by_level(view, question):
        if (node.id,) < seen[:1]:
            continue
        for piece_key, days in question.pieces:
            if (node.id, piece_key) < seen[:2]:
                continue
            for values, totals in _cells(view, question, ads, days):
                key = (node.id, piece_key, *values)
                if key > seen and all(one.admits_row(totals, view.account.minor_per_unit) for one in metrics):
                    yield key, Group(node, days, totals, dict(zip(question.breakdowns, values, strict=True)))


def _cells(
    view: View, question: Question, ads: Sequence[Ad], days: DateRange
) -> Iterator[tuple[tuple[str, ...], Totals]]:
    """Yield the sums by the values of the breakdowns asked for; without any, the one sum."""
    family = question.family
    if family is None:
        totals = view.market.totals(ads, days, view.at_us, with_claims=question.with_claims)
        if not totals.is_empty:
            yield (), totals
        return
    places = [family.names.index(name) for name in question.breakdowns]
    merged: dict[tuple[str, ...], Totals] = {}
    parts = view.market.parts(ads, days, family, view.at_us, with_claims=question.with_claims)
    for cell, totals in parts.items():
        values = tuple(cell[place] for place in places)
        if values in merged:
            merged[values].merge(totals)
        else:
            merged[values] = totals
    yield from sorted(merged.items())


def _by_level(view: View, question: Question) -> list[tuple[Node, tuple[Ad, ...]]]:
    id_of: Mapping[str, Callable[[Ad], str]] = {
        Level.ACCOUNT: lambda _ad: view.account.id,
        Level.CAMPAIGN: lambda ad: ad.campaign_id,
        Level.ADSET: lambda ad: ad.adset_id,
        Level.AD: lambda ad: ad.id,
    }
    node = question.node
    grouped: dict[str, list[Ad]] = {}
    for ad in (node,) if isinstance(node, Ad) else node.ads:
        if passes(view, question.filters, ad):
            grouped.setdefault(id_of[question.level](ad), []).append(ad)
    found = ((view.market.find(object_id), tuple(members)) for object_id, members in sorted(grouped.items()))
    by_status = any(one.name == "effective_status" for one in question.filters)
    listed = [(each, members) for each, members in found if each]
    return [pair for pair in listed if by_status or pair[0].id == node.id or not _is_gone(view, pair[0])]


def _is_gone(view: View, node: Node) -> bool:
    """Whether insights of a wider object leave this one out unless its status is asked for."""
    return not isinstance(node, Account) and view.effective_status(node) == DELETED


def _level(node: Node, params: Params) -> str:
    own = {Account: Level.ACCOUNT, Campaign: Level.CAMPAIGN, AdSet: Level.ADSET, Ad: Level.AD}[type(node)]
    level = params.text("level", own)
    if level not in list(Level):
        raise invalid_parameter(f"level must be one of {', '.join(Level)}.")
    return level


def _windows(params: Params) -> tuple[str, ...]:
    windows = params.texts("action_attribution_windows")
    for window in windows:
        if window not in (*WINDOWS, "default"):
            raise invalid_parameter(
                f"action_attribution_windows: {window} is not one of {', '.join(WINDOWS)}, default."
            )
    return windows


def _breakdowns(params: Params) -> tuple[str, ...]:
    asked = params.texts("breakdowns")
    for known in BREAKDOWNS:
        if sorted(known) == sorted(asked):
            return known
    if asked:
        imitated = "; ".join(" × ".join(names) for names in BREAKDOWNS)
        raise GraphError(100, f"(#100) The breakdowns {', '.join(asked)} are not imitated. Imitated: {imitated}.")
    return ()


def _refuse_what_is_not_imitated(params: Params) -> None:
    for name in _REFUSED_PARAMS:
        if params.text(name) not in ("", "[]") or f"{name}[]" in params:
            raise invalid_parameter(f"The param {name} of insights is not imitated.")
    if params.text("action_report_time", "mixed") not in _REPORT_TIMES:
        raise invalid_parameter(f"Of action_report_time, only {' and '.join(_REPORT_TIMES)} are imitated.")
