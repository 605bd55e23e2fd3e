"""The ledger: rows are only added, an approval binds one plan, and nothing is begun without it or twice."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateTable

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ApprovalError, LedgerError, NotFoundError
from aibuyer_kit.ledger.database import FILE_NAME, REVISION, open_engine, sqlite_url
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft, Proposal
from aibuyer_kit.ledger.tables import metadata

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANGE = Change("meta", "act_1", Level.ADSET, "7", "daily_budget", 50_000_000, 60_000_000)
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


def test_the_database_says_what_it_could_not_write(ledger: Ledger, tmp_path: Path) -> None:
    """As one sentence, and nothing of the step is there."""
    edit(tmp_path, "DROP TABLE proposed_change")
    with pytest.raises(LedgerError, match="Nothing of this step was written"):
        propose(ledger)
