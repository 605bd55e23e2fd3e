"""`aibuyer connect` in a script: from standard input to accounts that sync, with nothing secret on the way out."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import add_client, open_client
from aibuyer_kit.workflows.workspaces import init_workspace
from tests.aibuyer import Run
from tests.small_graph import NOW, SmallGraph, small_graph

TOKEN_AND_SECRET = "canary-short-token\ncanary-secret\n"


@pytest.fixture
def graph() -> Iterator[SmallGraph]:
    with small_graph() as running:
        yield running


def test_a_script_connects_a_client_and_doctor_watches_the_token(run: Run, graph: SmallGraph, tmp_path: Path) -> None:
    """Token and secret by standard input; expiry a year, three weeks and three days ahead."""
    connect = ("connect", "meta", "--app-id", "77", "--all-accounts", "--graph-url", graph.url)
    states = []
    for days in (365, 21, 3):
        graph.expires_at = int((datetime.fromtimestamp(NOW, UTC) + timedelta(days=days, hours=1)).timestamp())
        done = run(*connect, stdin=TOKEN_AND_SECRET)
        assert done.returncode == 0, done.stderr
        assert "canary" not in done.stdout + done.stderr
        doctor = run("doctor", "--json")
        (finding,) = (each for each in json.loads(doctor.stdout) if each["check"] == "shop: access token")
        states.append(finding["state"])
    assert states == ["ok", "warning", "FAILED"]
    assert doctor.returncode == 1
    accounts = open_client(tmp_path / "workspace", "shop").settings.accounts
    assert [account.id for account in accounts] == ["act_1", "act_2"]


def test_the_apps_secret_may_come_from_the_environment(run: Run, graph: SmallGraph) -> None:
    """Then standard input holds the token alone."""
    done = run(
        "connect", "meta", "--account", "act_2", "--graph-url", graph.url, stdin="canary-short-token\n",
        AIBUYER_META__APP_ID="77", AIBUYER_META__APP_SECRET="canary-secret",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "made long-lived" in done.stdout
    assert "client.toml: act_2" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        pytest.param(["--all-accounts"], "", 2, "line of standard input", id="no-token"),
        pytest.param([], "canary-token\n", 2, "--all-accounts", id="no-choice"),
        pytest.param(["--account", "act_9"], "canary-token\n", 5, "Assign", id="strange-account"),
        pytest.param(["--all-accounts", "--app-id", "78"], "canary-token\ncanary-s\n", 5, "78", id="other-app"),
    ],
)
def test_a_mistake_is_one_line_with_its_cure(
    run: Run, graph: SmallGraph, arguments: list[str], stdin: str, code: int, said: str
) -> None:
    """Nothing is kept, and the token is not repeated."""
    done = run("connect", "meta", "--graph-url", graph.url, *arguments, stdin=stdin)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_a_token_cannot_be_given_as_an_argument(run: Run) -> None:
    """It would stand in the list of processes and in the shell's history."""
    help_text = run("connect", "meta", "--help").stdout
    assert "--token" not in help_text
    assert run("connect", "meta", "--access-token", "canary").returncode == 2


def test_check_asks_the_platform_anew(run: Run, graph: SmallGraph) -> None:
    """A token that was withdrawn meanwhile ends with exit code 5."""
    run("connect", "meta", "--app-id", "77", "--all-accounts", "--graph-url", graph.url, stdin=TOKEN_AND_SECRET)
    assert json.loads(run("connect", "check", "--json").stdout)[0]["state"] == "ok"
    graph.valid = False
    withdrawn = run("connect", "check", "--json")
    assert withdrawn.returncode == 5
    assert "not valid" in json.loads(withdrawn.stdout)[0]["detail"]


def test_a_person_is_guided_and_what_is_typed_is_not_shown(graph: SmallGraph, tmp_path: Path) -> None:
    """On a terminal: the steps, a prompt for each thing, the accounts to choose from, and no echo of secrets."""
    add_client(init_workspace(tmp_path / "workspace"), "shop", ClientFile(name="Sample"))
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AIBUYER_")}
    command = [sys.executable, "-c", "from aibuyer_kit.cli import main; main()", "connect", "meta"]
    master, slave = os.openpty()
    with subprocess.Popen(
        [*command, "--graph-url", graph.url],
        cwd=tmp_path,
        env=clean | {"AIBUYER_KEY_FILE": str(tmp_path / "key"), "TERM": "dumb"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        preexec_fn=lambda: os.login_tty(slave),  # noqa: PLW1509 - the child becomes the terminal's own
    ) as process:
        os.close(slave)
        shown = ""
        for prompt, typed in (
            ("App id", "77"),
            ("access token: ", "canary-short-token"),
            ("app secret", "canary-secret"),
            ("Which accounts?", "act_2"),
        ):
            shown += _read_until(master, prompt)
            os.write(master, f"{typed}\n".encode())
        shown += _read_until(master, "Next: ")
        assert process.wait(20) == 0, shown
    os.close(master)
    assert "Users > System users" in shown
    assert "canary" not in shown
    accounts = open_client(tmp_path / "workspace", "shop").settings.accounts
    assert [account.id for account in accounts] == ["act_2"]


def _read_until(terminal: int, text: str) -> str:
    """Return what the terminal shows up to a text that has to come within 20 seconds."""
    shown = b""
    while text.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], 20)
        assert ready, f"{text!r} did not come after {shown.decode()!r}"
        shown += os.read(terminal, 4096)
    return shown.decode()


def test_the_address_of_a_new_client_is_where_it_is_connected(run: Run, graph: SmallGraph, tmp_path: Path) -> None:
    """The token goes to the address that `client add` was told, and time is the practice platform's."""
    added = run("client", "add", "club", "--name", "Sample club", "--graph-url", graph.url)
    assert added.returncode == 0, added.stderr
    done = run("connect", "meta", "--client", "club", "--app-id", "77", "--all-accounts", stdin=TOKEN_AND_SECRET)
    assert done.returncode == 0, done.stderr
    club = open_client(tmp_path / "workspace", "club").settings
    assert {account.graph_url for account in club.accounts} == {graph.url}
    assert club.clock == "platform"


def test_connecting_to_a_practice_address_sets_the_clients_clock(run: Run, graph: SmallGraph, tmp_path: Path) -> None:
    """The client's file said "system"; on the machine's clock the last 28 days would be empty."""
    assert open_client(tmp_path / "workspace", "shop").settings.clock == "system"
    done = run("connect", "meta", "--app-id", "77", "--all-accounts", "--graph-url", graph.url, stdin=TOKEN_AND_SECRET)
    assert done.returncode == 0, done.stderr
    assert open_client(tmp_path / "workspace", "shop").settings.clock == "platform"


def test_reconnecting_with_a_token_alone_keeps_the_apps_secret(run: Run, graph: SmallGraph) -> None:
    """The kept secret also makes the new token long-lived."""
    connect = ("connect", "meta", "--all-accounts", "--graph-url", graph.url)
    assert run(*connect, "--app-id", "77", stdin=TOKEN_AND_SECRET).returncode == 0
    again = run(*connect, stdin="canary-new-token\n")
    assert again.returncode == 0, again.stderr
    assert "made long-lived" in again.stdout
    (row,) = json.loads(run("credentials", "list", "--json").stdout)
    assert (row["kept"], row["meta_app_id"]) == ("meta-access-token, meta-app-secret", "77")
    assert (row["token_expires"], row["data_access_ends"], row["works_until"]) == ("2026-07-31", "never", "2026-07-31")
