"""The commands as a person runs them: processes of their own, exit codes, data on stdout and the rest on stderr."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aibuyer_kit.connectors.service import Service
from aibuyer_kit.workflows.sync_log import SyncLine, SyncLog
from tests.aibuyer import Run, aibuyer
from tests.small_graph import small_graph

CSV = """\
Campaign name,Day,Amount spent (EUR),Impressions,Clicks (all),Purchases,Purchases conversion value
Sample spring,2026-03-01,120.50,10000,210,4,480.00
Sample spring,2026-03-02,99.50,9000,190,,
=cmd|' /C calc'!A0,2026-03-02,10.00,1000,20,1,30.00
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `aibuyer` in an empty folder with nothing of ours in its environment."""

    def run(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("AIBUYER_")}
        return aibuyer(*arguments, cwd=tmp_path, env=clean | dict(env or {}))

    return run


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an export, and a workspace with one client for whom it was imported."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "export.csv").write_text(CSV, encoding="utf-8")
    for command in (["init"], ["client", "add", "shop", "--name", "Sample shop"], ["import", "export.csv"]):
        done = aibuyer(*command, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def shop(imported: Path, tmp_path: Path) -> Path:
    """A workspace with one client and one imported file."""
    shutil.copytree(imported, tmp_path, dirs_exist_ok=True)
    return tmp_path / "workspace"


def test_every_next_line_can_be_pasted(run: Run, tmp_path: Path) -> None:
    """From an empty folder on, in the workspace that was named: a shell without the environment finds the program."""
    said, shown = run("init", "work space").stderr, list[str]()
    environment = {**os.environ, "PATH": os.defpath}
    while "Next: " in said:
        line, *_ = said.partition("Next: ")[2].splitlines()
        done = subprocess.run(
            ["sh", "-c", line], cwd=tmp_path, env=environment, input="", capture_output=True, text=True, check=False
        )
        said = done.stderr
        shown.append(line.partition("aibuyer ")[2])
    assert shown == ["client add acme --name Acme -w 'work space'", "connect meta --client acme -w 'work space'"]
    assert "There is no access token" in said


def test_from_an_empty_folder_to_figures(run: Run, shop: Path) -> None:
    """init, client add, import and insights, each told by the one before."""
    rows = json.loads(run("insights", "--since", "2026-03-01", "--until", "2026-03-02", "--json").stdout)
    spring = [row for row in rows if row["name"] == "Sample spring"]
    assert [(row["date"], row["spend"], row["results"], row["cpa"]) for row in spring] == [
        ("2026-03-01", 120.5, 4, 30.125),
        ("2026-03-02", 99.5, 0, None),
    ]
    table = run("insights", "--since", "2026-03-01", "--until", "2026-03-02").stdout
    assert "=cmd|' /C calc'!A0" in table


def test_a_workspace_is_found_from_a_folder_below_it(run: Run, shop: Path) -> None:
    """As git does; and a variable goes before it."""
    assert "shop" in run("client", "list").stdout
    elsewhere = run("client", "list", env={"AIBUYER_WORKSPACE": str(shop / "nowhere")})
    assert elsewhere.returncode == 1
    assert "is not a workspace" in elsewhere.stderr


def test_init_copies_what_people_edit(shop: Path) -> None:
    """The workspace has its own notebooks, dashboards, reports and rules."""
    for path in ("notebooks/01_connect.ipynb", "dashboards/explorer.py", "reports/account_overview.ipynb", "rules"):
        assert (shop / path).exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["init"], 2, "is a workspace already", id="init-twice"),
        pytest.param(["client", "add", "../x", "--name", "X"], 2, "is not a client id", id="unsafe-client"),
        pytest.param(["client", "add", "x", "--name", "X", "--account", "1"], 2, "accounts.0.id", id="bad-account"),
        pytest.param(["insights", "--metrics", "cpaa"], 2, "Did you mean 'cpa'", id="unknown-metric"),
        pytest.param(["insights", "--level", "adsets"], 2, "account, campaign, adset, ad", id="unknown-level"),
        pytest.param(["insights", "--until", "2026-03-01"], 2, "both ends", id="half-a-period"),
        pytest.param(["insights", "--days", "0"], 2, "at least 1", id="no-days"),
        pytest.param(["insights", "--as-of", "yesterday"], 2, "as_of is 'yesterday'", id="bad-as-of"),
        pytest.param(["insights", "--client", "other"], 1, "Clients: shop", id="unknown-client"),
        pytest.param(["import", "missing.csv"], 2, "missing.csv", id="missing-file"),
        pytest.param(["sync"], 2, "has no ad account", id="nothing-to-sync"),
        pytest.param(["report", "run", "nothing"], 1, "account_overview", id="unknown-report"),
        pytest.param(["report", "run", "account_overview", "-p", "days"], 2, "name=value", id="no-value"),
        pytest.param(["report", "run", "account_overview", "-p", "dayz=7"], 2, "days", id="unknown-parameter"),
        pytest.param(["report", "run", "account_overview", "-p", "days=week"], 2, "days", id="mistyped-parameter"),
        pytest.param(["sandbox", "serve", "--world", "nowhere"], 2, "hill", id="unknown-world"),
    ],
)
def test_a_mistake_is_one_clear_line_and_its_own_exit_code(
    run: Run, shop: Path, arguments: list[str], code: int, said: str
) -> None:
    """No traceback, nothing on stdout, and what to do about it."""
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_missing_token_names_its_variable(run: Run, shop: Path) -> None:
    """Exit code 5 is authorisation."""
    run("client", "add", "other", "--name", "Other sample", "--account", "act_1")
    done = run("sync", "--client", "other")
    assert done.returncode == 5
    assert "AIBUYER_OTHER_META_ACCESS_TOKEN" in done.stderr


def test_importing_again_changes_nothing_and_replacing_is_asked_for(run: Run, shop: Path, tmp_path: Path) -> None:
    """A shorter file closes nothing by itself; with --replace-days what it leaves out is gone."""
    assert "0 new rows, 0 restated, 0 gone, 3 unchanged" in run("import", "export.csv").stdout
    shorter = tmp_path / "shorter.csv"
    shorter.write_text("\n".join(CSV.splitlines()[:3]) + "\n", encoding="utf-8")
    assert "0 gone, 2 unchanged" in run("import", "shorter.csv").stdout
    assert "1 gone, 2 unchanged" in run("import", "shorter.csv", "--replace-days").stdout
    now = run("insights", "--since", "2026-03-01", "--until", "2026-03-02", "--json")
    then = run("insights", "--since", "2026-03-01", "--until", "2026-03-02", "--as-of", "3", "--json")
    assert (len(json.loads(now.stdout)), len(json.loads(then.stdout))) == (2, 3)


def test_status_shows_how_the_platform_has_answered(run: Run, shop: Path) -> None:
    """The last sync and the last seven days, for a person and for a program."""
    assert json.loads(run("status", "--json").stdout)[0]["service"] == []
    service = Service()
    for ok in (True, True, True, False):
        service.call_ended(0.1, ok=ok)
        service.read_ended(0.1, ok=ok, retries=2)
    SyncLog(shop / "clients" / "shop" / "syncs.jsonl").add(SyncLine(datetime.now(UTC), service))
    (row,) = json.loads(run("status", "--json").stdout)
    assert [(each["period"], each["reads_success_share"], each["reads_retries"]) for each in row["service"]] == [
        ("last sync", 0.75, 8),
        ("last 7 days", 0.75, 8),
    ]
    freshness, measured = run("status").stdout.split("\n\n")
    assert "2026-03-02" in freshness
    assert [line.split("  ")[0] for line in measured.splitlines()] == ["client", "shop", "shop"]
    assert "last 7 days" in measured


def test_status_and_doctor_tell_the_state(run: Run, shop: Path) -> None:
    """Freshness per client; a doctor whose failures have a cure and an exit code."""
    (row,) = json.loads(run("status", "--json").stdout)
    assert (row["client"], row["first_day"], row["last_day"], row["broken_loads"]) == (
        "shop",
        "2026-03-01",
        "2026-03-02",
        0,
    )
    assert run("doctor").returncode == 0
    (shop / "clients" / "shop" / "client.toml").write_text("name = 5\n", encoding="utf-8")
    ill = run("doctor")
    assert ill.returncode == 1
    assert "FAILED" in ill.stdout
    assert "client.toml: name" in ill.stdout


def test_config_show_tells_origins_and_masks_secrets(run: Run, shop: Path) -> None:
    """The secret that the environment gives is not printed."""
    env = {"AIBUYER_META__APP_SECRET": "canary-secret", "AIBUYER_SYNC__BACKFILL_DAYS": "7"}
    done = run("config", "show", "--origin", env=env)
    assert "canary" not in done.stdout + done.stderr
    assert "AIBUYER_SYNC__BACKFILL_DAYS" in done.stdout


def test_insights_do_without_pandas_and_arrow(run: Run, shop: Path) -> None:
    """The first answer must not wait for libraries that it does not use."""
    code = (
        "import sys\n"
        "from aibuyer_kit.cli import main\n"
        "sys.argv = ['aibuyer', 'insights', '-w', sys.argv[1], '--since', '2026-03-01', '--until', '2026-03-02']\n"
        "try: main()\n"
        "except SystemExit as done: assert not done.code\n"
        "heavy = {'pandas', 'pyarrow', 'bokeh', 'panel', 'matplotlib', 'facebook_business', 'pydantic_settings'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(shop)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_sync_that_waits_for_the_platform_stops_at_once_when_interrupted(run: Run, shop: Path) -> None:
    """The platform takes the connection and never answers; the interrupt is obeyed within two seconds."""
    # Whoever starts the tests in the background may have interrupts ignored, and children inherit that.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        " from aibuyer_kit.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "sync", "-c", "slow", "-w", str(shop)]
    environment = {**os.environ, "AIBUYER_SLOW_META_ACCESS_TOKEN": "x"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        run("client", "add", "slow", "--name", "Slow", "--account", "act_1", "--graph-url", address)
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as syncing:
            connection, _ = silent.accept()
            with connection:
                syncing.send_signal(signal.SIGINT)
                _, said = syncing.communicate(timeout=2)
    assert syncing.returncode == 130
    assert "Interrupted" in said
    assert "Traceback" not in said


SERVERS = ["dashboards", "voila", "lab"]


@pytest.mark.parametrize("command", SERVERS)
def test_a_port_in_use_is_told_in_one_line(run: Run, shop: Path, command: str) -> None:
    """No server comes up elsewhere in silence, and none prints a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(command, "--port", port)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"The port {port} of 127.0.0.1 cannot be used (Address already in use). " in done.stderr
    assert "--port" in done.stderr


@pytest.mark.parametrize("command", SERVERS)
def test_the_exit_code_of_a_server_is_that_of_its_command(run: Run, shop: Path, tmp_path: Path, command: str) -> None:
    """A server that breaks down is not a success; here its interpreter ends at once."""
    (tmp_path / "broken").mkdir()
    # Our servers run without the working folder in the import path (-P); the command itself has no such option.
    (tmp_path / "broken" / "sitecustomize.py").write_text(
        "import os, sys\nif '-P' in sys.orig_argv: os._exit(7)\n", encoding="utf-8"
    )
    assert run(command, "--port", "0", env={"PYTHONPATH": str(tmp_path / "broken")}).returncode == 7


def test_a_sync_that_is_told_to_end_publishes_what_it_has_read(run: Run, tmp_path: Path) -> None:
    """Cron, systemd and `timeout` send SIGTERM: the account's objects were read by then, its insights were not."""
    run("init")
    with small_graph() as graph:
        run("client", "add", "shop", "--name", "Sample", "--account", "act_1", "--graph-url", graph.url)
        graph.hangs_at = "insights"
        command = [sys.executable, "-c", "from aibuyer_kit.cli import main; main()", "sync", "-w", "workspace"]
        environment = {**os.environ, "AIBUYER_SHOP_META_ACCESS_TOKEN": "x"}
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as syncing:
            assert graph.reached.wait(60)
            syncing.send_signal(signal.SIGTERM)
            _, said = syncing.communicate(timeout=10)
    assert syncing.returncode == 143
    assert "kept and published" in said
    assert json.loads(run("status", "--json").stdout)[0]["loads"] >= 4


def test_all_clients_are_synced_and_one_that_fails_stops_no_other(run: Run, tmp_path: Path) -> None:
    """The first client's file is wrong, the second has no account, the third is read; the exit code is the first's."""
    run("init")
    with small_graph() as graph:
        run("client", "add", "bad", "--name", "Sample", "--account", "act_1")
        run("client", "add", "files", "--name", "Sample")
        run("client", "add", "shop", "--name", "Sample", "--account", "act_1", "--graph-url", graph.url)
        (tmp_path / "workspace" / "clients" / "bad" / "client.toml").write_text("name = 1\n", encoding="utf-8")
        done = run("sync", "--all", env={"AIBUYER_SHOP_META_ACCESS_TOKEN": "x"})
    assert done.returncode == 2
    assert "client.toml: name" in done.stderr
    assert "shop: " in done.stdout
    assert "files" not in done.stdout + done.stderr
    assert {row["client"]: bool(row["loads"]) for row in json.loads(run("status", "--json").stdout)} == {
        "bad": False,
        "files": False,
        "shop": True,
    }
