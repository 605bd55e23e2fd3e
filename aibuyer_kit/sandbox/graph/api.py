"""One call of the Graph API: who asks, what for, and the answer."""

import re
from collections.abc import Mapping

from aibuyer_kit.sandbox.credentials import Credentials
from aibuyer_kit.sandbox.graph.activities import activities_edge
from aibuyer_kit.sandbox.graph.ad_rules.history import history_edge
from aibuyer_kit.sandbox.graph.ad_rules.library import AdRule, AdRules
from aibuyer_kit.sandbox.graph.changes import change_node, delete_node
from aibuyer_kit.sandbox.graph.creations import create_object
from aibuyer_kit.sandbox.graph.edges import OBJECT_EDGES, creatives_edge, objects_edge, unknown_edge
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter, no_such_object
from aibuyer_kit.sandbox.graph.insights import insights_edge
from aibuyer_kit.sandbox.graph.messages import Answer, GraphRequest, json_bytes
from aibuyer_kit.sandbox.graph.nodes import business_id, render_node
from aibuyer_kit.sandbox.graph.paging import page
from aibuyer_kit.sandbox.graph.question import asked_question
from aibuyer_kit.sandbox.graph.report_runs import ReportRun, ReportRuns, render_run, run_insights
from aibuyer_kit.sandbox.graph.subscriptions import Subscriptions
from aibuyer_kit.sandbox.graph.tokens import Token, Tokens
from aibuyer_kit.sandbox.graph.usage import UsageMeter
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.graph.wire import http_date
from aibuyer_kit.sandbox.market.account import Account, AdSet, Node
from aibuyer_kit.sandbox.market.creatives import Creative
from aibuyer_kit.sandbox.market.engine import Market
from aibuyer_kit.sandbox.market.world import MIN_DAILY_BUDGET_MINOR

# What an answer holds; insights come as JSON already.
Content = Mapping[str, object] | bytes
Found = Node | Creative | ReportRun | AdRule
NEWEST_VERSION = "v26.0"
_VERSION = re.compile(r"v\d+\.\d+")
_READING = ("ads_read", "ads_management")
_CREATED_BELOW_ACCOUNT = (*OBJECT_EDGES, "adcreatives")
# What the platform may have below an account, and this one has none of.
_EMPTY_EDGES = (
    *("adimages", "advideos", "adlabels", "ad_studies", "adplayables", "ad_place_page_sets", "agencies", "users"),
    *("advertisable_applications", "applications", "assigned_users", "customaudiences", "customconversions"),
    *("instagram_accounts", "promote_pages", "reachfrequencypredictions", "saved_audiences"),
)
_BUSINESS_EDGES = ("owned_ad_accounts", "client_ad_accounts", "adaccounts")


class GraphApi:
    """Answers calls to one account; never raises for what a caller sent."""

    def __init__(self, market: Market, credentials: Credentials) -> None:
        self.market = market
        self.credentials = credentials
        self.tokens = Tokens(credentials, market.now_us)
        self.meter = UsageMeter(market.account.number, len(market.account.ads))
        self.runs = ReportRuns()
        self.subscriptions = Subscriptions(credentials.app_id)
        self.ad_rules = AdRules(market, self.tokens.user_id)
        self.requires_proof = False
        self._answered = 0

    def answer(self, request: GraphRequest) -> Answer:
        """Return the answer with usage headers and, as its `Date`, the virtual time."""
        try:
            content, changed = self._reply(request)
        except GraphError as error:
            return self.refusal(request, error)
        return Answer(200, json_bytes(content), self.headers(request), changed)

    def refusal(self, request: GraphRequest, error: GraphError) -> Answer:
        """Return an error as the platform answers it."""
        return Answer(error.http_status, json_bytes(error.envelope(self.trace_id())), self.headers(request))

    def headers(self, request: GraphRequest) -> dict[str, str]:
        """Return the headers that every answer carries."""
        asked = request.path.strip("/").split("/")[0]
        version = asked if _VERSION.fullmatch(asked) else NEWEST_VERSION
        about = {"Date": http_date(request.at_us), "facebook-api-version": version}
        return about | self.meter.headers(use_case(request), request.at_us)

    def trace_id(self) -> str:
        """Return a new `fbtrace_id`; the same for the same sequence of calls."""
        self._answered += 1
        return f"A{self._answered:022d}"

    def let_in(self, request: GraphRequest) -> Token:
        """Return the token of a call. Raises GraphError for a bad token or proof."""
        token = self.tokens.of(request)
        proof = request.params.text("appsecret_proof")
        if (proof or self.requires_proof) and not self.credentials.accepts_proof(proof, token.text):
            message = "Invalid appsecret_proof provided in the API argument"
            if not proof:
                message = "API calls from the server require an appsecret_proof argument"
            raise GraphError(100, message, kind="GraphMethodException")
        return token

    def _reply(self, request: GraphRequest) -> tuple[Content, bool]:
        path = path_parts(request)
        if path == ["oauth", "access_token"]:
            return self.tokens.exchange(request.params, request.at_us), False
        token = self.let_in(request)
        self.meter.count(use_case(request), request.at_us, writes=request.method != "GET")
        match request.method:
            case "GET":
                return self._read(path, request, token), False
            case "POST":
                return self._write(path, request, token)
            case "DELETE":
                return self._delete(path, request, token)
        raise _not_imitated(request.method, path)

    def _read(self, path: list[str], request: GraphRequest, token: Token) -> Content:
        match path:
            case ["debug_token"]:
                return self.tokens.debug(request.params.text("input_token"), request.at_us)
            case ["me"]:
                return {"name": "Sample person", "id": self.tokens.user_id}
            case ["me", "permissions"]:
                return {"data": [{"permission": scope, "status": "granted"} for scope in token.scopes]}
            case [self.credentials.app_id, "subscriptions"]:
                self._require_app(token)
                return self.subscriptions.report()
        if found := self._read_business(path, request, token):
            return found
        token.require(*_READING)
        match path:
            case ["me", "adaccounts"]:
                return self._accounts(request)
            case [] if "ids" in request.params:
                return {one: self._node(self._find(one, "GET"), request) for one in request.params.texts("ids")}
            case [object_id]:
                return self._node(self._find(object_id, "GET"), request)
            case [object_id, edge]:
                return self._edge(self._find(object_id, "GET"), edge, request)
        raise _not_imitated("GET", path)

    def _read_business(self, path: list[str], request: GraphRequest, token: Token) -> Mapping[str, object] | None:
        """Answer what is above the account; None for other paths. Raises GraphError."""
        own_id = business_id(self._view(request))
        about = {"id": own_id, "name": "Sample business"}
        match path:
            case ["me", "businesses"]:
                token.require("business_management")
                return {"data": [about]}
            case [one] if one == own_id:
                token.require("business_management")
                return about
            case [one, edge] if one == own_id and edge in _BUSINESS_EDGES:
                token.require("business_management")
                return {"data": []} if edge == "client_ad_accounts" else self._accounts(request)
        return None

    def _write(self, path: list[str], request: GraphRequest, token: Token) -> tuple[Mapping[str, object], bool]:
        view = self._view(request)
        match path:
            case [object_id, "insights"]:
                token.require(*_READING)
                return self.runs.submit(view, self._node_only(object_id, "POST"), request), False
            case [self.credentials.app_id, "subscriptions"]:
                self._require_app(token)
                return self.subscriptions.subscribe(request.params), False
        token.require("ads_management")
        match path:
            case [self.market.account.id, "subscribed_apps"]:
                return self.subscriptions.connect(request.params, connected=True), False
            case [self.market.account.id, "adrules_library"]:
                return self.ad_rules.create(request.params, request.at_us), True
            case [self.market.account.id, edge] if edge in _CREATED_BELOW_ACCOUNT:
                made = create_object(view, edge, request.params)
                return made, "id" in made
            case [object_id]:
                found = self._changeable(object_id, "POST")
                if isinstance(found, AdRule):
                    return {"success": True}, self.ad_rules.change(found, request.params, request.at_us)
                return {"success": True}, change_node(view, found, request)
        raise _not_imitated("POST", path)

    def _delete(self, path: list[str], request: GraphRequest, token: Token) -> tuple[Mapping[str, object], bool]:
        match path:
            case [self.credentials.app_id, "subscriptions"]:
                self._require_app(token)
                return self.subscriptions.unsubscribe(), False
        token.require("ads_management")
        match path:
            case [self.market.account.id, "subscribed_apps"]:
                return self.subscriptions.connect(request.params, connected=False), False
            case [object_id]:
                found = self._changeable(object_id, "DELETE")
                if isinstance(found, AdRule):
                    return {"success": True}, self.ad_rules.delete(found, request.at_us)
                return {"success": True}, delete_node(self._view(request), found, request)
        raise _not_imitated("DELETE", path)

    def _require_app(self, token: Token) -> None:
        if token.kind != "APP":
            raise GraphError(15, "(#15) This method must be called with an app access_token.")

    def _find(self, object_id: str, method: str) -> Found:
        market = self.market
        own = market.find(object_id) or market.tree.creatives.get(object_id)
        found = own or self.ad_rules.find(object_id) or self.runs.find(object_id)
        if found is None:
            raise no_such_object(object_id, method)
        return found

    def _changeable(self, object_id: str, method: str) -> Node | Creative | AdRule:
        found = self._find(object_id, method)
        if isinstance(found, ReportRun):
            raise no_such_object(object_id, method)
        return found

    def _node_only(self, object_id: str, method: str) -> Node:
        found = self._find(object_id, method)
        if isinstance(found, ReportRun | Creative | AdRule):
            raise no_such_object(object_id, method)
        return found

    def _view(self, request: GraphRequest) -> View:
        return View(self.market, request.at_us)

    def _accounts(self, request: GraphRequest) -> dict[str, object]:
        return page(request, [self.market.account], lambda account: (account.id,), lambda one: self._node(one, request))

    def _node(self, node: Found, request: GraphRequest) -> dict[str, object]:
        if isinstance(node, ReportRun):
            return render_run(self._view(request), node, request)
        if isinstance(node, AdRule):
            return self.ad_rules.render(self._view(request), node, request)
        fields = request.params.texts("fields") or (("account_id",) if isinstance(node, Account) else ())
        return render_node(self._view(request), node, fields)

    def _edge(self, node: Found, edge: str, request: GraphRequest) -> Content:
        view = self._view(request)
        if isinstance(node, ReportRun | Creative | AdRule):
            return _edge_beside_the_tree(view, node, edge, request)
        if edge == "insights":
            return insights_edge(view, asked_question(view, node, request.params), request)
        if edge in OBJECT_EDGES:
            return objects_edge(view, node, edge, request)
        if edge == "adcreatives":
            return creatives_edge(view, node, request)
        if edge == "activities" and isinstance(node, Account | AdSet):
            return activities_edge(view, node, self.tokens.user_id, request)
        if isinstance(node, Account):
            return self._account_edge(node, edge, request)
        if edge == "adrules_governed":
            return self.ad_rules.listed(view, request, node)
        raise unknown_edge(edge)

    def _account_edge(self, account: Account, edge: str, request: GraphRequest) -> Content:
        match edge:
            case "minimum_budgets":
                return _minimum_budgets(account)
            case "subscribed_apps":
                return self.subscriptions.connected_apps()
            case "adrules_library":
                return self.ad_rules.listed(self._view(request), request)
            case "adrules_history":
                return history_edge(request, of_account=True)
            case "adspixels":
                return {"data": [{"id": f"8{account.number[1:]}", "name": "Sample pixel"}]}
        if edge in _EMPTY_EDGES:
            return {"data": []}
        raise unknown_edge(edge)


def _edge_beside_the_tree(view: View, node: ReportRun | Creative | AdRule, edge: str, request: GraphRequest) -> Content:
    if isinstance(node, ReportRun) and edge == "insights":
        return run_insights(view, node, request)
    if isinstance(node, AdRule) and edge == "history":
        return history_edge(request, of_account=False)
    raise unknown_edge(edge)


def path_parts(request: GraphRequest) -> list[str]:
    """Return the path below the version."""
    path = [part for part in request.path.split("/") if part]
    return path[1:] if path and _VERSION.fullmatch(path[0]) else path


def use_case(request: GraphRequest) -> str:
    """Return the business use case that a call counts for."""
    return "ads_insights" if request.path.rstrip("/").endswith("/insights") else "ads_management"


def _minimum_budgets(account: Account) -> dict[str, object]:
    kinds = ("imp", "low_freq", "high_freq", "video_views")
    least = {f"min_daily_budget_{kind}": MIN_DAILY_BUDGET_MINOR for kind in kinds}
    return {"data": [{"currency": account.currency, **least}]}


def _not_imitated(method: str, path: list[str]) -> GraphError:
    return invalid_parameter(f"{method} /{'/'.join(path)} is not imitated.")
