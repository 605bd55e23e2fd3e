"""Lists of objects below an object, with the filters by effective status."""

from collections.abc import Mapping, Sequence

from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.nodes import View, render_node
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node

_EFFECTIVE_STATUSES = frozenset(
    [
        "ACTIVE",
        "PAUSED",
        "DELETED",
        "ARCHIVED",
        "IN_PROCESS",
        "WITH_ISSUES",
        "CAMPAIGN_PAUSED",
        "ADSET_PAUSED",
        "DISAPPROVED",
        "PENDING_REVIEW",
        "PENDING_BILLING_INFO",
        "PREAPPROVED",
    ]
)


def objects_edge(view: View, node: Node, edge: str, request: GraphRequest) -> dict[str, object]:
    """Return one page of the edge `campaigns`, `adsets` or `ads`. Raises GraphError."""
    params = request.params
    wanted = _wanted_statuses(params)
    objects = [item for item in _below(node, edge) if not wanted or view.effective_status(item) in wanted]
    fields = params.texts("fields")
    reply = page(request, objects, lambda item: (item.id,), lambda item: render_node(view, item, fields))
    if params.text("summary") not in ("", "false", "0"):
        reply["summary"] = {"total_count": len(objects)}
    return reply


def unknown_edge(edge: str) -> GraphError:
    return GraphError(2500, f"Unknown path components: /{edge}")


def _below(node: Node, edge: str) -> Sequence[Campaign | AdSet | Ad]:
    edges: Mapping[str, Sequence[Campaign | AdSet | Ad]] = {}
    match node:
        case Account():
            edges = {"campaigns": node.campaigns, "adsets": node.adsets, "ads": node.ads}
        case Campaign():
            edges = {"adsets": node.adsets, "ads": node.ads}
        case AdSet():
            edges = {"ads": node.ads}
    if edge not in edges:
        raise unknown_edge(edge)
    return edges[edge]


def _wanted_statuses(params: Params) -> frozenset[str]:
    """Return the effective statuses asked for, by `effective_status` or by `filtering`; empty for all."""
    wanted = frozenset(params.texts("effective_status")) or _filtered_statuses(params)
    if unknown := wanted - _EFFECTIVE_STATUSES:
        raise invalid_parameter(
            f"effective_status must be one of {sorted(_EFFECTIVE_STATUSES)}, not {sorted(unknown)}."
        )
    return wanted


def _filtered_statuses(params: Params) -> frozenset[str]:
    if "filtering" not in params:
        return frozenset()
    match params.json("filtering"):
        case []:
            return frozenset()
        case [{"field": str(name), "operator": "IN", "value": [*words]}] if name.endswith("effective_status"):
            return frozenset(str(word) for word in words)
    raise invalid_parameter(
        'Of filtering, only [{"field":"effective_status","operator":"IN","value":[...]}] is imitated.'
    )
