"""Commands that show what more or less spend brings: of a client's arms, and of channels week by week."""

from pathlib import Path
from typing import Annotated

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put


def add_to(app: typer.Typer) -> None:
    """Add the commands beside the groups."""
    app.command()(curves)
    app.command()(mix)


def curves(
    level: Annotated[
        str, typer.Option(help="budget (what has a budget of its own), campaign, adset or ad.")
    ] = "budget",
    days: Annotated[int, typer.Option(help="Full days to learn from, as far as they are held.")] = 400,
    value_of: Annotated[
        str, typer.Option("--value-of", help="gross_profit, revenue or results. Default: the first that is known.")
    ] = "",
    as_of: Annotated[
        str, typer.Option("--as-of", help="What was known then: a load number, or a moment with its zone.")
    ] = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the next unit of spend brings, arm by arm, how sure that is, and what would make it surer."""
    from aibuyer_kit.workflows.curves import client_curves, known_value
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    found = client_curves(context, level=level, days=days, value_of=known_value(value_of), as_of=as_of)
    put(found.to_json() if json else repr(found))


def mix(
    file: Annotated[Path, typer.Argument(help="A CSV file with a row a week, as Robyn, Meridian or PyMC-Marketing.")],
    outcome: Annotated[str, typer.Option(help="The column of what is brought. Default: y, revenue or sales.")] = "",
    spend: Annotated[str, typer.Option(help="The columns of spend, with commas. Default: by their names.")] = "",
    controls: Annotated[
        str | None, typer.Option(help="Other columns that move the outcome, with commas. Default: by their names.")
    ] = None,
    locale: Annotated[str, typer.Option(help="en or uk.")] = "en",
    json: JsonOption = False,
) -> None:
    """Show what each channel brought, from a weekly table: a marketing mix."""
    from aibuyer_kit.core.i18n import known_locale
    from aibuyer_kit.core.text_table import as_json
    from aibuyer_kit.workflows.mix import mix_of_file

    others = None if controls is None else _names(controls)
    found = mix_of_file(file, outcome=outcome, spend=_names(spend), controls=others, locale=known_locale(locale))
    put(as_json(found.rows()) if json else repr(found))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
