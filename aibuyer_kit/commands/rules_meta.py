"""`aibuyer rules import` and `export`: Meta's own ad rules brought here, and ours as Meta has them."""

import json as json_module
from typing import Annotated

import typer

from aibuyer_kit.commands.options import NEEDS_A_LOOK, ClientOption, JsonOption, WorkspaceOption, put, say
from aibuyer_kit.core.text_table import as_json

AlikeOption = Annotated[
    bool, typer.Option("--results-alike", help="What Meta calls the result of each ad set is what the client counts.")
]
EndpointOption = Annotated[
    str, typer.Option("--endpoint", help="The https address that the app's webhooks go to, for rules that ping it.")
]


def import_command(
    results_alike: AlikeOption = False,
    endpoint: EndpointOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the ad rules that the client has at Meta as rules of this workspace, which only tell of matches.

    What cannot be carried over is told. Nothing is changed at Meta: rules that are on there go on there. Ends with 3 if
    a rule could not be brought over.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.connect import client_connectors
    from aibuyer_kit.workflows.rule_import import import_rules
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context = only_client(folder, client)
    connectors = client_connectors(context, read_settings(folder).meta)
    report = import_rules(context, connectors, results_alike=results_alike, endpoint=endpoint)
    put(as_json([each.row() for each in report.rules]) if json else report.summary())
    if any(each.path is None for each in report.rules):
        raise typer.Exit(NEEDS_A_LOOK)


def export_command(
    rules: Annotated[list[str] | None, typer.Argument(help="Ids of rules. Default: all in force.")] = None,
    account: Annotated[str, typer.Option(help="The ad account. Not needed if the client has only one.")] = "",
    results_alike: AlikeOption = False,
    endpoint: EndpointOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Print rules as Meta's `adrules_library` takes them: a JSON list, all switched off. Nothing is sent.

    What Meta cannot express is told on stderr. Ends with 3 if a rule could not be written.
    """
    from aibuyer_kit.core.errors import InputError
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.connect import client_connectors
    from aibuyer_kit.workflows.rule_files import find_rule, read_rules
    from aibuyer_kit.workflows.rule_import import export_rules
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context = only_client(folder, client)
    known = read_rules(context.rules, context.settings.metrics)
    chosen = [find_rule(known, each) for each in rules] if rules else known
    connectors = [
        each for each in client_connectors(context, read_settings(folder).meta) if account in ("", each.account_id)
    ]
    if len(connectors) != 1:
        ids = ", ".join(each.id for each in context.settings.accounts)
        raise InputError(f"Say for which account, with --account: {ids}.")
    written = export_rules(context, connectors[0], chosen, results_alike=results_alike, endpoint=endpoint)
    for rule, out in written:
        for lost in out.lost:
            say(f"{rule.id}: {lost}")
    put(json_module.dumps([out.spec for _, out in written if out.spec is not None], indent=2))
    if any(out.spec is None for _, out in written):
        raise typer.Exit(NEEDS_A_LOOK)
