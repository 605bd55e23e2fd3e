"""The command that shows what more or less spend brings."""

from typing import Annotated

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put


def add_to(app: typer.Typer) -> None:
    """Add the command beside the groups."""
    app.command()(curves)


def curves(
    level: Annotated[
        str, typer.Option(help="budget (what has a budget of its own), campaign, adset or ad.")
    ] = "budget",
    days: Annotated[int, typer.Option(help="Full days to learn from, as far as they are held.")] = 400,
    value_of: Annotated[
        str, typer.Option("--value-of", help="gross_profit, revenue or results. Default: the first that is known.")
    ] = "",
    as_of: Annotated[
        str, typer.Option("--as-of", help="What was known then: a load number, or a moment with its zone.")
    ] = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the next unit of spend brings, arm by arm, how sure that is, and what would make it surer."""
    from aibuyer_kit.workflows.curves import client_curves, known_value
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    found = client_curves(context, level=level, days=days, value_of=known_value(value_of), as_of=as_of)
    put(found.to_json() if json else repr(found))
