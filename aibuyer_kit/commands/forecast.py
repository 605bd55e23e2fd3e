"""Commands that tell what will happen, and what is still to arrive."""

from pathlib import Path
from typing import Annotated, Any

import typer

from aibuyer_kit.commands.data import AsOfOption
from aibuyer_kit.commands.options import (
    ALL,
    ClientOption,
    JsonOption,
    WorkspaceOption,
    put,
    put_explained,
    say,
)
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.core.text_table import as_json


def add_to(app: typer.Typer) -> None:
    """Add these commands; they stand at the top, beside the groups."""
    app.command()(forecast)
    app.command()(nowcast)
    app.command()(seasonal)


def forecast(
    metric: Annotated[
        str, typer.Argument(help="What to forecast, such as results, revenue, spend, cpa or roas.")
    ] = "results",
    horizon_days: Annotated[int, typer.Option("--horizon-days", help="How many days, from today on.")] = 28,
    level: Annotated[str, typer.Option(help="account, campaign, adset or ad.")] = "campaign",
    budget: Annotated[
        list[str] | None, typer.Option(help="ID=DAILY_BUDGET in currency units, 0 for a pause; may be repeated.")
    ] = None,
    promotion: Annotated[
        list[str] | None, typer.Option(help="A day or FROM..TO of a promotion, past or to come; may be repeated.")
    ] = None,
    explain: Annotated[
        str, typer.Option(help="Why it is forecast so: an object by id or name, or `all` for the total.")
    ] = "",
    by: Annotated[
        str, typer.Option(help="With --explain: drivers (the default), or prophet for the components of Prophet.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the page with charts, or what --explain tells, to this file.")
    ] = None,
    daily: Annotated[bool, typer.Option("--daily", help="Print one row per object and day.")] = False,
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print what is expected of a metric, with the interval that holds 80%, and how far off models were before."""
    from aibuyer_kit.core.text_table import as_table
    from aibuyer_kit.forecasting.result import TOTAL, check_way
    from aibuyer_kit.warehouse.read import Reader
    from aibuyer_kit.workflows.forecast import client_forecast, parsed_plan, parsed_promotions
    from aibuyer_kit.workflows.period import parse_as_of
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    if by and not explain:
        raise InputError("--by says how --explain explains: say what to explain, or `all`.")
    if by:
        check_way(by)
    context = only_client(find_workspace(workspace), client)
    found = client_forecast(
        context, Reader(context.warehouse), metric, horizon_days=horizon_days, level=level,
        plan=parsed_plan(budget or ()), promotions=parsed_promotions(promotion or ()), as_of=parse_as_of(as_of),
        explained=TOTAL if explain in ("", ALL) else explain,
    )  # fmt: skip
    if explain:
        put_explained(found.why(TOTAL if explain == ALL else explain, by=by or "drivers"), json, html)
        return
    if html:
        html.write_text(found.page(), encoding="utf-8")
        say(f"wrote {html}")
    rows: list[dict[str, Any]] = found.daily_rows() if daily else found.rows()
    if not json and not daily:
        put(str(found))
        return
    put(as_json(rows) if json else as_table(rows))
    for note in found.notes:
        say(note)


def nowcast(
    metric: Annotated[str, typer.Argument(help="results, revenue, cpa, cvr or roas.")] = "results",
    days: Annotated[int, typer.Option(help="How many full days, besides today.")] = 7,
    level: Annotated[str, typer.Option(help="account; or also each campaign, adset or ad.")] = "account",
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print today and the last days as they will be once all conversions have arrived, with the interval of 80%."""
    from aibuyer_kit.warehouse.read import Reader
    from aibuyer_kit.workflows.nowcast import client_nowcast
    from aibuyer_kit.workflows.period import parse_as_of
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    reader = Reader(context.warehouse)
    found = client_nowcast(context, reader, metric, days=days, level=level, as_of=parse_as_of(as_of))
    put(as_json(found.rows()) if json else str(found))


def seasonal(
    metric: Annotated[str, typer.Argument(help="Any metric that can be forecast, such as revenue or cpa.")] = "results",
    level: Annotated[str, typer.Option(help="account, campaign, adset or ad; --json has each.")] = "account",
    promotion: Annotated[
        list[str] | None, typer.Option(help="A day or FROM..TO of a promotion; may be repeated.")
    ] = None,
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print a metric without weekdays, the time of the year, holidays and promotions, and what weekdays bring."""
    from aibuyer_kit.warehouse.read import Reader
    from aibuyer_kit.workflows.forecast import parsed_promotions
    from aibuyer_kit.workflows.period import parse_as_of
    from aibuyer_kit.workflows.seasonal import client_seasonal
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    found = client_seasonal(
        context, Reader(context.warehouse), metric, level=level, promotions=parsed_promotions(promotion or ()),
        as_of=parse_as_of(as_of),
    )  # fmt: skip
    put(as_json(found.rows()) if json else str(found))
