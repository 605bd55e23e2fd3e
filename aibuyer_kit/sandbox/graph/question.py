"""What insights are asked for: the params of the edge, checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.sandbox.graph.errors import GraphError, invalid_parameter
from aibuyer_kit.sandbox.graph.filters import METRICS, Filter, asked_filters
from aibuyer_kit.sandbox.graph.insight_rows import ACTION_CELLS, CLAIM_FIELDS, check_insight_fields
from aibuyer_kit.sandbox.graph.messages import Params
from aibuyer_kit.sandbox.graph.periods import asked_pieces
from aibuyer_kit.sandbox.graph.view import View
from aibuyer_kit.sandbox.market.account import Account, Ad, AdSet, Campaign, Node
from aibuyer_kit.sandbox.market.claims import WINDOWS
from aibuyer_kit.sandbox.market.people import BREAKDOWNS, Family

_OWN_LEVEL = {Account: Level.ACCOUNT, Campaign: Level.CAMPAIGN, AdSet: Level.ADSET, Ad: Level.AD}
_DEFAULT_FIELDS = ("account_id", "impressions", "spend")
_REFUSED_PARAMS = ("summary_action_breakdowns", "export_format")
# Results are reported on the day of the spend that brought them.
_REPORT_TIMES = ("impression", "mixed")


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
    # A metric, and whether its greatest comes first; none for the order of ids and days.
    sort: tuple[str, bool] | None = None
    action_breakdowns: tuple[str, ...] = ()
    # The fields of the row about the whole that comes beside the page.
    summary: tuple[str, ...] = ()

    @property
    def family(self) -> Family | None:
        return BREAKDOWNS[self.breakdowns] if self.breakdowns else None

    @property
    def with_claims(self) -> bool:
        return not CLAIM_FIELDS.isdisjoint((*self.fields, *self.summary))

    @property
    def about_the_whole(self) -> "Question":
        """The question that a summary answers: the object itself, over all days."""
        whole = [("", self.days)]
        own = _OWN_LEVEL[type(self.node)]
        return replace(self, level=own, fields=self.summary, pieces=whole, breakdowns=(), sort=None, summary=())

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
        sort=_sort(params),
        action_breakdowns=_action_breakdowns(params),
        summary=_summary(params, fields),
    )


def _level(node: Node, params: Params) -> str:
    level = params.text("level", _OWN_LEVEL[type(node)])
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


def _action_breakdowns(params: Params) -> tuple[str, ...]:
    asked = params.texts("action_breakdowns")
    if unknown := set(asked) - {"action_type", *ACTION_CELLS}:
        imitated = ", ".join(("action_type", *ACTION_CELLS))
        raise invalid_parameter(f"action_breakdowns: {', '.join(sorted(unknown))} is not one of {imitated}.")
    # Every action has a type, whether or not that is asked for.
    cut = tuple(dict.fromkeys(name for name in asked if name != "action_type"))
    if len(cut) > 1:
        raise invalid_parameter("Of action_breakdowns, one beside action_type is imitated.")
    return cut


def _summary(params: Params, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields of `summary`; of a plain true, or `default_summary`, those of the rows."""
    if params.text("summary").strip() in ("", "false", "0", "[]") and "summary[]" not in params:
        return fields if params.text("default_summary") == "true" else ()
    if params.text("summary") in ("true", "1"):
        return fields
    check_insight_fields(names := params.texts("summary"))
    return names


def _sort(params: Params) -> tuple[str, bool] | None:
    asked = params.texts("sort")
    if not asked:
        return None
    metric, _, direction = asked[0].rpartition("_")
    if len(asked) > 1 or metric not in METRICS or direction not in ("ascending", "descending"):
        raise invalid_parameter(f"sort must be one of {', '.join(METRICS)} with _ascending or _descending.")
    return metric, direction == "descending"


def _refuse_what_is_not_imitated(params: Params) -> None:
    for name in _REFUSED_PARAMS:
        if params.text(name) not in ("", "[]") or f"{name}[]" in params:
            raise invalid_parameter(f"The param {name} of insights is not imitated.")
    if params.text("action_report_time", "mixed") not in _REPORT_TIMES:
        raise invalid_parameter(f"Of action_report_time, only {' and '.join(_REPORT_TIMES)} are imitated.")
