"""The command that splits a total over what has a budget of its own."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aibuyer_kit.commands.options import ALL, ClientOption, JsonOption, WorkspaceOption, put, put_explained, say
from aibuyer_kit.core.errors import PlanError

if TYPE_CHECKING:
    from aibuyer_kit.planning.request import Step

_AMOUNTS = "ARM=AMOUNT, by name or id; may be given several times."


def add_to(app: typer.Typer) -> None:
    """Add the command beside the groups."""
    app.command()(plan)


def plan(
    total: Annotated[str, typer.Option(help="The money a day. Default: today's, less what limits take out.")] = "",
    at_most: Annotated[
        bool, typer.Option("--at-most", help="Spend less than the total where more would not pay.")
    ] = False,
    step: Annotated[
        str,
        typer.Option(help="The most that a budget moves: 0.2 for 20%, or `any`. Usual: 25% beyond what it has spent."),
    ] = "usual",
    least: Annotated[list[str] | None, typer.Option(help=f"At least so much: {_AMOUNTS}")] = None,
    most: Annotated[list[str] | None, typer.Option(help=f"At most so much: {_AMOUNTS}")] = None,
    campaign: Annotated[
        list[str] | None, typer.Option(help="Limits of a campaign: NAME=LEAST..MOST, either may be left out.")
    ] = None,
    hold: Annotated[list[str] | None, typer.Option(help="An arm that stays as it is.")] = None,
    may_stop: Annotated[list[str] | None, typer.Option(help="An arm that may be stopped.")] = None,
    start: Annotated[list[str] | None, typer.Option(help="An arm that is paused and may begin again.")] = None,
    move_unidentified: Annotated[
        bool,
        typer.Option(
            "--move-unidentified",
            help="Move arms whose response cannot be told as far as others; else 10% around their part of the total.",
        ),
    ] = False,
    reset_loss: Annotated[str, typer.Option(help="What it costs that an arm learns anew.")] = "",
    target_roas: Annotated[float | None, typer.Option(help="Instead of a total: revenue by spend.")] = None,
    target_cpa: Annotated[float | None, typer.Option(help="Instead of a total: spend by result.")] = None,
    days: Annotated[int, typer.Option(help="How many days the plan is for.")] = 1,
    risk: Annotated[float | None, typer.Option(help="The quantile of profit to make the most of, such as 0.2.")] = None,
    value_of: Annotated[str, typer.Option(help="gross_profit, revenue or results. Default: the first known.")] = "",
    as_of: Annotated[str, typer.Option(help="What was known then: a load number, or a moment with its zone.")] = "",
    explain: Annotated[
        str, typer.Option(help="Why it moves what it moves: an arm by id or name, or `all` for the way to the profit.")
    ] = "",
    html: Annotated[Path | None, typer.Option(help="Write the page with charts to this file, too.")] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Split a total over arms so that it brings the most, and tell which limits hold it back. Nothing is changed."""
    from aibuyer_kit.planning.request import PlanRequest
    from aibuyer_kit.workflows.curves import known_value
    from aibuyer_kit.workflows.plan import client_plan
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    asked = PlanRequest(
        total_daily_budget=total or None,
        spend_all=not at_most,
        step=_step(step),
        least=_once(least, "--least") or None,
        most=_once(most, "--most") or None,
        held=tuple(hold or ()),
        may_stop=tuple(may_stop or ()),
        start=tuple(start or ()),
        unidentified="free" if move_unidentified else "near",
        reset_loss=reset_loss or None,
        target_roas=target_roas,
        target_cpa=target_cpa,
        days=days,
        risk=risk,
    )
    limits = {name: _limits(text) for name, text in _once(campaign, "--campaign").items()}
    context = only_client(find_workspace(workspace), client)
    found = client_plan(context, asked, campaigns=limits, value_of=known_value(value_of), as_of=as_of)
    if explain:
        put_explained(found.why(None if explain == ALL else explain), json, html)
        return
    if html:
        html.write_text(found.page(), encoding="utf-8")
        say(f"wrote {html}")
    put(found.to_json() if json else found.text())


def _step(text: str) -> "Step":
    if text in ("usual", "any"):
        return "usual" if text == "usual" else None
    try:
        return float(text)
    except ValueError:
        raise PlanError(f"--step is {text!r}; it is a share such as 0.2, or `any`.") from None


def _pairs(given: Iterable[str], name: str) -> Iterable[tuple[str, str]]:
    for text in given:
        arm, equals, amount = text.rpartition("=")
        if not equals or not arm:
            raise PlanError(f"{name} is {text!r}; it looks like 'Prospecting=120'.")
        yield arm, amount


def _once(given: Iterable[str] | None, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for of, amount in _pairs(given or (), name):
        if of in found:
            raise PlanError(f"{name} is given twice for {of!r}: {found[of]} and {amount}.")
        found[of] = amount
    return found


def _limits(text: str) -> tuple[str | None, str | None]:
    least, dots, most = text.partition("..")
    if not dots:
        raise PlanError(f"--campaign has the limits {text!r}; they look like 100..400, 100.. or ..400.")
    return least or None, most or None
