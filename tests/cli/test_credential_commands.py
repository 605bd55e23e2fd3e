"""`aibuyer credentials`: secrets come in unseen and never come out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.workflows.workspaces import init_workspace

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a workspace with one client, its key in a file of this test's own."""
    add_client(init_workspace(tmp_path / "workspace"), "shop", ClientFile(name="Sample"))
    clean = {name: text for name, text in os.environ.items() if not name.startswith("AIBUYER_")}
    own = {"AIBUYER_KEY_FILE": str(tmp_path / "key")}

    def aibuyer(*arguments: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from aibuyer_kit.cli import main; main()", *arguments],
            cwd=tmp_path,
            env=clean | own | env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    return aibuyer


def test_a_secret_is_kept_listed_by_name_and_forgotten(run: Run) -> None:
    """From standard input into the encrypted file; no output holds it."""
    done = run("credentials", "set", "webhook-verify-token", stdin="canary-secret\n")
    assert done.returncode == 0, done.stderr
    listed = run("credentials", "list", "--json")
    assert json.loads(listed.stdout)[0]["kept"] == "webhook-verify-token"
    removed = run("credentials", "remove", "webhook-verify-token")
    assert json.loads(run("credentials", "list", "--json").stdout)[0]["kept"] == "nothing"
    assert "canary" not in "".join(each.stdout + each.stderr for each in (done, listed, removed))


def test_a_key_is_made_and_replaced_without_being_shown(run: Run, tmp_path: Path) -> None:
    """create-key, set, rotate with a new key: what was kept can still be read."""
    made = run("credentials", "create-key")
    first = (tmp_path / "key").read_text(encoding="utf-8").strip()
    run("credentials", "set", "meta-access-token", stdin="canary\n")
    rotated = run("credentials", "rotate", "--new-key", "--forget-old")
    assert "sealed anew: shop; 1 key(s)" in rotated.stdout
    second = (tmp_path / "key").read_text(encoding="utf-8").strip()
    assert first != second
    assert json.loads(run("credentials", "list", "--json").stdout)[0]["kept"] == "meta-access-token"
    assert not any(key in each.stdout + each.stderr for key in (first, second) for each in (made, rotated))


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        pytest.param(["set", "password"], "x\n", "Known: meta-access-token", id="unknown-name"),
        pytest.param(["set", "meta-app-secret"], "", "line of standard input", id="nothing-given"),
        pytest.param(["set", "meta-app-secret"], "two words\n", "spaces", id="more-than-the-secret"),
        pytest.param(["create-key", "--keyring"], "", "pip install 'aibuyer-kit[keyring]'", id="no-keyring"),
        pytest.param(["rotate"], "", "aibuyer credentials create-key", id="no-key"),
    ],
)
def test_a_mistake_is_one_line_with_its_cure(run: Run, arguments: list[str], stdin: str, said: str) -> None:
    """Exit code 2, and what was given is not repeated."""
    done = run("credentials", *arguments, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "two words" not in done.stderr
