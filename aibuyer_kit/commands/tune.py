"""`aibuyer tune`: better thresholds of a rule, or parameters of a model, by what was later known."""

import sys
from typing import Annotated

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put, say, told_to_end
from aibuyer_kit.core.text_table import as_json


def add_to(root: typer.Typer) -> None:
    """Add the command, which stands for itself."""
    root.command()(tune)


def tune(
    what: Annotated[str, typer.Argument(metavar="RULE|MODEL", help="A rule's id or file, or with --model a model's.")],
    model: Annotated[bool, typer.Option("--model", help="Parameters of a model, not a rule's thresholds.")] = False,
    days: Annotated[int, typer.Option(min=14, max=365, help="So many mornings of the past are looked at.")] = 90,
    trials: Annotated[int, typer.Option(min=1, max=2000, help="So many more are tried; run again to go on.")] = 60,
    wrong: Annotated[float, typer.Option(help="What money lost by a wrong match weighs, such as a false pause.")] = 1.0,
    missed: Annotated[float, typer.Option(help="What money wasted by a missed object weighs.")] = 1.0,
    most_share: Annotated[float | None, typer.Option(help="At most this share of objects may match.")] = None,
    least_right: Annotated[
        float | None, typer.Option(help="At least this share of matches is right, by money.")
    ] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Look for better thresholds of a rule on older days, and report what they would have cost on newer ones.

    Objects are judged by their next seven days against the client's targets. The rule's file is not changed; run it
    again, and the trials go on where they ended.
    """
    from aibuyer_kit.measurement.tuning import Costs
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.learn import tune_parameters
    from aibuyer_kit.workflows.progress import tqdm_progress
    from aibuyer_kit.workflows.rule_files import named_rule
    from aibuyer_kit.workflows.tune import tune_rule
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context, seed = only_client(folder, client), read_settings(folder).models.seed
    if model:
        with told_to_end():
            tuned = tune_parameters(context, what, trials=trials, seed=seed)
        put(as_json(tuned.rows()) if json else repr(tuned))
        return
    rule = named_rule(context.rules, what, context.settings.metrics)
    costs = Costs(wrong, missed, most_share, least_right)
    with told_to_end(), tqdm_progress(f"Reading {days} mornings", shown=sys.stderr.isatty()) as progress:
        found = tune_rule(context, rule, costs, days=days, trials=trials, seed=seed, progress=progress)
    put(as_json(found.rows()) if json else repr(found))
    if command := found.command():
        say(f"Next: {command}")
