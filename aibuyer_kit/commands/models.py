"""`aibuyer learn` and `aibuyer models`: train what is due; list, compare and put in force what was trained."""

import getpass
import sys
from typing import Annotated

import typer

from aibuyer_kit.commands.options import NEEDS_A_LOOK, ClientOption, JsonOption, WorkspaceOption, put, say, told_to_end
from aibuyer_kit.core.text_table import as_json, as_json_object, as_table, headed

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The models of a client, and which is in force.")
NameArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Its name, as `aibuyer models list` shows it.")]


def add_to(root: typer.Typer) -> None:
    """Add the commands that stand for themselves."""
    root.command()(learn)


def learn(
    names: Annotated[list[str] | None, typer.Argument(metavar="[MODEL]...", help="Only these. Default: all.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Train also what is not due.")] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Train the models that are due, by schedule or because figures have drifted; meant to be run once a day.

    A new model replaces the one in force only if it wins a paired backtest. Ends with 3 if one could not be
    learnt, or if figures have come to mean something else (DRIFT).
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.learn import learn as learn_models
    from aibuyer_kit.workflows.progress import tqdm_progress
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context = only_client(folder, client)
    with told_to_end(), tqdm_progress(f"Learning {context.id}", shown=sys.stderr.isatty()) as progress:
        learnt = learn_models(context, read_settings(folder), names or (), force=force, progress=progress)
    put(as_json(learnt.rows()) if json else as_table(headed(learnt.rows(), context.settings.locale)))
    for each in learnt.drift:
        say(f"DRIFT {each}")
    if learnt.needs_a_look:
        raise typer.Exit(NEEDS_A_LOOK)


@app.command("list")
def list_models(
    name: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Only this one. Default: all.")] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the versions of models that are kept, the newest first, with what they were learnt from and how they did."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.champions import open_registry
    from aibuyer_kit.workflows.model_book import listed
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context = only_client(folder, client)
    found = open_registry(context, read_settings(folder)).versions(name)
    put(as_json([each.row() for each in found]) if json else listed(context, found))


@app.command("show")
def show(
    name: NameArgument,
    which: Annotated[str, typer.Argument(metavar="[VERSION]", help="A number, champion or challenger.")] = "champion",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show all that is kept of one version: parameters, data, seed, software, metrics, and its files' digests."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.champions import open_registry
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    found = open_registry(only_client(folder, client), read_settings(folder)).find(name, which)
    put(as_json(found.lines()) if json else repr(found))


@app.command("compare")
def compare(
    name: NameArgument,
    left: Annotated[str, typer.Argument(help="The one in force: a number, champion or challenger.")] = "champion",
    right: Annotated[str, typer.Argument(help="The one that would replace it.")] = "challenger",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Hold one version against another in a paired backtest on the newest weeks."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.learn import compare as compare_models
    from aibuyer_kit.workflows.learn import contest_text
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context = only_client(folder, client)
    found = compare_models(context, read_settings(folder), name, left, right)
    row = {key: value if value == value else None for key, value in vars(found).items()}
    put(as_json([row]) if json else contest_text(found, context.settings.locale))


@app.command("promote")
def promote(
    name: NameArgument,
    version: Annotated[str, typer.Argument(help="The number of a version, or challenger.")],
    by: Annotated[str | None, typer.Option(help="Who says so. Default: the user's name.")] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Put a version in force without a contest; who did is kept. An older version is put back in the same way."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.learn import promote as promote_model
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder, name_of_person = find_workspace(workspace), (by or getpass.getuser()).strip()
    record = promote_model(only_client(folder, client), read_settings(folder), name, version, by=name_of_person)
    put(f"{record.name} {record.version} is in force, {record.reason}")


@app.command("explain")
def explain(
    name: NameArgument,
    object_id: Annotated[str | None, typer.Argument(metavar="[OBJECT]", help="Of one object. Default: of all.")] = None,
    version: Annotated[str, typer.Option(help="A number, champion or challenger.")] = "champion",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what moves a model's estimates, of all objects or of one: factors whose product is the estimate."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.explain_model import explain_model
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    found = explain_model(only_client(folder, client), read_settings(folder), name, version, object_id)
    put(as_json_object(found.to_dict()) if json else repr(found))
