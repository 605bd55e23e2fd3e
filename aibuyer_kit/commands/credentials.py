"""`aibuyer credentials`: the key, and what is kept with it. No command prints a secret or takes one as an argument."""

from typing import Annotated

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put, put_rows, say, typed_secret

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The key, and each client's encrypted secrets.")


@app.command("create-key")
def create_key(
    keyring: Annotated[bool, typer.Option("--keyring", help="Keep it in the operating system's keyring.")] = False,
) -> None:
    """Make a key and keep it in a private file of yours; older keys stay behind it."""
    from aibuyer_kit.access.keys import add_key

    keys = add_key("keyring" if keyring else "file")
    put(f"{len(keys.keys)} key(s) in {keys.place}")
    say("Keep a copy in a safe place: without it, stored credentials do not open. Then: aibuyer credentials rotate")


@app.command("rotate")
def rotate(
    new_key: Annotated[bool, typer.Option("--new-key", help="Make a new key first.")] = False,
    forget_old: Annotated[
        bool, typer.Option("--forget-old", help="Then drop the older keys; refused while another workspace needs them.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Seal every client's credentials with the newest key."""
    from aibuyer_kit.access.rotation import rotate_credentials
    from aibuyer_kit.workflows.workspaces import find_workspace

    put(rotate_credentials(find_workspace(workspace), new_key=new_key, forget_old=forget_old).summary())


@app.command("list")
def list_credentials(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List what is kept for each client, without showing it, and until when its Meta token works (days in UTC).

    A token can end, and so can its access to data, whichever comes first; connecting again renews both.
    """
    from aibuyer_kit.workflows.credentials import credential_rows
    from aibuyer_kit.workflows.workspaces import find_workspace

    put_rows(credential_rows(find_workspace(workspace)), json)


@app.command("set")
def set_credential(
    name: Annotated[str, typer.Argument(help="meta-app-secret, webhook-verify-token or meta-access-token.")],
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Keep one secret of a client; it is asked for unseen, or read from standard input."""
    from aibuyer_kit.workflows.credentials import checked_name, keep_secret
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    field = checked_name(name)
    keep_secret(context, field, typed_secret(name))
    put(f"{context.id}: {name} is kept in {context.credentials}")


@app.command("remove")
def remove_credential(
    name: Annotated[str, typer.Argument(help="The secret's name; see `aibuyer credentials list`.")],
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Forget one secret of a client."""
    from aibuyer_kit.workflows.credentials import checked_name, keep_secret
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    keep_secret(context, checked_name(name), None)
    put(f"{context.id}: {name} is no longer kept")
