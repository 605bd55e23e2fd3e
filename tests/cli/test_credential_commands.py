"""`aibuyer credentials`: secrets come in unseen and never come out."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.access.vault import TokenRecord
from aibuyer_kit.workflows.credentials import credential_rows, store_secrets
from aibuyer_kit.workflows.workspaces import init_workspace
from tests.aibuyer import Run

APRIL_1, MAY_1 = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


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


@pytest.mark.parametrize(
    ("expires", "data_access", "shown"),
    [
        (None, MAY_1, ("never", "2026-05-01", "2026-05-01")),
        (MAY_1, APRIL_1, ("2026-05-01", "2026-04-01", "2026-04-01")),
        (None, None, ("never", "never", "never")),
    ],
)
def test_both_ends_of_a_token_are_told_and_which_comes_first(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expires: datetime | None,
    data_access: datetime | None,
    shown: object,
) -> None:
    """Meta ends a token's access to data apart from the token."""
    monkeypatch.setenv("AIBUYER_KEY_FILE", str(tmp_path / "key"))
    folder = init_workspace(tmp_path / "workspace")
    context = add_client(folder, "shop", ClientFile(name="Sample"))
    record = TokenRecord(checked_at=APRIL_1, expires_at=expires, data_access_expires_at=data_access)
    store_secrets(context, {"meta_access_token": SecretStr("canary"), "meta_token": record})
    (row,) = credential_rows(folder)
    assert (row["token_expires"], row["data_access_ends"], row["works_until"]) == shown


def test_a_token_that_was_never_checked_has_an_end_that_nobody_knows(run: Run) -> None:
    """It was set by hand; `aibuyer connect check` asks."""
    run("credentials", "set", "meta-access-token", stdin="canary\n")
    (row,) = json.loads(run("credentials", "list", "--json").stdout)
    assert {row[name] for name in ("token_expires", "data_access_ends", "works_until")} == {"unknown"}
