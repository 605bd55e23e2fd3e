"""`aibuyer webhooks`: receive what the platform tells, and read again what it hints at."""

from typing import Annotated

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put
from aibuyer_kit.core.errors import PlatformError
from aibuyer_kit.core.text_table import as_json, as_table

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Receive webhooks of Meta ad accounts.")


@app.command("serve")
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on. TLS is the work of a proxy before it.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8790,
    drain: Annotated[bool, typer.Option(help="Also read again what is hinted at.")] = True,
    workspace: WorkspaceOption = None,
) -> None:
    """Receive deliveries at /meta until interrupted; prints one JSON line when ready."""
    from aibuyer_kit.workflows.webhook_service import serve_webhooks
    from aibuyer_kit.workflows.workspaces import find_workspace

    serve_webhooks(find_workspace(workspace), host=host, port=port, drain=drain)


@app.command("subscribe")
def subscribe(
    callback_url: Annotated[str, typer.Argument(help="Where the proxy takes deliveries: https://…/meta")],
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Ask Meta to send deliveries about a client's accounts; `aibuyer webhooks serve` must be running behind it."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.webhooks import subscribe_client
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    accounts = subscribe_client(only_client(folder, client), read_settings(folder).meta, callback_url)
    put(f"subscribed: {', '.join(accounts)}")


@app.command("drain")
def drain(client: ClientOption = None, workspace: WorkspaceOption = None) -> None:
    """Read again what waiting deliveries hint at, once."""
    from aibuyer_kit.workflows.webhooks import drain_workspace
    from aibuyer_kit.workflows.workspaces import find_workspace

    failures: list[PlatformError] = []
    drained = tuple(drain_workspace(find_workspace(workspace), client))
    for each in drained:
        put(each.summary())
        failures.extend(each.failures)
    if not drained:
        put("Nothing waits.")
    if failures:
        raise failures[0]


@app.command("status")
def status(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show how many deliveries came, were repeated, wait, and were refused for which reason."""
    from aibuyer_kit.workflows.webhooks import webhook_rows
    from aibuyer_kit.workflows.workspaces import find_workspace

    rows = webhook_rows(find_workspace(workspace))
    put(as_json(rows) if json else as_table(rows))
