"""The figures of a chosen view, read anew from the newest published data at every call."""

import os
from dataclasses import dataclass
from datetime import datetime

from aibuyer_kit.charts.compare import Figure
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.dashboards.state import ViewState
from aibuyer_kit.workflows.report import Overview
from aibuyer_kit.workflows.totals import EntityTotals, Values
from aibuyer_kit.workflows.workspaces import only_client
from aibuyer_kit.workspace import CLIENT_VARIABLE, Client, Workspace, open_or_example


@dataclass(frozen=True)
class Figures:
    """What a view shows: the overview of the period, and the entities of a level, the largest metric first."""

    overview: Overview
    entities: tuple[EntityTotals, ...]

    @property
    def rows(self) -> tuple[tuple[str, Values], ...]:
        """Each entity's name and values."""
        return tuple((each.name, each.values) for each in self.entities)


def served_workspace(workspace: str = "") -> Workspace:
    """Return the workspace to serve: the given one, AIBUYER_WORKSPACE, or the sample account. Raises NotFoundError."""
    return open_or_example(workspace)


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
    every = client.totals(state.level, since=period.since, until=period.until, as_of=overview.load_id)
    found = [each for each in every if state.search.casefold() in each.name.casefold()]
    found.sort(key=lambda each: _rank(each.values.get(state.metric)), reverse=True)
    return Figures(overview, tuple(found))


def known_moments(client: Client, most: int = 30) -> tuple[tuple[datetime, int], ...]:
    """Return the latest moments at which something was learnt, newest first, each with its last load number."""
    loads = client.loads().sort_values("load_id")
    last = dict(zip(loads["known_at_utc"], loads["load_id"], strict=True))
    moments = ((moment.to_pydatetime(), int(load_id)) for moment, load_id in last.items())
    return tuple(sorted(moments, key=lambda pair: pair[1], reverse=True)[:most])


def _rank(value: Figure) -> tuple[bool, float]:
    return (value is not None, float(value or 0))
