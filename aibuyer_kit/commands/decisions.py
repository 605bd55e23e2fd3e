"""Commands of the money path: decide, look, approve, apply, take back, and stop."""

import getpass
from typing import Annotated

import typer

from aibuyer_kit.commands.options import (
    NEEDS_A_LOOK,
    ClientOption,
    JsonOption,
    WorkspaceOption,
    put,
    say_next,
    say_wait,
    told_to_end,
)
from aibuyer_kit.core.clock import AnnouncedClock, SystemClock
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.text_table import as_json, as_table

proposals_app = typer.Typer(
    rich_markup_mode=None, no_args_is_help=True, help="What was proposed, approved and done, and why."
)
ProposalArgument = Annotated[int, typer.Argument(help="The proposal's number.")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who does this. Default: the name of this machine's user.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands that stand at the top, beside the groups."""
    app.command()(decide)
    app.command()(approve)
    app.command()(reject)
    app.command()(apply)
    app.command()(undo)
    app.command()(stop)
    app.command()(resume)


def decide(
    scheduled: Annotated[
        bool, typer.Option("--scheduled", help="Only rules that are due by their schedule; for a timer.")
    ] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Evaluate the rules of the workspace over the newest figures, and propose what they would change.

    Nothing is sent to a platform. What a guardrail or another rule holds back is told with its reason. Endpoints that
    rules call are called after all is written down, if the settings allow their hosts.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.calls import make_calls
    from aibuyer_kit.workflows.decide import decide as decide_client
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context, settings = only_client(folder, client), read_settings(folder)
    decision = decide_client(context, settings, scheduled=scheduled)
    put(decision.summary())
    if decision.calls and decision.evaluation_id:
        for made in make_calls(context, settings, decision.evaluation_id):
            put(made.line())
    if decision.proposal:
        number, whose = str(decision.proposal.proposal_id), _whose(client)
        say_next(
            ("proposals", "show", number, *whose),
            ("approve", number, *whose),
            ("apply", *whose),
            workspace=workspace,
        )


@proposals_app.command("list")
def list_proposals(
    only_open: Annotated[bool, typer.Option("--open", help="Only those of which something may still come.")] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the proposals, the newest first; with --json one row per change, budgets in micros."""
    from aibuyer_kit.workflows.proposals import change_rows, proposal_rows
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    if json:
        put(as_json(change_rows(context, only_open=only_open)))
        return
    put(as_table(proposal_rows(context, only_open=only_open), empty="No proposals. Make one: aibuyer decide"))


@proposals_app.command("show")
def show(
    proposal: ProposalArgument,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show one proposal: each change with its rule, its trace, and what became of it."""
    from aibuyer_kit.workflows.proposals import change_rows, proposal_text
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    text = proposal_text(context, proposal)
    put(as_json([row for row in change_rows(context) if row["proposal"] == proposal]) if json else text)


def approve(
    proposal: ProposalArgument,
    by: ByOption = None,
    plan: Annotated[
        str, typer.Option(help="The plan that you have seen, as `show` tells it; another one is not approved.")
    ] = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Approve a proposal as it stands. Who proposed it may not approve it; what has expired or was edited neither."""
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.proposals import approve as approve_proposal
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context, name = only_client(folder, client), _person(by)
    done = approve_proposal(context, read_settings(folder), proposal, approved_by=name, seen_hash=plan)
    put(f"proposal {proposal} approved by {name}: {len(done.changes)} changes, plan {done.plan_hash[:12]}")
    say_next(("apply", *_whose(client)), workspace=workspace)


def reject(
    proposal: ProposalArgument,
    reason: Annotated[str, typer.Option(help="Why, for those who look at it later.")] = "",
    by: ByOption = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Turn a proposal down, approved or not, as long as nothing of it was begun; rules may then ask for it anew."""
    from aibuyer_kit.workflows.proposals import reject as reject_proposal
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    name = _person(by)
    reject_proposal(only_client(find_workspace(workspace), client), proposal, rejected_by=name, reason=reason)
    put(f"proposal {proposal} rejected by {name}")


def apply(
    proposal: Annotated[int | None, typer.Argument(help="Only this proposal. Default: every approved one.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every approved proposal, the oldest first (default).")] = False,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Bring the approved changes to the platform, each with exactly one effect, and read each of them back.

    It may be ended at any moment and run again. Ends with 0 if every approved change was made, or waits for a limit;
    with 3 if one was not, or if it is not known; else with the code of the platform's error.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.apply import apply_approved
    from aibuyer_kit.workflows.connect import client_connectors
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    if every and proposal is not None:
        raise InputError("Give either the number of a proposal or --all.")
    folder = find_workspace(workspace)
    context, settings = only_client(folder, client), read_settings(folder)
    with told_to_end():
        clock = AnnouncedClock(SystemClock(), say_wait)
        connectors = client_connectors(context, settings.meta, clock=clock)
        report = apply_approved(context, connectors, settings, only=proposal)
    put(report.summary())
    if report.errors:
        raise report.errors[0]
    if report.needs_a_look:
        raise typer.Exit(NEEDS_A_LOOK)


def undo(
    proposal: ProposalArgument,
    change: Annotated[
        list[int] | None, typer.Option("--change", help="Only this change of it; may be repeated.")
    ] = None,
    by: ByOption = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Propose to restore the values from before a proposal; it is approved and applied like any other.

    What somebody else has changed since is left alone.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.undo import undo as undo_proposal
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    context, settings = only_client(folder, client), read_settings(folder)
    made = undo_proposal(context, settings, proposal, asked_by=_person(by), numbers=change or ())
    lines = [f"  {each.number}. {each.draft.sentence()}" for each in made.changes]
    put("\n".join([f"proposal {made.proposal_id} takes back proposal {proposal}:", *lines]))
    other, whose = () if settings.apply.own_approvals else ("--by", "SOMEBODY-ELSE"), _whose(client)
    say_next(("approve", str(made.proposal_id), *other, *whose), ("apply", *whose), workspace=workspace)


def stop(
    reason: Annotated[str, typer.Argument(help="Why, for those who find it.")] = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Stop all changes of this workspace's clients, but pauses, until `aibuyer resume`."""
    from aibuyer_kit.workflows.stop import stop as put_stop
    from aibuyer_kit.workflows.workspaces import find_workspace

    path = put_stop(find_workspace(workspace), reason or f"by {_person(None)}")
    put(f"stopped: {path} is there. Only pausing goes through. Go on: aibuyer resume")


def resume(workspace: WorkspaceOption = None) -> None:
    """Let changes go through again after `aibuyer stop`."""
    from aibuyer_kit.workflows.stop import resume as take_away
    from aibuyer_kit.workflows.workspaces import find_workspace

    take_away(find_workspace(workspace))
    put("changes go through again")


def _person(by: str | None) -> str:
    return (by or getpass.getuser()).strip()


def _whose(client: str | None) -> tuple[str, ...]:
    return ("--client", client) if client else ()
