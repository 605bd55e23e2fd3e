"""The command line: arguments in, one workflow each, data on stdout and everything else on stderr.

Exit codes: 0 ok, 1 error, 2 wrong input, 3 something needs a look: figures that a sync has read, or an approved change
that was not made, 5 authorisation, 6 rate limit, 130 interrupted, 143 told to end.
"""

import errno
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aibuyer_kit import __version__
from aibuyer_kit.commands import (
    connect,
    credentials,
    curves,
    data,
    decisions,
    features,
    forecast,
    models,
    plan,
    quarantine,
    rules,
    tune,
    webhooks,
)
from aibuyer_kit.commands.options import (
    NEEDS_A_LOOK,
    ClientOption,
    JsonOption,
    WorkspaceOption,
    put_rows,
    say_next,
    say_wait,
    told_to_end,
)
from aibuyer_kit.core.clock import AnnouncedClock, SystemClock
from aibuyer_kit.core.errors import AibuyerError, InputError, LeftOutWarning, QualityWarning
from aibuyer_kit.core.text_table import as_json, as_table

if TYPE_CHECKING:
    from aibuyer_kit.access.clients import ClientContext
    from aibuyer_kit.settings.workspace_settings import Settings
    from aibuyer_kit.workflows.sync import SyncReport

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
client_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Add and list clients.")
config_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Show the settings in force.")
sandbox_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="The practice ad platform.")
report_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, help="Run parameterised reports.")
app.add_typer(client_app, name="client")
app.add_typer(config_app, name="config")
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(report_app, name="report")
app.add_typer(connect.app, name="connect")
app.add_typer(credentials.app, name="credentials")
data.add_to(app)
curves.add_to(app)
plan.add_to(app)
forecast.add_to(app)
app.add_typer(quarantine.app, name="quarantine")
decisions.add_to(app)
features.add_to(app)
models.add_to(app)
tune.add_to(app)
app.add_typer(decisions.proposals_app, name="proposals")
app.add_typer(models.app, name="models")
app.add_typer(rules.app, name="rules")
app.add_typer(webhooks.app, name="webhooks")

_FREE_SPACE = "Free some space, and run the same command again."
_CHECK_MODE = "Check the owner and the mode of its folder."
# What a disk may say to any command at any moment.
_DISK_ERRORS = {
    errno.ENOSPC: _FREE_SPACE,
    errno.EDQUOT: _FREE_SPACE,
    errno.EFBIG: _FREE_SPACE,
    errno.EACCES: _CHECK_MODE,
    errno.EPERM: _CHECK_MODE,
    errno.EROFS: _CHECK_MODE,
}
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="The port on 127.0.0.1.")]


def main() -> None:
    """Run the command line; errors made on purpose are one line, without a traceback."""
    _show_our_warnings()
    try:
        app()
    except AibuyerError as error:
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        _say(f"error: {error.filename or 'A file'} cannot be written ({error.strerror}). {_DISK_ERRORS[error.errno]}")
        sys.exit(1)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Analytics and decision support for people who buy advertising."""
    if version:
        _print(__version__)
        raise typer.Exit


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")] = Path("workspace")) -> None:
    """Make a workspace: settings, and your own copies of the notebooks, dashboards, reports and rules."""
    from aibuyer_kit.workflows.workspaces import init_workspace

    made = init_workspace(folder)
    _print(str(made))
    say_next(("client", "add", "acme", "--name", "Acme"), workspace=folder)


@client_app.command("add")
def client_add(
    client_id: Annotated[str, typer.Argument(help="Small letters, digits and hyphens, such as acme-2.")],
    name: Annotated[str, typer.Option(help="The name that reports show.")],
    account: Annotated[list[str] | None, typer.Option(help="A Meta ad account, act_…; may be repeated.")] = None,
    graph_url: Annotated[str | None, typer.Option(help="Another address of the Graph API (practice platform).")] = None,
    locale: Annotated[str, typer.Option(help="en or uk.")] = "en",
    workspace: WorkspaceOption = None,
) -> None:
    """Add a client to the workspace."""
    from aibuyer_kit.access.clients import add_client
    from aibuyer_kit.workflows.workspaces import find_workspace, new_client_file

    content = new_client_file(name, locale=locale, accounts=account or (), graph_url=graph_url)
    context = add_client(find_workspace(workspace), client_id, content)
    _print(str(context.folder))
    _say(
        f"Instead of connecting, {context.token_variable} may hold a token."
        if account
        else "Instead of connecting, `aibuyer import` reads a file."
    )
    say_next(("connect", "meta", "--client", client_id), ("sync", "--client", client_id), workspace=workspace)


@client_app.command("list")
def client_list(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the clients of the workspace."""
    from aibuyer_kit.workflows.workspaces import client_rows, find_workspace

    put_rows(client_rows(find_workspace(workspace)), json)


@config_app.command("show")
def config_show(
    origin: Annotated[bool, typer.Option("--origin", help="Also tell where each value comes from.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show every setting; secrets are masked."""
    from aibuyer_kit.settings.workspace_settings import settings_with_origin
    from aibuyer_kit.workflows.workspaces import find_workspace

    rows = [
        {"setting": each.key, "value": each.value} | ({"origin": each.origin} if origin else {})
        for each in settings_with_origin(find_workspace(workspace))
    ]
    _print(as_json(rows) if json else as_table(rows))


@app.command()
def sync(
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every client that has an ad account, one after another.")
    ] = False,
    backfill_days: Annotated[int | None, typer.Option(help="How far the first sync reads back.")] = None,
) -> None:
    """Read a client's ad accounts into its warehouse, with every restatement.

    Ends with 0 if all that was due has been read, or put off for the platform's limits; with 3 if it has, but figures
    need a look (ALARM, LOST, or rows newly in QUARANTINE); else with the code of the first error.
    """
    from aibuyer_kit.settings.workspace_settings import read_settings
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client, syncable_clients

    if every and client:
        raise InputError("Give either --client or --all, not both.")
    folder = find_workspace(workspace)
    settings = read_settings(folder, {} if backfill_days is None else {"sync.backfill_days": backfill_days})
    opening = syncable_clients(folder) if every else [lambda: only_client(folder, client)]
    errors: list[AibuyerError] = []
    needs_a_look = False
    with told_to_end():
        for opened in opening:
            try:
                report = _synced(opened(), settings)
                errors += [each.error for each in report.failures]
                needs_a_look = needs_a_look or report.needs_a_look
            except AibuyerError as error:
                errors.append(error)
                if every:
                    _say(f"error: {error}")
    if errors:
        raise errors[0]
    if needs_a_look:
        raise typer.Exit(NEEDS_A_LOOK)


def _synced(context: "ClientContext", settings: "Settings") -> "SyncReport":
    """Sync one client, print what was done, and return it."""
    from aibuyer_kit.workflows.connect import client_connectors
    from aibuyer_kit.workflows.progress import tqdm_progress
    from aibuyer_kit.workflows.sync import sync_client

    try:
        connectors = client_connectors(context, settings.meta, clock=AnnouncedClock(SystemClock(), say_wait))
        with tqdm_progress(f"Syncing {context.id}", shown=sys.stderr.isatty()) as progress:
            report = sync_client(context, connectors, settings.sync, progress=progress)
    except KeyboardInterrupt:
        _say("Interrupted. What had been read is kept and published; the next sync goes on from there.")
        raise
    _print(report.summary())
    return report


@app.command()
def status(client: ClientOption = None, workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Show how fresh each client's data is, what the last loads did, and how the platform has answered.

    Moments are in the account's time, with its offset.
    """
    from aibuyer_kit.workflows.status import workspace_status
    from aibuyer_kit.workflows.workspaces import find_workspace

    rows = workspace_status(find_workspace(workspace), client)
    measured = [] if json else [line for row in rows for line in row.pop("service")]
    put_rows(rows, json, f"\n{as_table(measured)}" if measured else "")


@app.command()
def doctor(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """Check the installation and the workspace; every failure names its cure. Moments are in the account's time."""
    from aibuyer_kit.workflows.doctor import examine

    findings = examine(workspace)
    rows = [{"check": each.check, "state": each.state, "detail": each.detail} for each in findings]
    _print(as_json(rows) if json else as_table(rows))
    if not all(each.ok for each in findings):
        raise typer.Exit(1)


@sandbox_app.command("serve")
def sandbox_serve(
    world: Annotated[str, typer.Option(help="A preset's name or a world file (TOML).")] = "seasonal",
    seed: Annotated[int, typer.Option(help="The same world and seed give the same account.")] = 7,
    port: PortOption = 0,
    control_port: Annotated[int, typer.Option(help="The port of the control endpoints.")] = 0,
) -> None:
    """Serve a practice ad account that the official SDK talks to; prints one JSON line when ready."""
    from aibuyer_kit.workflows.practice import serve_practice_platform

    serve_practice_platform(world, seed=seed, port=port, control_port=control_port)


@report_app.command("run")
def report_run(
    name: Annotated[str, typer.Argument(help="A report's name, such as account_overview, or its .ipynb file.")],
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="A parameter as name=value; may be repeated.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to. Default: the client's reports folder.")
    ] = None,
    client: ClientOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Run a report notebook for a client and publish it as one self-contained HTML page."""
    from aibuyer_kit.reports.client_report import run_client_report
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    context = only_client(find_workspace(workspace), client)
    _print(str(run_client_report(context, name, _pairs(parameter or []), out)))


@app.command()
def dashboards(client: ClientOption = None, workspace: WorkspaceOption = None, port: PortOption = 5006) -> None:
    """Serve the analysts' Panel dashboards."""
    from aibuyer_kit.dashboards.serve import serve_panel
    from aibuyer_kit.workflows.workspaces import find_workspace

    raise typer.Exit(serve_panel(find_workspace(workspace), client, port))


@app.command()
def voila(client: ClientOption = None, workspace: WorkspaceOption = None, port: PortOption = 8866) -> None:
    """Serve a client's Voila dashboard."""
    from aibuyer_kit.dashboards.serve import serve_voila
    from aibuyer_kit.workflows.workspaces import find_workspace, only_client

    folder = find_workspace(workspace)
    raise typer.Exit(serve_voila(folder, only_client(folder, client).id, port))


@app.command()
def lab(workspace: WorkspaceOption = None, port: PortOption = 8888) -> None:
    """Open JupyterLab in the workspace."""
    from aibuyer_kit.dashboards.serve import serve_lab
    from aibuyer_kit.workflows.workspaces import find_workspace

    raise typer.Exit(serve_lab(find_workspace(workspace), port))


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the example workspace is made.")] = Path("aibuyer-demo"),
) -> None:
    """Sync a practice account through the official SDK, apply what rules propose and undo it, and publish a report."""
    from aibuyer_kit.reports.client_report import run_client_report
    from aibuyer_kit.workflows.example import CLIENT_ID, build_example
    from aibuyer_kit.workflows.progress import tqdm_progress
    from aibuyer_kit.workflows.workspaces import only_client

    _say("Starting the practice ad platform and syncing a sample account over HTTP, on three days …")
    with tqdm_progress("Syncing", shown=sys.stderr.isatty()) as progress:
        example = build_example(folder, progress=progress, money_path=True)
    _print(example.summary())
    _say("Before the last sync, the rules decided, and what they proposed was approved, applied and taken back:")
    for line in example.money_path:
        _print(line)
    _say("Running the report …")
    page = run_client_report(only_client(example.workspace, CLIENT_ID), "account_overview", {}, None)
    _print(f"report: {page}")
    say_next(("proposals", "show", "1"), ("dashboards",), ("voila",), ("lab",), workspace=folder)
    if example.platform != example.warehouse:
        raise typer.Exit(1)


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"The parameter {text!r} has no value; write it as name=value, such as days=7.")
        pairs[name] = value
    return pairs


def _print(text: str) -> None:
    typer.echo(text)


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _show_our_warnings() -> None:
    """Print our own warnings as one line each; those of libraries are for developers and stay silent."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        is_news = isinstance(message, QualityWarning) and not message.in_doubt
        _say(f"{'note' if is_news else 'warning'}: {message}")

    warnings.simplefilter("ignore")
    for ours in (LeftOutWarning, QualityWarning):
        warnings.simplefilter("always", ours)
    warnings.showwarning = show
