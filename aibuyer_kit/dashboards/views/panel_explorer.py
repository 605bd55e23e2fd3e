"""The analysts' explorer (Panel): client, level, metric and period; tiles, a live trend, and a table."""

import contextlib
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import panel as pn

from aibuyer_kit.charts.fragment import Fragment
from aibuyer_kit.charts.live import bokeh_figure
from aibuyer_kit.charts.overview import (
    chart_caption_html,
    entity_table_html,
    maturity_html,
    overview_trends,
    tiles_and_note,
)
from aibuyer_kit.charts.quality import badge_html
from aibuyer_kit.charts.spec import TrendChart
from aibuyer_kit.charts.tables import COLUMNS, HEADLINE, warnings_html
from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.errors import AibuyerError, NotFoundError
from aibuyer_kit.core.escape import for_html
from aibuyer_kit.core.i18n import format_moment, format_period, t
from aibuyer_kit.dashboards.figures import Figures, known_moments, read_figures, served_clients, served_workspace
from aibuyer_kit.dashboards.state import CHOOSABLE_METRICS, LEVELS, NEWEST, OWN_PERIOD, PERIOD_DAYS, ViewState
from aibuyer_kit.dashboards.views.day_input import DayInput
from aibuyer_kit.workspace import Client, Workspace

MOST_ROWS = 200
_LOOK_EVERY_MS = 60_000
# Panel's own page does not tell a phone how wide it is.
_PAGE = '{% block preamble %}<meta name="viewport" content="width=device-width, initial-scale=1">{% endblock %}'


def explorer_page(workspace: str = "", client: str = "") -> "pn.viewable.Viewable":
    """Build the page of one viewer; an error made on purpose is shown on it instead.

    The defaults come from AIBUYER_WORKSPACE and AIBUYER_CLIENT, and without them from the sample account.
    """
    pn.extension(sizing_mode="stretch_width")
    if pn.state.curdoc is not None:
        pn.state.curdoc.template = _PAGE
    if _css() not in pn.config.raw_css:
        pn.config.raw_css.append(_css())
    try:
        opened = served_workspace(workspace)
        page = Explorer(opened, served_clients(opened, client)).page
    except AibuyerError as error:
        page = pn.pane.HTML(_error_html(error))
    return page.servable(title="aibuyer explorer")


class Explorer:
    """One viewer's page: the widgets change the state, and every change reads the newest data anew."""

    def __init__(self, workspace: Workspace, client_ids: tuple[str, ...]) -> None:
        self._workspace = workspace
        self.state = ViewState(client_ids[0])
        self._shown_load = 0
        self._shown_period: DateRange | None = None
        self._client_labels = _labels(workspace, client_ids)
        self._head = pn.pane.HTML(css_classes=["ab-head"])
        self._tiles = pn.pane.HTML()
        self._trend_card = pn.Column(css_classes=["ab-trend"])
        self._table = pn.pane.HTML()
        self._controls = pn.Row(css_classes=["ab-controls"])
        self._period_error = pn.pane.HTML()
        self._since, self._until = DayInput(margin=(5, 10)), DayInput(margin=(5, 10))
        for field in (self._since, self._until):
            field.param.watch(lambda _: self._choose_own_period(), "day")
        self.page = pn.Column(
            self._head,
            self._controls,
            self._period_error,
            self._tiles,
            self._trend_card,
            self._table,
            css_classes=["ab-body"],
        )
        self._make_controls()
        self.refresh()
        if pn.state.curdoc is not None:
            pn.state.add_periodic_callback(self.refresh_if_new, period=_LOOK_EVERY_MS)

    @property
    def client(self) -> Client:
        return self._workspace.client(self.state.client_id)

    def refresh(self) -> None:
        """Read what the state asks for from the newest data and show it; an error made on purpose is shown instead."""
        try:
            client = self.client
            self._show(client, read_figures(client, self.state))
        except AibuyerError as error:
            self._head.object = _error_html(error)
            self._tiles.object = self._table.object = ""
            self._trend_card.visible = False

    def refresh_if_new(self) -> None:
        """Show newer data where there are any and the viewer looks at the newest."""
        with contextlib.suppress(AibuyerError):  # the next choice shows what is wrong
            if self.state.as_of == NEWEST and self.client.freshness().load_id != self._shown_load:
                self._make_controls()
                self.refresh()

    def _make_controls(self) -> None:
        locale = self.client.locale
        self._controls.objects = [
            self._select("client_id", t(locale, "word.client"), self._client_labels),
            self._select("level", t(locale, "word.level"), {t(locale, f"level.{each}"): str(each) for each in LEVELS}),
            self._select(
                "metric", t(locale, "word.metric"), {t(locale, f"metric.{name}"): name for name in CHOOSABLE_METRICS}
            ),
            self._period_select(locale),
            self._since,
            self._until,
            self._select("as_of", t(locale, "explorer.as_known_on"), self._moments(locale)),
            self._search(t(locale, "explorer.search")),
        ]

    def _period_select(self, locale: str) -> "pn.widgets.Select":
        options = {t(locale, "period.last_days", count=days): days for days in PERIOD_DAYS}
        options[t(locale, "period.own")] = OWN_PERIOD
        widget = pn.widgets.Select(label=t(locale, "word.period"), options=options, value=self.state.period_choice)
        widget.param.watch(self._choose_period, "value")
        self._since.label, self._until.label = t(locale, "period.since"), t(locale, "period.until")
        self._since.visible = self._until.visible = self.state.period_choice == OWN_PERIOD
        return widget

    def _choose_period(self, event: Any) -> None:
        """Take a number of days; or let the two days be chosen, beginning with those that are shown."""
        own = event.new == OWN_PERIOD
        self._period_error.object = ""
        if own and self._shown_period:
            self._since.day, self._until.day = str(self._shown_period.since), str(self._shown_period.until)
        self._since.visible = self._until.visible = own
        if own:
            self._choose_own_period()
        else:
            self.state = self.state.changed(days=event.new)
            self.refresh()

    def _choose_own_period(self) -> None:
        """Show the two days that are chosen; if they are no period, say so and leave what is shown as it is."""
        if not self._since.visible:
            return
        try:
            days = self.client.held_period(self._since.chosen, self._until.chosen, as_of=self.state.as_of or None)
        except AibuyerError as error:
            self._period_error.object = _error_html(error)
            return
        self._period_error.object = ""
        self.state = self.state.changed(since=days.since, until=days.until)
        self.refresh()

    def _moments(self, locale: str) -> dict[str, int]:
        choices = {t(locale, "explorer.newest"): NEWEST}
        with contextlib.suppress(NotFoundError):  # nothing was loaded yet
            zone = self.client.overview().data_as_of.tzinfo
            for moment, load_id in known_moments(self.client)[1:]:
                choices.setdefault(format_moment(moment.astimezone(zone), locale), load_id)
        return choices

    def _select(self, field: str, label: str, options: dict[str, Any]) -> "pn.widgets.Select":
        widget = pn.widgets.Select(label=label, options=options, value=getattr(self.state, field))
        widget.param.watch(self._chosen(field), "value")
        return widget

    def _search(self, label: str) -> "pn.widgets.TextInput":
        widget = pn.widgets.TextInput(label=label, value=self.state.search)
        widget.param.watch(self._chosen("search"), "value")
        return widget

    def _chosen(self, field: str) -> Callable[[Any], None]:
        def choose(event: Any) -> None:
            self.state = self.state.changed(**{field: event.new})
            if field == "client_id":
                self._period_error.object = ""
                self._make_controls()
            self.refresh()

        return choose

    def _show(self, client: Client, figures: Figures) -> None:
        overview, locale = figures.overview, client.locale
        self._shown_load, self._shown_period = overview.load_id, overview.period
        self._head.object = _head_html(figures, locale)
        self._tiles.object = tiles_and_note(overview, locale, _tiles_for(self.state.metric))._repr_html_()
        self._trend_card.objects = [
            part for chart in overview_trends(overview, (self.state.metric,), locale) for part in _trend(chart)
        ]
        self._trend_card.visible = bool(overview.daily)
        self._table.object = _table_html(figures, self.state, locale)


def _trend(chart: TrendChart) -> "list[pn.viewable.Viewable]":
    caption = Fragment(chart_caption_html(chart), "")._repr_html_()
    return [pn.pane.HTML(caption), pn.pane.Bokeh(bokeh_figure(chart))]


def _labels(workspace: Workspace, client_ids: tuple[str, ...]) -> dict[str, str]:
    names = {client_id: workspace.client(client_id).name for client_id in client_ids}
    often = Counter(names.values())
    return {name if often[name] == 1 else f"{name} ({client_id})": client_id for client_id, name in names.items()}


def _tiles_for(metric: str) -> tuple[str, ...]:
    return HEADLINE if metric in HEADLINE else (*HEADLINE[:-1], metric)


def _head_html(figures: Figures, locale: str) -> str:
    overview = figures.overview
    as_of = t(locale, "word.data_as_of", moment=format_moment(overview.data_as_of, locale))
    html = (
        f'<div class="ab-kicker">{for_html(t(locale, "explorer.title"))}</div><h1>{for_html(overview.client_name)}</h1>'
        f'<div class="ab-meta"><span>{for_html(format_period(overview.period, locale))}</span>'
        f'<span data-as-of="{overview.load_id}">{for_html(as_of)}</span></div>'
        f"{badge_html(overview.reconciliation, locale)}{maturity_html(overview, locale)}"
        f"{warnings_html(overview.warnings, locale)}"
    )
    return Fragment(html, "")._repr_html_()


def _table_html(figures: Figures, state: ViewState, locale: str) -> str:
    overview, shown = figures.overview, figures.entities[:MOST_ROWS]
    if not shown:
        nothing = "explorer.no_match" if state.search else "explorer.no_rows"
        return Fragment(f'<p class="ab-note">{for_html(t(locale, nothing))}</p>', "")._repr_html_()
    columns = COLUMNS if state.metric in COLUMNS else (*COLUMNS[:-1], state.metric)
    level, heading = t(locale, f"level.{state.level}"), t(locale, f"levels.{state.level}")
    table = entity_table_html(overview, shown, locale, columns=columns, name_header=level)
    left_out = len(figures.entities) - len(shown)
    more = f'<p class="ab-note">{for_html(t(locale, "chart.others", count=left_out))}</p>' if left_out else ""
    return Fragment(f"<h2>{for_html(heading)}</h2>{table}{more}", "")._repr_html_()


def _error_html(error: AibuyerError) -> str:
    return Fragment(f'<div class="ab-warnings" role="alert">{for_html(error)}</div>', "")._repr_html_()


def _css() -> str:
    return (files("aibuyer_kit.dashboards.views") / "panel_explorer.css").read_text(encoding="utf-8")
