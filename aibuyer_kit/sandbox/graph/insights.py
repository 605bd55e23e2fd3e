"""The insights edge: one row per object of the level and per piece of the period in which anything was delivered."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.insight_rows import Group, Row, check_insight_fields, render_row
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.nodes import View
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.periods import asked_days, pieces
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.claims import WINDOWS

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
# Results are reported on the day of the spend that brought them.
_REPORT_TIMES = ("impression", "mixed")


def insights_edge(view: View, node: Node, request: GraphRequest) -> dict[str, object]:
    """Return one page of insights below `node`. Raises GraphError for what is wrong or not imitated."""
    params = request.params
    _refuse_what_is_not_imitated(params)
    fields = params.texts("fields") or _DEFAULT_FIELDS
    check_insight_fields(fields)
    windows = _windows(params)
    days = asked_days(params, view.today, view.market.first_day)
    groups = [group for group in _groups(view, node, params, days) if _has_row(view, group)]

    def render(group: Group) -> dict[str, object]:
        totals = view.market.totals(group.ads, group.days, view.at_us)
        return render_row(Row(view, group, totals, windows), fields)

    return page(request, groups, lambda group: group.key, render)


def _has_row(view: View, group: Group) -> bool:
    return view.market.spend_minor(group.ads, group.days, view.at_us) > 0


def _groups(view: View, node: Node, params: Params, days: DateRange) -> Iterator[Group]:
    ads = node.ads if not isinstance(node, Ad) else (node,)
    own_level = {Account: Level.ACCOUNT, Campaign: Level.CAMPAIGN, AdSet: Level.ADSET, Ad: Level.AD}[type(node)]
    for piece_node, piece_ads in _by_level(view, ads, params.text("level", own_level)):
        for piece in pieces(params, days):
            yield Group(piece_node, piece_ads, piece)


def _by_level(view: View, ads: Sequence[Ad], level: str) -> list[tuple[Node, tuple[Ad, ...]]]:
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
    found = ((view.market.find(object_id), tuple(members)) for object_id, members in grouped.items())
    return [(node, members) for node, members in found if node]


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
    if params.text("action_report_time", "mixed") not in _REPORT_TIMES:
        raise invalid_parameter(f"Of action_report_time, only {' and '.join(_REPORT_TIMES)} are imitated.")
