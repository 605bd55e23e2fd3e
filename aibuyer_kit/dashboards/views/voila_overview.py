"""The client's page (ipywidgets, for Voila): plain words, targets against results, and one period to choose."""

from typing import Any

import ipywidgets as widgets

from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.overview import campaigns, definitions, headline, masthead, targets, trends
from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import t
from aibuyer_kit.dashboards.figures import served_client
from aibuyer_kit.dashboards.state import PERIOD_DAYS, ViewState
from aibuyer_kit.workflows.report import Overview
from aibuyer_kit.workspace import Client

_METRICS = ("spend", "results", "cpa", "revenue", "roas")


def show(workspace: str = "", client: str = "") -> widgets.Widget:
    """Return the page of one client; an error made on purpose is shown on it instead.

    The defaults come from AIBUYER_WORKSPACE and AIBUYER_CLIENT, and without them from the sample account.
    """
    try:
        return ClientPage(served_client(workspace, client)).page
    except AibuyerError as error:
        return widgets.HTML(_error(error, "en"))


class ClientPage:
    """One viewer's page: each choice of a period reads the newest data anew."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.state = ViewState(client.id)
        self._top, self._rest = widgets.HTML(), widgets.HTML()
        label = t(client.locale, "client.choose_period")
        self.period = widgets.Dropdown(
            options=[(t(client.locale, "period.last_days", count=days), days) for days in PERIOD_DAYS],
            value=self.state.days,
            description=label,
            layout=widgets.Layout(width="100%", max_width="320px"),
        )
        self.period.observe(self._choose, names="value")
        self.page = widgets.VBox([self._top, self.period, self._rest], layout=widgets.Layout(width="100%"))
        self.refresh()

    def refresh(self) -> None:
        """Read the period from the newest data and show it; an error made on purpose is shown instead."""
        try:
            overview = self._client.overview(**self.state.period())
            self._top.value, self._rest.value = _top(overview), _rest(overview)
        except AibuyerError as error:
            self._top.value, self._rest.value = _error(error, self._client.locale), ""

    def _choose(self, change: dict[str, Any]) -> None:
        self.state = self.state.changed(days=change["new"])
        self.refresh()


def _top(overview: Overview) -> str:
    return masthead(overview, title="client.title")._repr_html_()


def _rest(overview: Overview) -> str:
    aimed_at = set(overview.targets)
    if overview.is_mixed:  # Bars show a cost per result only if every kind has a target for it.
        aimed_at |= set.intersection(*(set(each.targets) for each in overview.by_result))
    others = [name for name in _METRICS if name not in aimed_at]
    pieces = (
        targets(overview),
        headline(overview, metrics=others),
        trends(overview, metrics=("spend", "results")),
        campaigns(overview, columns=_METRICS),
        definitions(overview, metrics=_METRICS),
    )
    html = "".join(f"<section>{piece.html}</section>" for piece in pieces)
    return Fragment(f'<div class="ab-stack">{html}</div>', "")._repr_html_()


def _error(error: AibuyerError, locale: str) -> str:
    words = t(locale, "client.failed", reason=error)
    return Fragment(f'<div class="ab-warnings" role="alert">{for_html(words)}</div>', "")._repr_html_()
