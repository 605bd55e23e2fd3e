"""Commands about what models look at, and which creatives and audiences work."""

from typing import TYPE_CHECKING, Annotated

import typer

from aibuyer_kit.commands.data import AsOfOption, DaysOption, SinceOption, UntilOption
from aibuyer_kit.commands.options import (
    ALL,
    ClientOption,
    ExplanationPageOption,
    JsonOption,
    WorkspaceOption,
    check_page,
    put,
    put_explained,
)
from aibuyer_kit.core.text_table import as_json, as_table, headed

if TYPE_CHECKING:
    from aibuyer_kit.creatives.told import RankingTold

MetricOption = Annotated[
    str, typer.Option(help="roas, cpa, cvr or ctr. Default: roas where values are reported, else cpa.")
]
WithinOption = Annotated[
    bool, typer.Option("--within-groups", help="Compare only within each ad set (audiences: within each campaign).")
]

EveryOption = Annotated[bool, typer.Option("--all", help="Show every one of them, not only the first.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands; they stand at the top, beside the groups."""
    app.command()(features)
    app.command()(creatives)
    app.command()(audiences)


def features(
    locale: str = typer.Option("en", help="en or uk."),
    family: str = typer.Option("", help="Only of one family, such as calendar, past or creative."),
    json: JsonOption = False,
) -> None:
    """List every feature that models may use: its unit, what it may look at, and what it tells."""
    from aibuyer_kit.core.errors import InputError
    from aibuyer_kit.core.i18n import known_locale, t
    from aibuyer_kit.features.catalogue import FAMILIES, feature_rows

    if family and family not in FAMILIES:
        raise InputError(f"There is no family {family!r} of features. Known: {', '.join(FAMILIES)}.")
    rows = [row for row in feature_rows(known_locale(locale)) if not family or row["family"] == family]
    if json:
        put(as_json(rows))
    else:
        told = [
            {
                "name": row["name"],
                "unit": t(locale, f"unit.{row['unit']}"),
                "leakage": t(locale, f"leakage_short.{row['leakage']}"),
                "meaning": row["meaning"],
            }
            for row in rows
        ]
        put(as_table(headed(told, locale)))


def creatives(
    metric: MetricOption = "",
    within_groups: WithinOption = False,
    explain: Annotated[
        str, typer.Option(help="What makes it so: a creative by id or name, or `all` for what raises and lowers them.")
    ] = "",
    html: ExplanationPageOption = None,
    days: DaysOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    every: EveryOption = False,
    json: JsonOption = False,
) -> None:
    """Rank creatives: how probable it is that each is the best, which share to give it, or that it cannot be told."""
    from aibuyer_kit.workflows.ranking import rank_creatives
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    check_page(html, explain)
    told = rank_creatives(
        only_client(find_workspace(workspace), client),
        metric,
        within="group" if within_groups else "all",
        days=days,
        since=since,
        until=until,
        as_of=as_of,
    )
    if explain:
        put_explained(told.why(None if explain == ALL else explain), json, html)
        return
    _put(told, json, every)


def audiences(
    by: Annotated[str, typer.Option(help="adset, age_gender, country or placement.")] = "adset",
    metric: MetricOption = "",
    within_groups: WithinOption = False,
    days: DaysOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    every: EveryOption = False,
    json: JsonOption = False,
) -> None:
    """Rank audiences in the same way, and tell which of them reach the same people."""
    from aibuyer_kit.workflows.ranking import rank_audiences
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    told = rank_audiences(
        only_client(find_workspace(workspace), client),
        by,
        metric,
        within="group" if within_groups else "all",
        days=days,
        since=since,
        until=until,
        as_of=as_of,
    )
    _put(told, json, every)


def _put(told: "RankingTold", as_json_text: bool, every: bool) -> None:
    put(as_json(told.rows()) if as_json_text else told.text(None) if every else told.text())
