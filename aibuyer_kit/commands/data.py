"""Commands that bring figures in from files and show those that the warehouse holds."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from aibuyer_kit.commands.options import ClientOption, JsonOption, WorkspaceOption, put, say
from aibuyer_kit.core.text_table import as_json, as_json_object, as_table

DaysOption = Annotated[int | None, typer.Option(help="Full days that end yesterday. Default: 28.")]
SinceOption = Annotated[str | None, typer.Option(help="First day, YYYY-MM-DD.")]
UntilOption = Annotated[
    str | None, typer.Option(help="Last day, YYYY-MM-DD. Default: yesterday, or the last day known.")
]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="What was known then: a load number, or a moment with its zone.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands; they stand at the top, beside the groups."""
    app.command("import")(import_file)
    app.command("import-undo")(import_undo)
    app.command()(insights)
    app.command()(actions)
    app.command()(why)


def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV or XLSX file.")],
    mapping: Annotated[Path | None, typer.Option(help="The mapping file (TOML) that says what each column is.")] = None,
    replace_days: Annotated[
        bool,
        typer.Option("--replace-days", help="The file is all there is for its days: what it does not hold is gone."),
    ] = False,
    quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Rows that cannot be used are no error: see `aibuyer quarantine list`.")
    ] = False,
    beside_synced: Annotated[
        bool, typer.Option("--beside-synced", help="Let an account that is synced have days that no sync has read.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how each column is understood; load nothing.")
    ] = False,
    date_format: Annotated[str | None, typer.Option(help="How days are written, such as %d/%m/%Y.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal mark: . or ,")] = None,
    thousands: Annotated[str | None, typer.Option(help="The mark between thousands: , . ' or a space.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The sheet of a workbook that has several.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates the columns of a CSV file.")] = None,
    account: Annotated[
        str | None, typer.Option(help="Whose an Ads Manager export is that has no column 'Account ID'.")
    ] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Load an exported CSV or XLSX file; an Ads Manager export needs no mapping."""
    from aibuyer_kit.connectors.csv_export import Choices
    from aibuyer_kit.workflows.imports import import_export, preview_text, read_file
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    stated = Choices(date_format, decimal, thousands, sheet, delimiter, account)
    if dry_run:
        put(preview_text(read_file(file, mapping, stated)))
        return
    context = only_client(find_workspace(workspace), client)
    done = import_export(
        context,
        file,
        mapping,
        replace_days=replace_days,
        quarantine=quarantine,
        beside_synced=beside_synced,
        stated=stated,
    )
    put(done.summary())
    if not done.report.is_complete and not quarantine:
        say("Rows were rejected (see above) and are in the quarantine; the others are loaded.")
        raise typer.Exit(1)


def import_undo(
    load: Annotated[int, typer.Argument(help="The load that `aibuyer import` named.")],
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Take an imported file back: what it brought is gone, what it replaced holds again, and history stays."""
    from aibuyer_kit.workflows.import_undo import undo_import
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    put(undo_import(only_client(find_workspace(workspace), client), load).summary())


def insights(
    level: Annotated[str, typer.Option(help="account, campaign, adset or ad.")] = "campaign",
    days: DaysOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = "",
    metrics: Annotated[
        str, typer.Option(help="Metrics to show, with commas; reach and frequency of a window of 1, 7 or 28 days.")
    ] = "spend,results,revenue,cpa,roas",
    by: Annotated[
        str, typer.Option(help="Group by dimensions, with commas: those of [naming] in client.toml, or objective.")
    ] = "",
    breakdown: Annotated[
        str, typer.Option(help='Split by what was loaded: "age,gender", country, placement or hour.')
    ] = "",
    total: Annotated[
        bool, typer.Option("--total", help="One row over the whole period instead of one per day.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the rows to this CSV file instead.")] = None,
    xlsx: Annotated[Path | None, typer.Option(help="Write the rows to this workbook instead.")] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Print one row per entity and day from the warehouse; money in units of the client's currency.

    What a reader must know of the figures (results still arriving, days in doubt) goes to stderr.
    """
    from aibuyer_kit.workflows.insights import read_insights, warn_of_insights
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    dimensions = [name.strip() for name in by.split(",") if name.strip()]
    names = metrics.split(",")
    rows = read_insights(
        context,
        level,
        names,
        days=days,
        since=since,
        until=until,
        as_of=as_of,
        by=dimensions,
        breakdown=breakdown,
        total=total,
    )
    if csv or xlsx:
        _write_files(rows, csv, xlsx)
    elif json:
        put(as_json(rows))
    else:
        from aibuyer_kit.core.i18n import shown_decimals

        put(as_table(rows, empty="No facts in this period.", decimals=shown_decimals))
    if rows:
        # The figures are there to be read while what is known of them is looked up.
        sys.stdout.flush()
        warn_of_insights(context, names, days=days, since=since, until=until, as_of=as_of, breakdown=breakdown)


def actions(
    days: DaysOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """List the action types that the accounts report, by objective and attribution window, and which of them counts.

    Types of one event count it several times, so they are never added up; choose one in client.toml.
    """
    from aibuyer_kit.workflows.actions import client_actions
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    rows = client_actions(context, days=days, since=since, until=until, as_of=as_of)
    put(as_json(rows) if json else as_table(rows, empty="No actions are reported in this period."))


def why(
    metric: Annotated[str, typer.Argument(help="Any metric but reach, such as cpa, roas, profit or spend.")],
    period: Annotated[
        str,
        typer.Option(help='"last week", "last 7 days", yesterday, "last month", 2026-05, 2026-05-01..2026-05-07 …'),
    ] = "last week",
    against: Annotated[
        str, typer.Option(help='The same, or relative to it: "the week before", "the year before" …')
    ] = "the period before",
    level: Annotated[str, typer.Option(help="Whose parts are told: account, campaign, adset or ad.")] = "campaign",
    as_of: AsOfOption = "",
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Explain why a metric changed between two periods: the parts of each driver and object, main cause first."""
    from aibuyer_kit.workflows.why import client_why
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    found = client_why(context, metric, period, against=against, level=level, as_of=as_of)
    put(as_json_object(found.to_dict()) if json else repr(found))


def _write_files(rows: list[dict[str, Any]], csv: Path | None, xlsx: Path | None) -> None:
    from aibuyer_kit.workflows.export import write_csv, write_xlsx

    for path, write in ((csv, write_csv), (xlsx, write_xlsx)):
        if path:
            say(f"{path}: {write(path, rows)} rows")
