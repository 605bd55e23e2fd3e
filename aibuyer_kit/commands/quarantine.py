"""`aibuyer quarantine`: rows that could not be read, and why."""

from typing import Annotated

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put
from aibuyer_kit.core.text_table import as_json, as_table

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Rows that could not be read, and why.")


@app.command("list")
def list_rows(
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those that have been read since.")] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the rows that were set aside and are still open; `next_try` says what reads each of them again."""
    from aibuyer_kit.workflows.quarantine import quarantine_list
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    rows = quarantine_list(only_client(find_workspace(workspace), client), resolved=resolved)
    put(as_json(rows) if json else as_table(rows, empty="Every row could be read."))


@app.command("show")
def show(
    quarantine_id: Annotated[int, typer.Argument(help="The number that the list shows.")],
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show all that is known of one row, with the row as it came."""
    from aibuyer_kit.workflows.quarantine import quarantine_row
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    row = quarantine_row(only_client(find_workspace(workspace), client), quarantine_id)
    if json:
        put(as_json([row]))
    else:
        put(as_table([{"column": name, "value": str(value)} for name, value in row.items() if value is not None]))
