"""One call of the Graph API: who asks, what for, and the answer."""

import re

from aibuyer_kit.sandbox.credentials import Credentials
from aibuyer_kit.sandbox.graph.changes import change_node
from aibuyer_kit.sandbox.graph.edges import objects_edge, unknown_edge
from aibuyer_kit.sandbox.graph.errors import GraphError, bad_token, invalid_parameter, no_such_object
from aibuyer_kit.sandbox.graph.insights import insights_edge
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, json_bytes
from aibuyer_kit.sandbox.graph.nodes import View, render_node
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.usage import UsageMeter
from aibuyer_kit.sandbox.graph.wire import http_date
from aibuyer_kit.sandbox.market.account import Account, Node
from aibuyer_kit.sandbox.market.engine import Market

_VERSION = re.compile(r"v\d+\.\d+")


class GraphApi:
    """Answers calls to one account; never raises for what a caller sent."""

    def __init__(self, market: Market, credentials: Credentials) -> None:
        self.market = market
        self.credentials = credentials
        self._meter = UsageMeter(market.account.number, len(market.account.ads))
        self._answered = 0

    def answer(self, request: GraphRequest) -> Answer:
        """Return the answer with usage headers and, as its `Date`, the virtual time."""
        try:
            content, changed = self._reply(request)
            status = 200
        except GraphError as error:
            content, changed, status = error.envelope(self.trace_id()), False, error.http_status
        headers = self.headers(request)
        return Answer(status, json_bytes(content), headers, changed)

    def headers(self, request: GraphRequest) -> dict[str, str]:
        """Return the headers that every answer carries, and count the call."""
        kind = use_case(request)
        return {"Date": http_date(request.at_us), **self._meter.headers(kind, request.at_us)}

    def trace_id(self) -> str:
        """Return a new `fbtrace_id`; the same for the same sequence of calls."""
        self._answered += 1
        return f"A{self._answered:022d}"

    def _reply(self, request: GraphRequest) -> tuple[dict[str, object], bool]:
        self._let_in(request)
        path = [part for part in request.path.split("/") if part]
        if path and _VERSION.fullmatch(path[0]):
            path = path[1:]
        match (request.method, path):
            case ("GET", ["me"]):
                return {"name": "Sample person", "id": self.credentials.app_id}, False
            case ("GET", ["me", "adaccounts"]):
                return self._accounts(request), False
            case ("GET", [object_id]):
                return self._node(self._find(object_id, "GET"), request), False
            case ("GET", [object_id, edge]):
                return self._edge(self._find(object_id, "GET"), edge, request), False
            case ("POST", [object_id]):
                return {"success": True}, change_node(self.market, self._find(object_id, "POST"), request)
        raise invalid_parameter(f"{request.method} /{'/'.join(path)} is not imitated yet.")

    def _let_in(self, request: GraphRequest) -> None:
        token = request.params.text("access_token") or request.bearer
        if not token:
            raise bad_token("An access token is required to request this resource.")
        if not self.credentials.accepts_token(token):
            raise bad_token("Invalid OAuth access token - Cannot parse access token")
        proof = request.params.text("appsecret_proof")
        if proof and not self.credentials.accepts_proof(proof):
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")

    def _find(self, object_id: str, method: str) -> Node:
        node = self.market.find(object_id)
        if node is None:
            raise no_such_object(object_id, method)
        return node

    def _view(self, request: GraphRequest) -> View:
        return View(self.market, request.at_us)

    def _accounts(self, request: GraphRequest) -> dict[str, object]:
        return page(request, [self.market.account], lambda account: (account.id,), lambda one: self._node(one, request))

    def _node(self, node: Node, request: GraphRequest) -> dict[str, object]:
        fields = request.params.texts("fields") or (("account_id",) if isinstance(node, Account) else ())
        return render_node(self._view(request), node, fields)

    def _edge(self, node: Node, edge: str, request: GraphRequest) -> dict[str, object]:
        if edge == "insights":
            return insights_edge(self._view(request), node, request)
        if edge in ("campaigns", "adsets", "ads"):
            return objects_edge(self._view(request), node, edge, request)
        raise unknown_edge(edge)


def use_case(request: GraphRequest) -> str:
    """Return the business use case that a call counts for."""
    return "ads_insights" if request.path.rstrip("/").endswith("/insights") else "ads_management"
