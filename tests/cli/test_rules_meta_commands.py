"""The commands that bring Meta's own ad rules here, and write ours as Meta has them."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import typer
from typer.testing import CliRunner

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import ClientContext, add_client
from aibuyer_kit.commands.rules_meta import export_command, import_command
from aibuyer_kit.sandbox.serve import RunningSandbox, start
from aibuyer_kit.workflows.workspaces import init_workspace
from tests.rules.meta_rules import SPENT, meta_rule, one

app = typer.Typer()
app.command("import")(import_command)
app.command("export")(export_command)


@pytest.fixture(scope="module")
def platform() -> Iterator[RunningSandbox]:
    """An account with two rules, of which one has nothing like it here."""
    with start("hill", seed=3) as running:
        library = f"{running.graph_url}/v26.0/{running.account_id}/adrules_library"
        for rule in (meta_rule(SPENT, name="dear"), meta_rule(SPENT, one("reach", "GREATER_THAN", 9), name="reached")):
            httpx.post(library, params={"access_token": running.access_token}, json=rule).raise_for_status()
        yield running


@pytest.fixture
def client(platform: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClientContext:
    """A client of that account, in a workspace without rules."""
    folder = init_workspace(tmp_path / "workspace")
    for path in (folder / "rules").glob("*-*.json"):
        path.unlink()
    account = AccountSection(id=platform.account_id, graph_url=platform.graph_url)
    monkeypatch.setenv("AIBUYER_SHOP_META_ACCESS_TOKEN", platform.access_token)
    monkeypatch.setenv("AIBUYER_WORKSPACE", str(folder))
    return add_client(folder, "shop", ClientFile(name="Sample", clock="platform", accounts=(account,)))


def test_import_tells_of_each_rule_and_ends_with_3_if_one_is_not_usable(client: ClientContext) -> None:
    """One line a rule, what was lost below it."""
    done = CliRunner().invoke(app, ["import"])

    assert done.exit_code == 3
    assert "imported, it only tells of matches -> rules/dear-" in done.stdout
    assert "reached" in done.stdout
    assert "evaluation_spec.filters[3] (reach GREATER_THAN 9): people are not added up over days" in done.stdout
    assert len(list(client.rules.glob("dear-*.json"))) == 1


def test_import_as_json(client: ClientContext) -> None:  # its workspace
    """One object a rule."""
    rows = json.loads(CliRunner().invoke(app, ["import", "--json"]).stdout)

    assert [(row["name"], row["file"] is None, len(row["lost"])) for row in rows] == [
        ("dear", False, 0),
        ("reached", True, 1),
    ]


def test_export_prints_specs_that_the_platform_takes(client: ClientContext, platform: RunningSandbox) -> None:
    """All of them switched off; nothing is sent by the command itself."""
    CliRunner().invoke(app, ["import"])
    library = f"{platform.graph_url}/v26.0/{platform.account_id}/adrules_library"
    done = CliRunner().invoke(app, ["export"])
    (spec,) = json.loads(done.stdout)
    token = {"access_token": platform.access_token}
    before = len(httpx.get(library, params=token).json()["data"])

    assert done.exit_code == 0
    assert (spec["name"], spec["status"], before) == ("dear", "DISABLED", 2)
    number = httpx.post(library, params=token, json=spec).raise_for_status().json()["id"]
    httpx.delete(f"{platform.graph_url}/v26.0/{number}", params=token).raise_for_status()
    (path,) = client.rules.glob("dear-*.json")
    path.write_text(path.read_text().replace('"all"', '"any"'))
    again = CliRunner().invoke(app, ["export", path.stem])
    assert (again.exit_code, json.loads(again.stdout)) == (3, [])
    assert "there is no any and no not" in again.stderr
