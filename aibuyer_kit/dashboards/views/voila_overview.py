"""The client's page (ipywidgets, for Voila): plain words, targets against results, and one period to choose."""

from typing import Any

import ipywidgets as widgets

from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.overview import campaigns, definitions, headline, masthead, targets, trends
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import AibuyerError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import t
from aibuyer_kit.dashboards.figures import served_client
from aibuyer_kit.dashboards.state import OWN_PERIOD, PERIOD_DAYS, ViewState
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
        days = [(t(client.locale, "period.last_days", count=days), days) for days in PERIOD_DAYS]
        self.period = widgets.Dropdown(
            options=[*days, (t(client.locale, "period.own"), OWN_PERIOD)],
            value=self.state.days,
            description=label,
            layout=widgets.Layout(width="100%", max_width="320px"),
        )
        self.since, self.until = (_day(t(client.locale, f"period.{end}")) for end in ("since", "until"))
        self.own = widgets.HBox([self.since, self.until], layout=widgets.Layout(display="none", flex_flow="row wrap"))
        self._wrong = widgets.HTML()
        self._shown_period: DateRange | None = None
        self.period.observe(self._choose, names="value")
        for each in (self.since, self.until):
            each.observe(self._choose_own, names="value")
        parts = [self._top, self.period, self.own, self._wrong, self._rest]
        self.page = widgets.VBox(parts, layout=widgets.Layout(width="100%"))
        self.refresh()

    def refresh(self) -> None:
        """Read the period from the newest data and show it; an error made on purpose is shown instead."""
        try:
            overview = self._client.overview(**self.state.period())
            self._top.value, self._rest.value = _top(overview), _rest(overview)
            self._shown_period = overview.period
        except AibuyerError as error:
            self._top.value, self._rest.value = _error(error, self._client.locale), ""

    def _choose(self, change: dict[str, Any]) -> None:
        own = change["new"] == OWN_PERIOD
        self._wrong.value = ""
        if own and self._shown_period:  # the two days begin as those that are shown
            self.since.value, self.until.value = self._shown_period.since, self._shown_period.until
        self.own.layout.display = "flex" if own else "none"
        if own:
            self._choose_own()
        else:
            self.state = self.state.changed(days=change["new"])
            self.refresh()

    def _choose_own(self, _: dict[str, Any] | None = None) -> None:
        """Show the two days that are chosen; if they are no period, say so and leave what is shown as it is."""
        if self.own.layout.display == "none":
            return
        try:
            days = self._client.held_period(self.since.value, self.until.value)
        except AibuyerError as error:
            self._wrong.value = _alert(str(error))
            return
        self._wrong.value = ""
        self.state = self.state.changed(since=days.since, until=days.until)
        self.refresh()


def _day(label: str) -> widgets.DatePicker:
    return widgets.DatePicker(description=label, layout=widgets.Layout(width="auto", max_width="320px"))


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
    return _alert(t(locale, "client.failed", reason=error))


def _alert(words: str) -> str:
    return Fragment(f'<div class="ab-warnings" role="alert">{for_html(words)}</div>', "")._repr_html_()
