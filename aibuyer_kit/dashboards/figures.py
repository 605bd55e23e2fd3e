"""The figures of a chosen view, read anew from the newest published data at every call."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from aibuyer_kit.charts.compare import Figure
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.core.metrics import MEASURES, RATIOS, ratio_of
from aibuyer_kit.dashboards.state import ViewState
from aibuyer_kit.workflows.report import Overview
from aibuyer_kit.workflows.workspaces import only_client
from aibuyer_kit.workspace import Client, Workspace, load_example, open_workspace

if TYPE_CHECKING:
    import pandas as pd

# How the commands that serve a dashboard hand over what it shows.
WORKSPACE_VARIABLE = "AIBUYER_WORKSPACE"
CLIENT_VARIABLE = "AIBUYER_CLIENT"

_MICROS = 1_000_000
_SUMMED = tuple(measure for measure in MEASURES if measure.additive == "everywhere")


@dataclass(frozen=True)
class Figures:
    """What a view shows: the overview of the period, and each entity's name and values, the largest metric first."""

    overview: Overview
    rows: tuple[tuple[str, dict[str, Figure]], ...]


def served_workspace(workspace: str = "") -> Workspace:
    """Return the workspace to serve: the given one, AIBUYER_WORKSPACE, or the sample account. Raises NotFoundError."""
    folder = workspace or os.environ.get(WORKSPACE_VARIABLE, "")
    return open_workspace(folder) if folder else load_example()


def served_clients(workspace: Workspace, client: str = "") -> tuple[str, ...]:
    """Return the ids that may be chosen: the given one or AIBUYER_CLIENT alone, or else all.

    Raises NotFoundError if there is none.
    """
    named = client or os.environ.get(CLIENT_VARIABLE, "")
    found = (workspace.client(named).id,) if named else workspace.clients
    if not found:
        raise NotFoundError(f"The workspace {workspace.folder} has no clients yet. Add one: aibuyer client add")
    return found


def served_client(workspace: str = "", client: str = "") -> Client:
    """Return the one client to serve. Raises NotFoundError, InputError if it is not clear which."""
    opened = served_workspace(workspace)
    return opened.client(only_client(opened.folder, client or os.environ.get(CLIENT_VARIABLE) or None).id)


def read_figures(client: Client, state: ViewState) -> Figures:
    """Read what the state asks for; all of it comes from one load.

    Raises NotFoundError before the first load, WarehouseError.
    """
    overview = client.overview(**state.period())
    period = overview.period
    insights = client.insights(state.level, since=period.since, until=period.until, as_of=overview.load_id)
    rows = entity_totals(insights)
    found = [(name, values) for name, values in rows if state.search.casefold() in name.casefold()]
    found.sort(key=lambda row: _rank(row[1].get(state.metric)), reverse=True)
    return Figures(overview, tuple(found))


def known_moments(client: Client, most: int = 30) -> tuple[tuple[datetime, int], ...]:
    """Return the latest moments at which something was learnt, newest first, each with its last load number."""
    loads = client.loads().sort_values("load_id")
    last = dict(zip(loads["known_at_utc"], loads["load_id"], strict=True))
    moments = ((moment.to_pydatetime(), int(load_id)) for moment, load_id in last.items())
    return tuple(sorted(moments, key=lambda pair: pair[1], reverse=True)[:most])


def entity_totals(insights: "pd.DataFrame") -> list[tuple[str, dict[str, Figure]]]:
    """Return name and totals per entity of a frame with one row per entity and day; money in currency units.

    Sums add what is known; a ratio divides sums over the days that know both of its sides.
    """
    keys = [insights[name] for name in ("platform", "account_id", "entity_id")]
    whole = insights[[measure.name for measure in _SUMMED]].copy()
    for measure in _SUMMED:
        # Micros as integers: a sum of them is exact, in whatever order it is made.
        units = whole[measure.name] * _MICROS if measure.unit == "money" else whole[measure.name]
        whole[measure.name] = units.round().astype("Int64")
    names = insights["name"].groupby(keys).last()
    ids = insights["entity_id"].groupby(keys).last()
    columns = {measure.name: _sums(whole[[measure.name]], keys)[0] for measure in _SUMMED}
    pairs = {ratio.name: _sums(whole[[ratio.numerator, ratio.denominator]], keys) for ratio in RATIOS}
    labels = [
        str(own if isinstance(own, str) and own else entity_id) for own, entity_id in zip(names, ids, strict=True)
    ]
    return [(label, _values(columns, pairs, row)) for row, label in enumerate(labels)]


def _sums(whole: "pd.DataFrame", keys: "list[pd.Series[str]]") -> list[list[int | None]]:
    """Return each column's sum per entity over the days on which all columns are known; None without such a day."""
    known = whole.where(whole.notna().all(axis=1)).groupby(keys).sum(min_count=1)
    return [
        [int(total) if is_known else None for total, is_known in zip(known[name], known[name].notna(), strict=True)]
        for name in known
    ]


def _values(
    columns: dict[str, list[int | None]], pairs: dict[str, list[list[int | None]]], row: int
) -> dict[str, Figure]:
    values: dict[str, Figure] = {}
    for measure in _SUMMED:
        total = columns[measure.name][row]
        values[measure.name] = total / _MICROS if measure.unit == "money" and total is not None else total
    for ratio in RATIOS:
        top, bottom = (side[row] for side in pairs[ratio.name])
        values[ratio.name] = ratio_of(ratio, {ratio.numerator: top, ratio.denominator: bottom})
    return values


def _rank(value: Figure) -> tuple[bool, float]:
    return (value is not None, float(value or 0))
