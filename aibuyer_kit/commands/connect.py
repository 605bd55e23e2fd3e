"""`aibuyer connect`: a guided way from a token to accounts that can be synced. A token is never an argument."""

from typing import TYPE_CHECKING, Annotated

import typer

from aibuyer_kit.commands.options import (
    ClientOption,
    JsonOption,
    WorkspaceOption,
    is_interactive,
    put,
    say,
    say_next,
    typed_secret,
)
from aibuyer_kit.core.errors import AibuyerError, InputError
from aibuyer_kit.core.text_table import as_json, as_table

if TYPE_CHECKING:
    from aibuyer_kit.settings.workspace_settings import MetaSection
    from aibuyer_kit.workflows.connection import Connection, MetaAccess

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Connect a client to an ad platform.")

_STEPS = """\
What is needed, in the business settings (https://business.facebook.com/settings):
  1. a business portfolio (Business Manager) that owns the ad accounts, or that they are shared with
  2. an app of type Business with the product Marketing API: https://developers.facebook.com/apps
  3. a system user (Users > System users > Add) with the app and the ad accounts among its assets
  4. its token: Generate token, your app, ads_read, ads_management and business_management ticked
Step by step, with what to do when something is missing: docs/connect-meta.en.md, docs/connect-meta.uk.md
"""


@app.command("meta")
def connect_meta(
    app_id: Annotated[str | None, typer.Option(help="The app's id. Default: the setting meta.app_id.")] = None,
    account: Annotated[list[str] | None, typer.Option(help="An ad account to take, act_…; may be repeated.")] = None,
    all_accounts: Annotated[bool, typer.Option("--all-accounts", help="Take every account that is found.")] = False,
    graph_url: Annotated[
        str | None, typer.Option(help="Another address of the Graph API (practice platform). Default: client.toml's.")
    ] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Connect a client's Meta ad accounts.

    Asks for the token unseen; in a script it is the first line of standard input, and the app's secret the second
    (or AIBUYER_META__APP_SECRET, or the one that is kept for the same app). The token is checked, made long-lived if it
    expires, and kept encrypted.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.connection import chosen_accounts, look_again, save_connection
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context, settings = only_client(folder, client), read_settings(folder).meta
    if is_interactive():
        say(_STEPS)
    graph_url = graph_url or context.graph_url
    connection = look_again(context, _given(app_id, settings), settings, graph_url=graph_url)
    put(connection.summary())
    wanted = account or ([each.id for each in connection.accounts] if all_accounts else _asked_for(connection))
    changed = save_connection(context, connection, chosen_accounts(connection, wanted), graph_url=graph_url)
    put(f"kept: the token in {context.credentials}")
    put(f"accounts new or changed in client.toml: {', '.join(changed) or 'none'}")
    say_next(("sync", "--client", context.id), workspace=workspace)


@app.command("check")
def check(client: ClientOption = None, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Ask the platform about each client's token anew: is it valid, what may it do, when does it end?"""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.connection import check_connection
    from aibuyer_kit.workflows.workspaces import find_workspace, some_clients

    folder = find_workspace(workspace)
    settings = read_settings(folder).meta
    rows, errors = [], []
    for context in some_clients(folder, client):
        if not context.settings.accounts:
            continue
        try:
            health = check_connection(context, settings)
            rows.append({"client": context.id, "state": health.state, "detail": health.text})
        except AibuyerError as error:
            errors.append(error)
            rows.append({"client": context.id, "state": "failed", "detail": str(error)})
    put(as_json(rows) if json else as_table(rows, empty="No client has an ad account yet."))
    if errors:
        raise errors[0]
    if any(row["state"] == "failed" for row in rows):
        raise typer.Exit(5)


def _given(app_id: str | None, settings: "MetaSection") -> "MetaAccess":
    """Return the token and the app, typed unseen or read from standard input."""
    from pydantic import SecretStr

    from aibuyer_kit.workflows.connection import MetaAccess

    app_id = app_id or settings.app_id
    if is_interactive() and not app_id:
        app_id = typer.prompt("App id (empty: none)", default="", show_default=False, err=True).strip() or None
    token = SecretStr(typed_secret("access token"))
    secret = settings.app_secret
    if app_id and secret is None:
        typed = typed_secret("app secret (empty: none)", optional=True)
        secret = SecretStr(typed) if typed else None
    return MetaAccess(token, app_id, secret)


def _asked_for(connection: "Connection") -> list[str]:
    """Return the accounts that a person chooses. Raises InputError in a script, which has to say."""
    if not connection.accounts:
        return []
    if not is_interactive():
        raise InputError("Say which accounts to take: --account act_… (may be repeated) or --all-accounts.")
    answer = typer.prompt("Which accounts? Their ids with commas, or all", default="all", err=True)
    return [each.id for each in connection.accounts] if answer.strip() == "all" else answer.split(",")
