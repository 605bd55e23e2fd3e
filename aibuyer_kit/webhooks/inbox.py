"""A client's durable inbox: one row per delivery, however often it comes, and no answer before it is on the disk."""

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InboxError
from aibuyer_kit.webhooks.messages import Hint

# Digests stay after the work is done, so that a delivery that is sent again next year is still a repetition.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    digest BLOB PRIMARY KEY,          -- SHA-256 of the raw body
    received_at TEXT NOT NULL,        -- ISO 8601, UTC
    repeats INTEGER NOT NULL DEFAULT 0,
    hints TEXT                        -- JSON; NULL once the objects have been read again
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS waiting ON delivery (digest) WHERE hints IS NOT NULL;
CREATE TABLE IF NOT EXISTS refused (reason TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
"""
_BUSY_SECONDS = 10.0


@dataclass(frozen=True)
class Delivery:
    """One delivery, or a client's part of it."""

    digest: bytes
    hints: tuple[Hint, ...]


@dataclass(frozen=True)
class InboxCounts:
    """Distinct deliveries, repetitions that were dropped, and deliveries whose objects are still to be read again."""

    deliveries: int
    repeats: int
    waiting: int


class Inbox:
    """One SQLite file; every method is a transaction of its own and may be called from any one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, deliveries: Sequence[Delivery], *, now: datetime | None = None) -> list[bool]:
        """Store the deliveries and return which of them are new; on return they survive a crash.

        Raises InboxError if they could not be stored: none of them then is.
        """
        at = (now or datetime.now(UTC)).isoformat()
        with self._transaction() as database:
            return [_kept(database, delivery, at) for delivery in deliveries]

    def waiting(self) -> tuple[Delivery, ...]:
        """Return the deliveries whose objects have not been read again yet, in no particular order."""
        if not self.path.exists():
            return ()
        with self._transaction() as database:
            rows = database.execute("SELECT digest, hints FROM delivery WHERE hints IS NOT NULL").fetchall()
        try:
            return tuple(Delivery(digest, tuple(_hint(each) for each in json.loads(hints))) for digest, hints in rows)
        except (ValueError, TypeError, KeyError):
            raise self._damaged("a delivery in it cannot be read") from None

    def done(self, deliveries: Iterable[Delivery]) -> None:
        """Note that the objects of these deliveries have been read again."""
        with self._transaction() as database:
            database.executemany(
                "UPDATE delivery SET hints = NULL WHERE digest = ?", [(delivery.digest,) for delivery in deliveries]
            )

    def counts(self) -> InboxCounts:
        """Return the counts; all zero where nothing has come yet."""
        if not self.path.exists():
            return InboxCounts(0, 0, 0)
        with self._transaction() as database:
            row = database.execute("SELECT count(*), coalesce(sum(repeats), 0), count(hints) FROM delivery").fetchone()
        return InboxCounts(*row)

    def add_refused(self, reasons: Mapping[str, int]) -> None:
        """Add to the counts of what was refused."""
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO refused VALUES (?, ?) ON CONFLICT (reason) DO UPDATE SET times = times + excluded.times",
                list(reasons.items()),
            )

    def refused(self) -> Counter[str]:
        """Return how often each reason for a refusal came up."""
        if not self.path.exists():
            return Counter()
        with self._transaction() as database:
            return Counter(dict(database.execute("SELECT reason, times FROM refused").fetchall()))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = FULL")
                database.executescript(_SCHEMA)
                with database:
                    yield database
        except (sqlite3.OperationalError, OSError) as error:
            raise InboxError(
                f"{self.path} cannot be used ({error}). Free some space, or check its owner and mode, and try again."
            ) from None
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from None

    def _damaged(self, why: str) -> InboxError:
        return InboxError(
            f"{self.path} is damaged ({why}). Move it away with its -wal and -shm files, and run `aibuyer sync`: it"
            " reads all that the deliveries in it pointed to."
        )

    def check(self) -> None:
        """Raise InboxError if the file is damaged; SQLite looks at its structure, there are no checksums."""
        if self.path.exists():
            with self._transaction() as database:
                (found,) = database.execute("PRAGMA quick_check").fetchone()
            if found != "ok":
                raise self._damaged(str(found))
            self.waiting()


def _kept(database: sqlite3.Connection, delivery: Delivery, at: str) -> bool:
    row = (delivery.digest, at, json.dumps([astuple(hint) for hint in delivery.hints]))
    new = database.execute("INSERT OR IGNORE INTO delivery (digest, received_at, hints) VALUES (?, ?, ?)", row).rowcount
    if not new:
        database.execute("UPDATE delivery SET repeats = repeats + 1 WHERE digest = ?", (delivery.digest,))
    return bool(new)


def _hint(stored: Sequence[str | None]) -> Hint:
    account_id, field, level, object_id = stored
    return Hint(str(account_id), str(field), Level(level) if level else None, object_id)
