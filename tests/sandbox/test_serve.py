"""Starting and ending the platform."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from aibuyer_kit.core.errors import SettingsError
from aibuyer_kit.sandbox.serve import start

SERVE = "from aibuyer_kit.sandbox.serve import serve_forever; serve_forever(seed=9)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_process_prints_one_line_serves_and_ends_cleanly(http: httpx.Client, number: signal.Signals) -> None:
    """The line is the promised object, and a signal ends the process with 0 and no noise."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        me = http.get(f"{ready['graph_url']}/v26.0/me", params={"access_token": ready["access_token"]})
        refused = http.get(f"{ready['graph_url']}/v26.0/me", params={"access_token": "EAAcanary"})
        process.send_signal(number)
        out, err = process.communicate(timeout=10)

    assert {"graph_url", "control_url", "access_token", "app_id", "app_secret", "account_id"} == set(ready)
    assert (me.status_code, refused.status_code) == (200, 401)
    assert (process.returncode, out, err) == (0, "", "")


def test_the_same_seed_has_the_same_keys_and_account() -> None:
    """A client that was set up once finds its account again."""
    with start(seed=3) as one, start(seed=3) as again, start(seed=4) as other:
        assert (one.account_id, one.access_token, one.app_secret) == (
            again.account_id,
            again.access_token,
            again.app_secret,
        )
        assert one.access_token != other.access_token


def test_nothing_secret_is_in_the_text_of_a_running_sandbox() -> None:
    """It may be printed, into a log too."""
    with start() as sandbox:
        assert sandbox.access_token not in repr(sandbox)
        assert sandbox.app_secret not in repr(sandbox)


@pytest.mark.parametrize("which", ["graph_url", "control_url"])
def test_only_the_loopback_address_is_served(which: str) -> None:
    """Another address of the same machine finds nobody."""
    with start() as sandbox:
        there = urlsplit(getattr(sandbox, which))

        assert there.hostname == "127.0.0.1"
        with pytest.raises(OSError, match=r"."):
            socket.create_connection(("127.0.0.2", there.port), timeout=2).close()


def test_after_the_end_the_ports_are_free(http: httpx.Client) -> None:
    """Stopping closes the sockets, open connections too, and may be done twice."""
    sandbox = start()
    http.get(f"{sandbox.control_url}/clock")
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(httpx.TransportError):
        http.get(f"{sandbox.control_url}/clock")
    port = urlsplit(sandbox.graph_url).port
    with start(port=port or 0) as again:
        assert again.graph_url == sandbox.graph_url


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    """With the port and the cure."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} .* 0 for any"):
            start(control_port=port)


def test_a_bad_world_is_an_error_before_anything_listens(tmp_path: Path) -> None:
    """The error of the world file comes to the caller."""
    path = tmp_path / "world.toml"
    path.write_text("colour = 1", encoding="utf-8")
    with pytest.raises(SettingsError, match="'colour'"):
        start(path)
