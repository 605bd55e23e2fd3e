"""`aibuyer webhooks` as processes of their own, killed where it hurts."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import NotFoundError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.webhooks import inbox_of
from aibuyer_kit.workflows.workspaces import init_workspace
from tests.aibuyer import aibuyer
from tests.small_graph import SmallGraph, small_graph
from tests.webhooks.receiving import SECRET, VERIFY_TOKEN, envelope, issue, signed

ENVIRONMENT = {
    **{name: text for name, text in os.environ.items() if not name.startswith("AIBUYER_")},
    "AIBUYER_SHOP_META_ACCESS_TOKEN": "canary-token",
    "AIBUYER_META__APP_SECRET": SECRET,
    "AIBUYER_META__WEBHOOK_VERIFY_TOKEN": VERIFY_TOKEN,
}
AIBUYER = [sys.executable, "-c", "from aibuyer_kit.cli import main; main()"]


@pytest.fixture
def graph() -> Iterator[SmallGraph]:
    with small_graph() as running:
        yield running


@pytest.fixture
def shop(tmp_path: Path, graph: SmallGraph) -> ClientContext:
    folder = init_workspace(tmp_path / "workspace")
    account = AccountSection(id="act_1", graph_url=graph.url)
    return add_client(folder, "shop", ClientFile(name="Sample", accounts=(account,)))


@contextmanager
def serving(shop: ClientContext, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give a serving process and its address; it is killed at the end, if it still runs."""
    command = [*AIBUYER, "webhooks", "serve", "--port", "0", "-w", str(shop.folder.parent.parent), *options]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            yield process, json.loads(line)["url"]
        finally:
            process.kill()


def run(shop: ClientContext, *arguments: str) -> subprocess.CompletedProcess[str]:
    return aibuyer(*arguments, "-w", str(shop.folder.parent.parent), env=ENVIRONMENT)


def post(url: str, body: bytes) -> int:
    return httpx.post(url, content=body, headers=signed(body)).status_code


def until(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Poll until something holds; False if it does not in time."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        threading.Event().wait(0.05)
    return True


def known(shop: ClientContext) -> dict[str, str]:
    try:
        rows = Reader(shop.warehouse).entities(Level.AD).rows()
    except NotFoundError:
        return {}
    return {row["entity_id"]: row["effective_status"] for row in rows}


def test_what_was_confirmed_survives_a_kill_before_it_is_worked_off(shop: ClientContext, graph: SmallGraph) -> None:
    """The receiver is killed right after its answer; another process reads the object again."""
    graph.set_status("30", "PAUSED")
    with serving(shop, "--no-drain") as (process, url):
        assert post(url, envelope(issue("30"))) == 200
        process.kill()
        process.wait()
    assert known(shop) == {}
    done = run(shop, "webhooks", "drain")
    assert done.returncode == 0, done.stderr
    assert known(shop) == {"30": "PAUSED", "31": "ACTIVE"}
    assert inbox_of(shop).counts().waiting == 0
    assert "Nothing waits." in run(shop, "webhooks", "drain").stdout


def test_a_kill_in_mid_read_repeats_the_read(shop: ClientContext, graph: SmallGraph) -> None:
    """The platform hangs while the object is read; after the kill a new process works the delivery off."""
    graph.hanging = threading.Event()
    with serving(shop) as (process, url):
        assert post(url, envelope(issue("30"))) == 200
        assert graph.hanging.wait(20)
        process.kill()
        process.wait()
    assert inbox_of(shop).counts().waiting == 1
    graph.hanging = None
    with serving(shop):
        assert until(lambda: inbox_of(shop).counts().waiting == 0)
    assert set(known(shop)) == {"30", "31"}


def test_a_delivery_is_worked_off_while_serving_and_the_process_ends_in_order(
    shop: ClientContext, graph: SmallGraph
) -> None:
    """SIGTERM ends it with code 0; counts are shown afterwards."""
    with serving(shop) as (process, url):
        assert post(url, envelope(issue("30"))) == 200
        assert httpx.post(url, content=b"{}").status_code == 403
        assert until(lambda: inbox_of(shop).counts().waiting == 0)
        process.terminate()
        assert process.wait(10) == 0
    rows = {row["client"]: row for row in json.loads(run(shop, "webhooks", "status", "--json").stdout)}
    assert (rows["shop"]["deliveries"], rows["shop"]["waiting"]) == (1, 0)
    assert rows["(refused)"]["refused"] == "1 unsigned"


def test_serving_without_the_apps_secret_says_what_to_set(shop: ClientContext) -> None:
    """A receiver that could verify nothing does not start."""
    del_secret = {name: text for name, text in ENVIRONMENT.items() if name != "AIBUYER_META__APP_SECRET"}
    done = aibuyer("webhooks", "serve", "--port", "0", "-w", str(shop.folder.parent.parent), env=del_secret)
    assert done.returncode == 2
    assert "AIBUYER_META__APP_SECRET" in done.stderr


def test_a_port_that_is_taken_is_told(shop: ClientContext) -> None:
    """With its cure, without a traceback."""
    with serving(shop, "--no-drain") as (_, url):
        done = run(shop, "webhooks", "serve", "--port", url.rpartition(":")[2].partition("/")[0])
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
