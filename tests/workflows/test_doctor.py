"""The doctor: what is wrong is named with its cure, and one failure hides no other."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aibuyer_kit.access.client_file import AccountSection
from aibuyer_kit.connectors.service import Service
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft
from aibuyer_kit.webhooks.inbox import Delivery
from aibuyer_kit.webhooks.messages import Hint
from aibuyer_kit.workflows.doctor import Finding, _changes, examine
from aibuyer_kit.workflows.sync_log import SyncLine, SyncLog
from aibuyer_kit.workflows.webhooks import inbox_of
from aibuyer_kit.workflows.workspaces import init_workspace

from .accounts import client, load_days
from .counting import Campaign, load, write_client

ACCOUNT = AccountSection(id="act_1")
CLIENT_CHECKS = ("settings", "access token", "warehouse", "quarantine", "reconciliation", "what counts")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace without clients, and an environment without our variables."""
    for name in [name for name in os.environ if name.startswith("AIBUYER_")]:
        monkeypatch.delenv(name)
    return init_workspace(tmp_path / "workspace")


def failures(folder: Path) -> dict[str, str]:
    return {each.check: each.detail for each in examine(folder) if not each.ok}


def test_a_healthy_workspace_is_well_in_every_check(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each thing is looked at, and the token itself is not shown."""
    monkeypatch.setenv("AIBUYER_SHOP_META_ACCESS_TOKEN", "canary")
    load_days(
        client(workspace, clock="system", accounts=(ACCOUNT,)), {"2026-03-01": 1.0}, known_at="2026-03-02T09:00+00:00"
    )
    findings = examine(workspace)
    installation = ["Python", "packages", "content", "workspace", "writable", "settings"]
    assert [each.check for each in findings] == [*installation, *(f"shop: {n}" for n in CLIENT_CHECKS)]
    assert all(each.ok for each in findings)
    assert findings[-4:] == [
        Finding("shop: warehouse", True, "load 1, data as of 2026-03-02T09:00+00:00 (account time)"),
        Finding("shop: quarantine", True, "every row could be read"),
        Finding("shop: reconciliation", True, "not yet compared"),
        Finding("shop: what counts", True, "purchase (total)"),
    ]
    assert "canary" not in str(findings)


def test_a_broken_installation_is_told_to_be_renewed(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package and a folder that should have come along."""
    monkeypatch.setattr("aibuyer_kit.workflows.doctor._PACKAGES", ("duckdb", "no-such-package"))
    monkeypatch.setattr("aibuyer_kit.workflows.doctor.FOLDERS", ("notebooks", "no-such-folder"))
    found = failures(workspace)
    assert found["packages"] == "Missing: no-such-package. Install again: pip install aibuyer-kit"
    assert "'no-such-folder' is missing from this installation. Install aibuyer-kit again" in found["content"]


def test_a_folder_that_is_no_workspace_is_told_how_to_make_one(tmp_path: Path) -> None:
    """The installation is checked all the same."""
    assert list(failures(tmp_path)) == ["workspace"]
    assert f"aibuyer init {tmp_path}" in failures(tmp_path)["workspace"]


def test_a_wrong_setting_is_named_by_file_and_key(workspace: Path) -> None:
    """And by what would be right."""
    (workspace / "aibuyer.toml").write_text("[sync]\nbackfill_days = 0\n", encoding="utf-8")
    said = failures(workspace)["settings"]
    assert "backfill_days" in said
    assert "must be at least 1, and is 0" in said


def test_a_client_without_token_and_data_is_told_both_cures(workspace: Path) -> None:
    """The variable to set, and the command to run."""
    client(workspace, clock="system", accounts=(ACCOUNT,))
    found = failures(workspace)
    assert list(found) == ["shop: access token", "shop: warehouse"]
    assert "AIBUYER_SHOP_META_ACCESS_TOKEN" in found["shop: access token"]
    assert "Run `aibuyer sync` or `aibuyer import`" in found["shop: warehouse"]


def test_a_wrong_client_file_is_named_and_the_next_client_is_still_looked_at(workspace: Path) -> None:
    """File and key, then the other client's own failure."""
    broken = client(workspace)
    healthy = broken.folder.with_name("tea")
    healthy.mkdir()
    (healthy / "client.toml").write_bytes((broken.folder / "client.toml").read_bytes())
    (broken.folder / "client.toml").write_text('name = "Shop"\nlocale = "fr"\n', encoding="utf-8")
    found = failures(workspace)
    assert list(found) == ["shop: settings", "tea: warehouse"]
    assert f"{broken.folder / 'client.toml'}: locale" in found["shop: settings"]
    assert "'en' or 'uk'" in found["shop: settings"]


@pytest.mark.parametrize(("good", "state"), [(3, "warning"), (0, "FAILED")])
def test_a_sync_that_failed_is_told_with_what_could_not_be_read(workspace: Path, good: int, state: str) -> None:
    """It is a warning where something was read, and a failure where nothing was."""
    shop, service = client(workspace), Service()
    for number in range(good + 1):
        service.read_ended(0.1, ok=number < good, retries=0)
    line = SyncLine(datetime(2026, 6, 1, tzinfo=UTC), service, failed={"act_1 ads": "down", "act_1 days": "down, too"})
    SyncLog(shop.sync_log).add(line)
    (found,) = [each for each in examine(workspace) if each.check == "shop: last sync"]
    assert (found.state, found.detail) == (state, "the last sync could not read act_1 ads: down (1 more failed)")


def test_a_change_in_doubt_is_told_with_its_cure(workspace: Path) -> None:
    """It may have been sent, and nobody has read it back."""
    shop = client(workspace.parent / "doubt")
    change = Change("meta", "act_1", Level.ADSET, "7", "status", "ACTIVE", "PAUSED")
    now = datetime.now(UTC)
    with Ledger(shop.ledger) as ledger:
        made = ledger.propose(
            [Draft(change, "a test", "Sample")],
            proposed_by="rules",
            by_person=False,
            made_at=now,
            expires_at=now + timedelta(hours=1),
        )
        assert _changes(shop) == Finding("", True, "none in doubt")
        ledger.approve(made.proposal_id, approved_by="ann", now=now)
        ledger.begin(made.changes[0].change_id, now=now)
    found = _changes(shop)
    assert found.state == "warning"
    assert "1 in doubt (1.1 adset 7: status ACTIVE -> PAUSED (Sample)): aibuyer apply" in found.detail


def test_a_client_that_is_a_link_is_told_to_use_a_real_folder(workspace: Path) -> None:
    """Its figures would be another client's."""
    client(workspace)
    (workspace / "clients" / "twin").symlink_to("shop")
    assert "Use a real folder" in failures(workspace)["twin: settings"]


def test_a_damaged_snapshot_is_told_with_its_cure(workspace: Path) -> None:
    """A sync publishes a new one."""
    shop = client(workspace)
    load_days(shop, {"2026-03-01": 1.0}, known_at="2026-03-02T09:00+00:00")
    (snapshot,) = shop.warehouse.glob("snapshot-*.duckdb")
    snapshot.write_bytes(b"not a database")
    assert "Run `aibuyer sync`" in failures(workspace)["shop: warehouse"]


def test_a_folder_that_cannot_be_written_is_told(workspace: Path) -> None:
    """A folder stands where the probe would be, which stops the owner of every file too."""
    (workspace / ".doctor").mkdir()
    assert f"{workspace} cannot be written" in failures(workspace)["writable"]
    assert "Check its owner and mode" in failures(workspace)["writable"]


def what_counts(folder: Path) -> Finding:
    return next(each for each in examine(folder) if each.check == "shop: what counts")


def test_a_result_that_never_comes_is_named_with_what_comes_instead(tmp_path: Path) -> None:
    """Another name of the same event, another event, an objective that nobody has, a name that breaks the rule."""
    text = """
[result]
action_type = "omni_purchase"
[results.OUTCOME_TRAFFIC]
action_type = "link_click"
[naming]
campaign = ["market", "product"]
"""
    context = write_client(tmp_path, text)
    sales = Campaign("1", "OUTCOME_SALES", "UA_shoes", actions={"purchase": 3})
    load(context, sales, Campaign("2", "OUTCOME_LEADS", "forms", actions={"lead": 4}))
    found = what_counts(context.folder.parents[1])
    assert (found.ok, found.state) == (True, "warning")
    never = "[result]: {} never reports 'omni_purchase'."
    other = "It reports lead (12): say what counts in a section [results.OUTCOME_LEADS] of its own"
    assert found.detail.split("; ") == [
        "[results.OUTCOME_TRAFFIC]: no campaign has this objective. The account's: OUTCOME_LEADS, OUTCOME_SALES",
        f"{never.format('OUTCOME_LEADS')} {other}",
        f"{never.format('OUTCOME_SALES')} The same event is reported as purchase (9): choose one as action_type",
        "[naming] campaign: 1 of 2 names do not follow it: 'forms'",
    ]


def test_rates_that_are_missing_are_counted_and_a_wrong_file_fails(tmp_path: Path) -> None:
    """Before a report needs them."""
    context = write_client(tmp_path, '[money]\ncurrency = "EUR"\nrates = "rates.csv"\nlongest_age_days = 0\n')
    rates = context.folder / "rates.csv"
    rates.write_text("date,from,to,rate\n2026-06-08,UAH,EUR,0.02\n", encoding="utf-8")
    load(context, Campaign("1", "OUTCOME_SALES", actions={"purchase": 1}, currency="UAH"))
    found = what_counts(context.folder.parents[1])
    assert "no rate from UAH to EUR for 2 of 3 days, the last one 2026-06-10" in found.detail
    rates.write_text("date,from,to,rate\n2026-06-08,UAH,EUR,0\n", encoding="utf-8")
    found = what_counts(context.folder.parents[1])
    assert (found.ok, "rates.csv: line 2: the rate is '0'" in found.detail) == (False, True)


def test_damage_that_no_reading_has_met_is_found(workspace: Path) -> None:
    """A block of the working file, and a page of the inbox: each is named with its cure."""
    context = client(workspace)
    load_days(context, {"2026-03-01": 1.0}, known_at="2026-03-02T09:00+00:00")
    inbox_of(context).keep([Delivery(b"digest", (Hint("act_1", "ads", None, None),))])
    assert failures(workspace) == {}
    for path in (context.warehouse / "working.duckdb", inbox_of(context).path):
        content = bytearray(path.read_bytes())
        content[100 : 100 + 64] = b"damage!!" * 8
        path.write_bytes(content)
    found = failures(workspace)
    assert "working.duckdb: damaged. Run `aibuyer sync`" in found["shop: warehouse"]
    assert "inbox.sqlite3 is damaged" in found["shop: inbox"]
