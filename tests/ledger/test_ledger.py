"""The ledger: rows are only added, an approval binds one plan, and nothing is begun without it or twice."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from aibuyer_kit.core.changes import Change, canonical_json, sha256
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ApprovalError, LedgerError, NotFoundError
from aibuyer_kit.ledger.database import FILE_NAME, REVISION, open_engine, sqlite_url
from aibuyer_kit.ledger.evaluation_records import Evaluation, Firing, KeptEffect, RuleFinding
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft, Proposal, plan_hash
from aibuyer_kit.ledger.tables import metadata

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANGE = Change("meta", "act_1", Level.ADSET, "7", "daily_budget", 50_000_000, 60_000_000)
RULE = '{"id":"sample"}'
PAUSE = Change("meta", "act_1", Level.ADSET, "8", "status", "ACTIVE", "PAUSED")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new ledger's file, made once: Alembic takes longer than most of these tests."""
    folder = tmp_path_factory.mktemp("empty")
    Ledger(folder).close()
    return folder / FILE_NAME


@pytest.fixture
def ledger(empty: Path, tmp_path: Path) -> Iterator[Ledger]:
    shutil.copy(empty, tmp_path)
    with Ledger(tmp_path) as opened:
        yield opened


def propose(ledger: Ledger, *changes: Change, by: str = "rules", by_person: bool = False) -> Proposal:
    drafts = [Draft(change, "a test", "=Sample", trace={"verdict": "yes"}) for change in changes or (CHANGE,)]
    return ledger.propose(drafts, proposed_by=by, by_person=by_person, made_at=NOW, expires_at=NOW + HOUR)


def approve(ledger: Ledger, number: int, by: str = "ann", **more: object) -> Proposal:
    return ledger.approve(number, approved_by=by, **({"now": NOW} | more))  # type: ignore[arg-type]


def evaluated(
    ledger: Ledger, *changes: Change, at: datetime = NOW, rule_id: str = "sample", **more: Any
) -> tuple[int, Proposal | None]:
    """Write an evaluation in which one rule fired on one object, with these changes and a call."""
    effects = [KeptEffect("change", change.canonical(), place) for place, change in enumerate(changes)]
    held = KeptEffect("nothing", "{}", None, "nothing to do", "rule: a test")
    effects += [held, KeptEffect("call", '{"body":"{}","url":"https://example.org"}')]
    found = RuleFinding(
        rule_id,
        "1-abc",
        "meta",
        "act_1",
        "adset",
        f"{at:%Y-%m-%d}",
        5,
        250,
        (Firing("7", "=Sample", {"verdict": "yes"}, tuple(effects)),),
        more.get("slot"),
    )
    run = Evaluation(at, more.get("load_id", 4), at, [(rule_id, "1-abc", RULE)], "{}", '{"a":1}', [found], 900)
    drafts = [Draft(change, "a test", "=Sample", rule_id) for change in changes]
    return ledger.decide(run, drafts, proposed_by="rules", expires_at=at + HOUR)


def edit(folder: Path, statement: str) -> None:
    """Change rows behind the ledger's back, as somebody with the file could."""
    engine = create_engine(sqlite_url(folder))
    with engine.begin() as connection:
        for name in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
            connection.execute(text(f"DROP TRIGGER {name}"))
        connection.execute(text(statement))
    engine.dispose()


def test_a_proposal_is_kept_whole(ledger: Ledger) -> None:
    """With its changes, in their order, and the hash that an approval will bind."""
    made = propose(ledger, CHANGE, PAUSE)
    assert ledger.proposal(made.proposal_id) == made
    assert [each.change for each in made.changes] == [CHANGE, PAUSE]
    assert made.is_intact
    assert not made.is_approved


def test_what_is_written_is_synced_to_the_disk(ledger: Ledger, tmp_path: Path) -> None:
    """WAL, synchronous=FULL and foreign keys hold on every connection."""
    engine = open_engine(sqlite_url(tmp_path))
    with engine.connect() as connection:
        read = [connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")]
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO approval VALUES (1, 99, 'ann', '', '')"))
    engine.dispose()
    assert read == ["wal", 2, 1]


@pytest.mark.parametrize("table", sorted(metadata.tables))
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {}_id = 99"])
def test_rows_are_only_ever_added(ledger: Ledger, tmp_path: Path, table: str, statement: str) -> None:
    """Every table refuses whatever would change or remove a row."""
    approve(ledger, propose(ledger).proposal_id)
    ledger.begin(1, now=NOW)
    ledger.put_off(1, now=NOW, until=NOW, reason="a test")
    ledger.conclude(1, "done", read_back=60_000_000, reason="read back", now=NOW)
    ledger.reject(propose(ledger).proposal_id, rejected_by="bob", now=NOW)
    number, _ = evaluated(ledger)
    ledger.evaluations.conclude_call(
        ledger.evaluations.begin_call(ledger.evaluations.calls_to_make(number)[0].effect_id, now=NOW),
        "sent",
        reason="200",
        now=NOW,
    )
    engine = open_engine(sqlite_url(tmp_path))
    key = table.removeprefix("proposed_")
    with engine.connect() as connection, pytest.raises(IntegrityError, match="only ever added"):
        connection.execute(text(statement.format(table, key)))
    engine.dispose()


def test_the_migrations_make_the_tables_that_the_code_knows(ledger: Ledger, tmp_path: Path) -> None:
    """Names, whether a value may be missing, and what is unique."""
    engine = open_engine(sqlite_url(tmp_path))
    found = inspect(engine)
    made = {
        name: {column["name"]: column["nullable"] for column in found.get_columns(name)}
        for name in found.get_table_names()
        if name != "alembic_version"
    }
    unique = {name: sorted(tuple(each["column_names"]) for each in found.get_unique_constraints(name)) for name in made}
    engine.dispose()
    assert made == {
        name: {column.name: bool(column.nullable) for column in table.columns}
        for name, table in metadata.tables.items()
    }
    assert unique["intent"] == [("change_id",), ("idempotency_key",)]
    assert (unique["outcome"], unique["approval"]) == ([("intent_id",)], [("proposal_id",)])


def test_the_newest_revision_is_the_one_that_is_opened() -> None:
    """Else each opening would load Alembic, or a new migration would never run."""
    versions = Path(sys.modules["aibuyer_kit.ledger.database"].__file__ or "").parent / "migrations" / "versions"
    assert max(path.stem.partition("_")[0] for path in versions.glob("[0-9]*.py")) == REVISION


def test_another_database_takes_the_same_tables() -> None:
    """PostgreSQL is a matter of an address."""
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_a_ledger_of_a_newer_version_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """Its rows may mean something else."""
    ledger.close()
    edit(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match="another version of aibuyer-kit"):
        Ledger(tmp_path)


def test_two_processes_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    """One of them makes it, and both can use it."""
    program = "import sys, pathlib; from aibuyer_kit.ledger.ledger import Ledger; Ledger(pathlib.Path(sys.argv[1]))"
    running = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]


@pytest.mark.parametrize("by", ["ann", " Ann ", "ANN"])
def test_nobody_approves_what_he_or_she_proposed(ledger: Ledger, by: str) -> None:
    """However the name is written; unless the workspace allows it to people who work alone."""
    made = propose(ledger, by="ann", by_person=True)
    with pytest.raises(ApprovalError, match="may not approve it too"):
        approve(ledger, made.proposal_id, by)
    assert approve(ledger, made.proposal_id, by, own=True).is_approved


def test_an_approval_is_given_once_in_time_and_for_what_was_seen(ledger: Ledger) -> None:
    """Expired, replayed, nameless, or of another plan: refused, and the next good one holds."""
    made = propose(ledger)
    for more, said in (
        ({"now": NOW + HOUR}, "expired"),
        ({"seen_hash": "0123456789ab"}, "not 0123456789ab"),
        ({"by": "  "}, "needs the name"),
    ):
        with pytest.raises(ApprovalError, match=said):
            approve(ledger, made.proposal_id, **more)  # type: ignore[arg-type]
    approve(ledger, made.proposal_id, seen_hash=made.plan_hash[:12])
    with pytest.raises(ApprovalError, match="approved by ann already"):
        approve(ledger, made.proposal_id, by="bob")
    with pytest.raises(NotFoundError, match="from 1 to 1"):
        approve(ledger, 2)


def test_a_bundle_is_kept_and_bound_by_the_approval(ledger: Ledger, tmp_path: Path) -> None:
    """A proposal without any has the hash that it always had; one of which a bundle was edited is not approved."""
    times = {"made_at": NOW, "expires_at": NOW + timedelta(hours=24)}
    drafts = [Draft(CHANGE, "why", bundle="share 7"), Draft(PAUSE, "why")]
    made = ledger.propose(drafts, proposed_by="rules", by_person=False, **times)
    assert [each.draft.bundle for each in made.changes] == ["share 7", ""]
    assert made.is_intact
    loose = [Draft(CHANGE, "why"), Draft(PAUSE, "why")]
    expires_at = made.expires_at.isoformat(timespec="microseconds")
    content = {"proposal_id": 1, "expires_at": expires_at, "changes": [asdict(CHANGE), asdict(PAUSE)]}
    as_ever = sha256(canonical_json(content))
    assert plan_hash(made.proposal_id, made.expires_at, loose) == as_ever != made.plan_hash
    edit(tmp_path, "UPDATE proposed_change SET bundle = NULL")
    with pytest.raises(ApprovalError, match="rows were edited"):
        approve(ledger, made.proposal_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proposed_change SET after_value = '90000000' WHERE field = 'daily_budget'",
        "UPDATE proposed_change SET object_id = '9'",
        "UPDATE proposed_change SET before_value = '1' WHERE field = 'daily_budget'",
        "UPDATE proposal SET expires_at = '2027-01-01T00:00:00.000000+00:00'",
        "DELETE FROM proposed_change WHERE number = 2",
    ],
)
def test_an_edited_proposal_is_neither_approved_nor_applied(ledger: Ledger, tmp_path: Path, statement: str) -> None:
    """Whether it was edited before its approval or after it."""
    fresh, approved = propose(ledger, CHANGE, PAUSE), propose(ledger, CHANGE, PAUSE)
    approve(ledger, approved.proposal_id)
    edit(tmp_path, statement)
    with pytest.raises(ApprovalError, match="rows were edited"):
        approve(ledger, fresh.proposal_id)
    assert not ledger.proposal(approved.proposal_id).is_approved
    with pytest.raises(LedgerError, match="not covered by an approval"):
        ledger.begin(approved.changes[0].change_id, now=NOW)


def test_a_row_that_is_no_change_any_more_stops_everything(ledger: Ledger, tmp_path: Path) -> None:
    """Whoever could edit one row could edit others."""
    propose(ledger)
    edit(tmp_path, "UPDATE proposed_change SET after_value = 'nan'")
    with pytest.raises(LedgerError, match=r"change 1\.1 was edited"):
        ledger.proposals()


def test_an_approval_of_one_proposal_is_none_of_another(ledger: Ledger, tmp_path: Path) -> None:
    """The same changes under another number have another hash."""
    first, second = propose(ledger), propose(ledger)
    approve(ledger, first.proposal_id)
    edit(tmp_path, "UPDATE approval SET proposal_id = 2")
    assert not ledger.proposal(second.proposal_id).is_approved


def test_nothing_is_begun_without_an_approval_or_after_its_end(ledger: Ledger) -> None:
    """And an outcome is written once."""
    made = propose(ledger)
    change_id = made.changes[0].change_id
    with pytest.raises(LedgerError, match="not covered by an approval"):
        ledger.begin(change_id, now=NOW)
    approve(ledger, made.proposal_id)
    assert [ledger.begin(change_id, now=NOW) for _ in range(2)] == [1, 2]
    ledger.conclude(change_id, "done", read_back=60_000_000, reason="read back", now=NOW)
    for again in (
        lambda: ledger.begin(change_id, now=NOW),
        lambda: ledger.conclude(change_id, "failed", read_back=None, reason="", now=NOW),
    ):
        with pytest.raises(LedgerError, match="ended already: done"):
            again()
    assert ledger.to_apply() == []


def test_states_follow_from_rows(ledger: Ledger) -> None:
    """From pending to done, and what is late or in doubt on the way."""
    made = propose(ledger)
    change_id = made.changes[0].change_id

    def state(now: datetime = NOW) -> str:
        plan = ledger.proposal(made.proposal_id)
        return plan.state_of(plan.changes[0], now)

    seen = [state(), state(NOW + HOUR)]
    approve(ledger, made.proposal_id)
    seen.append(state())
    ledger.begin(change_id, now=NOW)
    seen.append(state(NOW + 9 * HOUR))
    ledger.put_off(change_id, now=NOW, until=NOW + HOUR, reason="later")
    seen.append(state())
    ledger.conclude(change_id, "conflict", read_back=None, reason="moved", now=NOW)
    seen.append(state())
    assert seen == ["pending", "expired", "approved", "doubt", "waiting", "conflict"]


def test_an_evaluation_is_kept_whole_with_its_proposal(ledger: Ledger, tmp_path: Path) -> None:
    """All of it comes back; a text that two evaluations share is kept once; loads that were read are told."""
    number, made = evaluated(ledger, CHANGE, slot="every 2026-06-01 12 0")
    assert made
    kept = ledger.evaluations.evaluation(number)
    assert kept.rules == [("sample", "1-abc", RULE)]
    assert (kept.targets, kept.curves, kept.load_id, kept.data_known_at) == ("{}", '{"a":1}', 4, NOW)
    (found,) = kept.findings
    assert found.suppressed == {"nothing to do": 1}
    assert (found.proposed, found.firings[0].effects[0].draft) == (1, 0)
    evaluated(ledger, load_id=6)
    engine = open_engine(sqlite_url(tmp_path))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept_text")) == 3
    engine.dispose()
    assert ledger.loads_read() == (4, 6)
    assert ledger.evaluations.slots({"every 2026-06-01 12 0", "cron"}, load_id=9) == {
        ("sample", "meta", "act_1", "every 2026-06-01 12 0")
    }


def test_an_evaluation_and_its_proposal_are_written_together_or_not_at_all(ledger: Ledger, tmp_path: Path) -> None:
    """Else a rule could ask again for what was proposed already."""
    edit(tmp_path, "DROP TABLE effect")
    with pytest.raises(LedgerError, match="Nothing of this step was written"):
        evaluated(ledger, CHANGE)
    assert ledger.proposals() == []


def test_what_was_rejected_can_neither_be_approved_nor_applied(ledger: Ledger) -> None:
    """Before its approval or after it, but not once something of it was begun; and only once."""
    fresh, approved, begun = propose(ledger), propose(ledger), propose(ledger)
    approve(ledger, approved.proposal_id)
    approve(ledger, begun.proposal_id)
    ledger.begin(begun.changes[0].change_id, now=NOW)
    for made in (fresh, approved):
        done = ledger.reject(made.proposal_id, rejected_by="bob", now=NOW, reason="too bold")
        assert done.state_of(done.changes[0], NOW) == "rejected"
        assert not done.is_open(NOW)
        with pytest.raises(ApprovalError, match="was rejected by bob"):
            approve(ledger, made.proposal_id)
        with pytest.raises(ApprovalError, match="was rejected by bob already"):
            ledger.reject(made.proposal_id, rejected_by="ann", now=NOW)
    with pytest.raises(LedgerError, match="not covered by an approval"):
        ledger.begin(approved.changes[0].change_id, now=NOW)
    with pytest.raises(ApprovalError, match="is being applied already"):
        ledger.reject(begun.proposal_id, rejected_by="bob", now=NOW)
    assert [plan.proposal_id for plan in ledger.to_apply()] == [begun.proposal_id]


def test_what_rules_did_is_known_until_it_came_to_nothing(ledger: Ledger) -> None:
    """Proposed, rejected, sent and done counts from its last touch; what expired unsent does not count."""
    _, made = evaluated(ledger, CHANGE)
    evaluated(ledger, PAUSE, rule_id="other")
    since = NOW - HOUR

    def known(now: datetime = NOW) -> list[tuple[str, str, datetime]]:
        return [(each.rule_id, each.object_id, each.at) for each in ledger.evaluations.past_changes(since, now)]

    assert known() == [("sample", "7", NOW), ("other", "8", NOW)]
    ledger.reject(2, rejected_by="bob", now=NOW)
    assert known() == [("sample", "7", NOW), ("other", "8", NOW)]
    assert known(NOW + HOUR) == []
    assert made
    approve(ledger, made.proposal_id)
    ledger.begin(made.changes[0].change_id, now=NOW + HOUR / 2)
    assert known(NOW + 9 * HOUR) == [("sample", "7", NOW + HOUR / 2)]
    ledger.conclude(made.changes[0].change_id, "done", read_back=60_000_000, reason="", now=NOW + HOUR)
    assert known(NOW + 9 * HOUR) == [("sample", "7", NOW + HOUR)]
    assert ledger.evaluations.past_changes(NOW + HOUR, NOW) == []


def test_what_failed_counts_and_what_expired_before_it_was_sent_does_not(ledger: Ledger) -> None:
    """A refusal will be the same in a minute; an approved change that nobody sent in time changed nothing."""
    for ended_at, counts in ((NOW, True), (NOW + HOUR, False)):
        _, made = evaluated(ledger, CHANGE)
        assert made
        approve(ledger, made.proposal_id)
        ledger.conclude(made.changes[0].change_id, "failed", read_back=None, reason="", now=ended_at)
        known = ledger.evaluations.past_changes(NOW, NOW + 9 * HOUR)
        assert (made.proposal_id in {each.evaluation_id for each in known}) == counts


def test_an_outgoing_call_is_begun_once(ledger: Ledger) -> None:
    """However often a decision is taken up."""
    number, _ = evaluated(ledger)
    (waiting,) = ledger.evaluations.calls_to_make(number)
    ledger.evaluations.begin_call(waiting.effect_id, now=NOW)
    assert ledger.evaluations.calls_to_make(number) == []
    with pytest.raises(LedgerError, match="UNIQUE"):
        ledger.evaluations.begin_call(waiting.effect_id, now=NOW)


def test_a_ledger_of_the_money_path_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its proposals keep their hashes and their approvals."""
    old = Path(__file__).with_name("ledger_0001.sql").read_text(encoding="utf-8")
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.executescript(old)
    connection.close()
    with Ledger(tmp_path) as opened:
        plan = opened.proposal(1)
        assert plan.is_approved
        assert [each.change for each in plan.changes] == [CHANGE, PAUSE]
        assert plan.changes[0].change.fingerprint() == (
            "db3cd8ec99ad4f1dcaa9053564b7ebab1ad0fb86d2e11950aa53eed4109d37b5"
        )
        assert evaluated(opened, CHANGE)[0] == 1


def test_the_database_says_what_it_could_not_write(ledger: Ledger, tmp_path: Path) -> None:
    """As one sentence, and nothing of the step is there."""
    edit(tmp_path, "DROP TABLE proposed_change")
    with pytest.raises(LedgerError, match="Nothing of this step was written"):
        propose(ledger)
