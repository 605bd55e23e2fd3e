"""Lists of objects below an object, with filters; the archived and deleted come only if asked for."""

from collections.abc import Mapping, Sequence

from aibuyer_kit.sandbox.graph.errors import GraphError
from aibuyer_kit.sandbox.graph.filters import Filter, asked_filters
from aibuyer_kit.sandbox.graph.messages import GraphRequest, Params
from aibuyer_kit.sandbox.graph.nodes import render_node
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.settings_log import DELETED

OBJECT_EDGES = ("campaigns", "adsets", "ads")


def objects_edge(view: View, node: Node, edge: str, request: GraphRequest) -> dict[str, object]:
    """Return one page of the edge `campaigns`, `adsets` or `ads`. Raises GraphError."""
    filters = asked_filters(request.params, metrics=False)
    objects = [item for item in _below(node, edge) if _is_listed(view, item, filters)]
    return _listed(view, objects, request)


def creatives_edge(view: View, node: Node, request: GraphRequest) -> dict[str, object]:
    """Return one page of the creatives of the account, or those that an ad or an ad set's ads show. Raises GraphError.

    A creative stays in the account's list when no ad shows it any more, until it is deleted.
    """
    creatives = view.market.tree.creatives
    match node:
        case Account():
            shown = set(creatives)
        case Ad():
            shown = {view.setting(node).creative_id}
        case AdSet():
            shown = {view.setting(ad).creative_id for ad in node.ads}
        case _:
            raise unknown_edge("adcreatives")
    found = [creatives[creative_id] for creative_id in sorted(shown)]
    return _listed(view, [one for one in found if view.setting(one).status != DELETED], request)


def unknown_edge(edge: str) -> GraphError:
    return GraphError(2500, f"Unknown path components: /{edge}")


def _listed(
    view: View, objects: Sequence[Campaign | AdSet | Ad | Creative], request: GraphRequest
) -> dict[str, object]:
    fields = request.params.texts("fields")
    reply = page(request, objects, lambda item: (item.id,), lambda item: render_node(view, item, fields))
    if _wants_summary(request.params):
        reply["summary"] = {"total_count": len(objects)}
    return reply


def _wants_summary(params: Params) -> bool:
    return params.text("summary") not in ("", "false", "0")


def _is_listed(view: View, item: Campaign | AdSet | Ad, filters: Sequence[Filter]) -> bool:
    by_status = any(one.name == "effective_status" and not one.kind for one in filters)
    if not by_status and view.is_gone(item):
        return False
    return all(one.admits(view, item) for one in filters)


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
