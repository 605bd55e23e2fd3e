"""The sections of the account overview, as its notebook calls them; each is a piece that shows itself."""

from typing import Any

from aibuyer_kit.charts.overview import (
    campaign_charts,
    campaigns,
    definitions,
    headline,
    masthead,
    targets,
    trends,
)
from aibuyer_kit.core.errors import ParameterError, PeriodError
from aibuyer_kit.reports.parameters import check_parameters
from aibuyer_kit.workflows.report import Overview
from aibuyer_kit.workflows.workspaces import only_client
from aibuyer_kit.workspace import Client, load_example, open_workspace

__all__ = [
    "campaign_charts",
    "campaigns",
    "check_parameters",
    "client_overview",
    "definitions",
    "headline",
    "masthead",
    "open_client",
    "targets",
    "trends",
]


def open_client(workspace: str = "", client: str = "") -> Client:
    """Return a client of a workspace; the sample client, offline, where both are empty.

    Raises NotFoundError, InputError if the workspace has several clients and none is named.
    """
    if not workspace and not client:
        example = load_example()
        return example.client(example.clients[0])
    opened = open_workspace(workspace or None)
    return opened.client(only_client(opened.folder, client or None).id)


def client_overview(client: Client, *, days: int = 28, since: str = "", until: str = "", as_of: str = "") -> Overview:
    """Return the overview of a report's period: `since` and `until` where they are given, else the last `days`.

    Raises ParameterError if only one end of the period is given.
    """
    if bool(since) != bool(until):
        raise ParameterError("Give both since and until, or neither.")
    period: dict[str, Any] = {"since": since, "until": until} if since else {"days": days}
    try:
        return client.overview(**period, as_of=as_of or None)
    except PeriodError as error:
        raise ParameterError(str(error)) from error
