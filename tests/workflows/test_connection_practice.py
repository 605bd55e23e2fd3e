"""Connecting and receiving against the practice platform: the whole way from a token to a delivery worked off."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client, open_client
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import AuthorisationError
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.settings.workspace_settings import MetaSection
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.webhooks.receiver import Receiver
from aibuyer_kit.webhooks.server import serve_until
from aibuyer_kit.workflows.connect import client_connectors
from aibuyer_kit.workflows.connection import MetaAccess, look_at, save_connection
from aibuyer_kit.workflows.credentials import keep_secret
from aibuyer_kit.workflows.webhooks import (
    drain_client,
    inbox_of,
    mailboxes,
    refusals_of,
    subscribe_client,
)
from aibuyer_kit.workflows.workspaces import init_workspace


@pytest.fixture
def platform() -> Iterator[RunningSandbox]:
    with start("hill", seed=5) as running:
        yield running


@pytest.fixture
def acme(tmp_path: Path, platform: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> ClientContext:
    """A client that was connected to the practice platform, with a verify token."""
    monkeypatch.setenv("AIBUYER_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.delenv("AIBUYER_KEY", raising=False)
    workspace = init_workspace(tmp_path / "workspace")
    context = add_client(workspace, "acme", ClientFile(name="Sample", clock="platform"))
    access = MetaAccess(SecretStr(platform.access_token), platform.app_id, SecretStr(platform.app_secret))
    connection = look_at(access, MetaSection(), graph_url=platform.graph_url)
    assert [account.id for account in connection.accounts] == [platform.account_id]
    save_connection(context, connection, connection.accounts, graph_url=platform.graph_url)
    keep_secret(context, "webhook_verify_token", "a-word-of-ours")
    return open_client(workspace, "acme")


@pytest.fixture
def callback(acme: ClientContext) -> Iterator[str]:
    """The address of a receiver for the workspace."""
    ready, urls = threading.Event(), list[str]()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    workspace = acme.folder.parent.parent
    receiver = Receiver(mailboxes(workspace))

    def on_ready(url: str) -> None:
        urls.append(url)
        ready.set()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(
                serve_until(
                    ended,
                    receiver,
                    host="127.0.0.1",
                    port=0,
                    counts=refusals_of(workspace),
                    on_ready=on_ready,
                    on_new=lambda: None,
                )
            )

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    yield urls[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join()


def test_a_change_on_the_platform_reaches_the_warehouse(
    acme: ClientContext, platform: RunningSandbox, callback: str
) -> None:
    """Subscribed with a handshake, delivered with a signature, kept, and the ad set read again."""
    assert subscribe_client(acme, MetaSection(), callback) == (platform.account_id,)
    adsets = httpx.get(
        f"{platform.graph_url}/v26.0/{platform.account_id}/adsets",
        params={"access_token": platform.access_token, "fields": "id,effective_status", "limit": "1"},
    ).json()["data"]
    paused = httpx.post(
        f"{platform.graph_url}/v26.0/{adsets[0]['id']}",
        params={"access_token": platform.access_token, "status": "PAUSED"},
    )
    assert paused.status_code == 200, paused.text
    httpx.post(f"{platform.control_url}/clock", json={"advance_seconds": 600}).raise_for_status()
    assert until_waiting(acme)
    drained = drain_client(acme, lambda: client_connectors(acme, MetaSection()))
    assert drained.failures == ()
    rows = Reader(acme.warehouse).entities(Level.ADSET).rows()
    assert {row["entity_id"]: row["status"] for row in rows}[adsets[0]["id"]] == "PAUSED"


def until_waiting(acme: ClientContext) -> bool:
    """Poll until a delivery waits; False after ten seconds."""
    pause = threading.Event()
    return any(inbox_of(acme).counts().waiting or pause.wait(0.05) for _ in range(200))


def test_a_wrong_app_secret_is_not_taken_for_a_bad_token(platform: RunningSandbox) -> None:
    """The token is good; what has to be copied again is the app's secret."""
    access = MetaAccess(SecretStr(platform.access_token), platform.app_id, SecretStr("wrong"))
    with pytest.raises(AuthorisationError, match=rf"does not take the app {platform.app_id} with this secret"):
        look_at(access, MetaSection(), graph_url=platform.graph_url)
