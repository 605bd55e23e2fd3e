"""Secrets do not come out: each command runs against failures that quote them, and all that is left is searched."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
import pytest

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.workflows.workspaces import init_workspace
from tests.small_graph import small_graph
from tests.webhooks.receiving import envelope, issue, signed

TOKEN, SHORT, LONG = "canary4Token7Of1Env", "canary4Token8Typed", "canary-long-token"
SECRET, VERIFY = "canary4Secret2App", "canary4Verify9Word"
SECRETS = [TOKEN, SHORT, LONG, SECRET, VERIFY]
PROOFS = [hmac.new(SECRET.encode(), token.encode(), hashlib.sha256).hexdigest() for token in (TOKEN, SHORT, LONG)]
FAILURES = ("token", "html", "cut", "redirect")
HEADERS = "Campaign name,Day,Amount spent (EUR),Impressions,Clicks (all)\n"

# Runs commands one after another as `aibuyer` does, but loudly: logs at the lowest level, and every error with its
# traceback and all that hangs on it, what `raise … from None` hides included. Waits between tries are left out.
LOUD = """
import io, json, logging, sys, traceback
logging.basicConfig(level=1, stream=sys.stderr)
from aibuyer_kit.cli import app
from aibuyer_kit.core.clock import SystemClock
SystemClock.sleep = lambda self, seconds: None
def show(error):
    while error is not None:
        print("".join(traceback.format_exception(error, chain=False)), repr(error), vars(error), file=sys.stderr)
        error = error.__cause__ or error.__context__
for arguments, stdin in json.load(sys.stdin):
    print("###", arguments, file=sys.stderr)
    sys.argv, sys.stdin = ["aibuyer", *arguments], io.StringIO(stdin)
    try:
        app()
    except (Exception, SystemExit) as error:
        show(error)
"""


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """Give the folder that holds all that the commands left, temporary files too, and all that they printed."""
    folder = tmp_path_factory.mktemp("canaries")
    with ExitStack() as stack:
        workspace = init_workspace(folder / "workspace")
        days = [datetime.now(UTC).date() - timedelta(days=number) for number in range(1, 15)]
        rows = "".join(f"Sample,{day},120.50,10000,210\n" for day in days)
        (folder / "export.csv").write_text(HEADERS + rows, encoding="utf-8")
        good = stack.enter_context(small_graph())
        _add(workspace, "good", good.url)
        _add(workspace, "typed", good.url)
        for kind in FAILURES:
            bad = stack.enter_context(small_graph())
            bad.broken = kind
            _add(workspace, kind, bad.url)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            _add(workspace, "gone", f"http://127.0.0.1:{closed.getsockname()[1]}")
        printed = _received(folder, workspace)
        printed += _run(folder, [*_commands(good.url)])
        yield folder, printed


def _add(workspace: Path, client_id: str, graph_url: str) -> None:
    accounts = (AccountSection(id="act_1", graph_url=graph_url),)
    add_client(workspace, client_id, ClientFile(name="Sample", accounts=accounts))


def _commands(good_url: str) -> Iterator[tuple[list[str], str]]:
    both = f"{SHORT}\n{SECRET}\n"
    yield ["connect", "meta", "-c", "typed", "--app-id", "77", "--all-accounts", "--graph-url", good_url], both
    yield ["connect", "meta", "-c", "typed", "--app-id", "78", "--all-accounts", "--graph-url", good_url], both
    yield ["connect", "meta", "-c", "typed", "--all-accounts", "--graph-url", "http://example.org/"], both
    yield ["connect", "meta", "-c", "typed", "--access-token", "x"], both
    yield ["credentials", "set", "webhook-verify-token", "-c", "typed"], f"{VERIFY}\n"
    yield ["credentials", "set", "meta-app-secret", "-c", "typed"], f"{SECRET} {SECRET}\n"
    yield ["credentials", "rotate", "--new-key"], ""
    for client_id in ("good", "typed", *FAILURES, "gone"):
        yield ["sync", "-c", client_id, "--backfill-days", "2"], ""
        yield ["connect", "check", "-c", client_id], ""
    for kind in FAILURES:
        yield ["webhooks", "drain", "-c", kind], ""
    yield ["import", "export.csv", "-c", "good"], ""
    yield ["report", "run", "account_overview", "-c", "good", "-p", "days=7"], ""
    yield ["report", "run", "account_overview", "-c", "good", "-p", "days=0"], ""
    for words in (
        ["doctor"],
        ["status"],
        ["config", "show", "--origin"],
        ["credentials", "list"],
        ["webhooks", "status"],
    ):
        yield words, ""


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment that holds the secrets and leads every file into the folder."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("AIBUYER_", "XDG_"))}
    for name in ("tmp", "home"):
        (folder / name).mkdir(exist_ok=True)
    tokens = {f"AIBUYER_{name.upper()}_META_ACCESS_TOKEN": TOKEN for name in ("good", *FAILURES, "gone")}
    return clean | tokens | {
        "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "AIBUYER_WORKSPACE": str(folder / "workspace"),
        "AIBUYER_KEY_FILE": str(folder / "key"), "AIBUYER_META__APP_ID": "77", "AIBUYER_META__APP_SECRET": SECRET,
        "AIBUYER_META__WEBHOOK_VERIFY_TOKEN": VERIFY,
    }  # fmt: skip


def _run(folder: Path, commands: list[tuple[list[str], str]]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LOUD], input=json.dumps(commands), cwd=folder, env=_environment(folder),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout + done.stderr


def _received(folder: Path, workspace: Path) -> str:
    """Let a loud receiver take good and bad requests about every client, and return what it printed."""
    commands = [(["webhooks", "serve", "--port", "0", "--no-drain", "-w", str(workspace)], "")]
    with subprocess.Popen(
        [sys.executable, "-c", LOUD], cwd=folder, env=_environment(folder), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(commands))
        process.stdin.close()
        process.stdin = None
        url = json.loads(process.stdout.readline())["url"]
        for token in (VERIFY, f"{VERIFY}x"):
            httpx.get(url, params={"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1"})
        body = envelope(issue("30"), account="1")
        for headers in (signed(body, SECRET), {"X-Hub-Signature-256": SECRET}, {}):
            httpx.post(url, content=body, headers=headers)
        httpx.post(url, content=SECRET.encode(), headers=signed(SECRET.encode(), SECRET))
        process.terminate()
        return "".join(process.communicate(timeout=20))


def found_in(content: bytes) -> list[str]:
    """Return the secrets that stand in the content, as they are or in base64."""
    forms = {secret: [secret.encode()] for secret in (*SECRETS, *PROOFS)}
    for secret, ways in forms.items():
        # A text inside a longer one has one of three forms in base64; its ends depend on what is around it.
        ways += [base64.b64encode(b" " * shift + secret.encode())[4:-4] for shift in range(3)]
    return [secret for secret, ways in forms.items() if any(way in content for way in ways)]


def test_the_search_finds_what_it_looks_for() -> None:
    """As it is, and inside something that is in base64."""
    assert found_in(f"a{TOKEN}b".encode()) == [TOKEN]
    assert all(found_in(base64.b64encode(f"{'x' * n}{SECRET}yy".encode())) == [SECRET] for n in range(4))


def test_the_failures_were_as_bad_as_they_should_be(remains: tuple[Path, str]) -> None:
    """Every command ran, errors had tracebacks, the HTTP library logged, and both kinds of token reached a server."""
    _, printed = remains
    assert printed.count("Traceback") > 10
    assert "urllib3.connectionpool" in printed
    assert "AuthorisationError" in printed
    assert "TransientError" in printed
    assert "made long-lived" in printed
    assert "account_overview" in printed


def test_no_secret_is_printed_or_logged(remains: tuple[Path, str]) -> None:
    """Standard output, standard error, logs at the lowest level, tracebacks with all that hangs on them."""
    _, printed = remains
    hits = [line for line in printed.splitlines() if found_in(line.encode())]
    assert hits == []


def test_no_secret_is_in_any_file(remains: tuple[Path, str]) -> None:
    """Notebooks, pages, databases with their snapshots and logs, temporary files, and the encrypted credentials."""
    folder, _ = remains
    files = [path for path in folder.rglob("*") if path.is_file()]
    kinds = {path.suffix for path in files}
    assert {".ipynb", ".html", ".duckdb", ".enc", ".sqlite3"} <= kinds
    assert {str(path): hits for path in files if (hits := found_in(path.read_bytes()))} == {}


def test_no_secret_is_in_any_database(remains: tuple[Path, str]) -> None:
    """DuckDB compresses its texts, so that every table is read as well."""
    folder, _ = remains
    databases = list(folder.rglob("*.duckdb"))
    assert len(databases) >= 4
    for path in databases:
        with duckdb.connect(str(path), read_only=True) as database:
            tables = [row[0] for row in database.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            assert tables
            for table in tables:
                rows = database.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608 - names of our own
                assert found_in(repr(rows).encode()) == []
