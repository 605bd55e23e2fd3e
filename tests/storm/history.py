"""What was told of each thing, and when: the answers of the platform's log, by the loads that took them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from .graph import Answer, Key, Stream, Told
from .known import Load


@dataclass(frozen=True)
class Entry:
    """The last answer about a thing within one read: `told` is all that it may have left behind.

    A read that broke off keeps what it had taken by then, so that either the answer or what was there before is right.
    `first_told_at` is when it began to be told, `known_at` the platform's clock when the read had ended.
    """

    first_told_at: datetime
    known_at: datetime
    told: frozenset[Told]


@dataclass
class History:
    """Every thing that was ever told of, and the days of each stream that were read whole."""

    entries: dict[Key, list[Entry]] = field(default_factory=dict)
    covered: dict[Stream, set[date]] = field(default_factory=dict)
    last_told_at: datetime | None = None
    rows_heard: int = 0
    # Answers that said something new and that no load took: of a read that broke off, or contradicted itself.
    rows_lost: int = 0
    _of_stream: dict[Stream, list[Key]] = field(default_factory=dict)
    _waiting: dict[Key, list[tuple[datetime, Told]]] = field(default_factory=dict)
    _taken: set[Key] = field(default_factory=set)
    _interrupted: bool = False

    def hear(self, answers: Iterable[Answer]) -> None:
        """Take what was told since the last time."""
        for answer in answers:
            self.last_told_at = answer.told_at
            self.rows_heard += len(answer.rows)
            for key, told in answer.rows.items():
                self._waiting.setdefault(key, []).append((answer.told_at, told))

    def take(self, load: Load, known: dict[Key, Told]) -> None:
        """Note what a load should have left behind. Raises AssertionError if it is something else."""
        heard = {key: each for key in self._waiting if load.covers(key) and (each := self._heard(key, load.known_at))}
        self._taken |= heard.keys()
        if load.is_complete:
            self._check_whole(load, heard, known)
            self.covered.setdefault(load.stream, set()).update(_days(load))
        before = [key for key in self._of_stream.get(load.stream, ()) if load.covers(key)]
        for key in heard.keys() | before:
            told = [each for _, each in heard.get(key, ())]
            if not load.is_complete:
                possible = self._latest(key).union(told, [] if told or not load.may_close else [None])
                assert known.get(key) in possible, f"{load}: {key} is known as {known.get(key)}, told was {possible}"
            self.rows_lost += bool(told) and told[-1] != known.get(key)
            # What is seen is right: from here on the past has to read like this.
            first_told_at = heard[key][0][0] if key in heard else load.known_at
            entry = Entry(first_told_at, load.known_at, frozenset([known.get(key)]))
            if key not in self.entries:
                self._of_stream.setdefault(key.stream, []).append(key)
            self.entries.setdefault(key, []).append(entry)

    def _heard(self, key: Key, known_at: datetime) -> list[tuple[datetime, Told]]:
        return [(told_at, told) for told_at, told in self._waiting[key] if told_at <= known_at]

    def settle(self, *, interrupted: bool) -> None:
        """End a sync: what was told and not taken by a load is lost, unless an interruption may have delayed its load.

        Such an answer may be known or not: a read that contradicted itself, or broke off before its first table.
        """
        self._interrupted = interrupted
        for key, heard in self._waiting.items():
            if not interrupted and key not in self._taken:
                self.rows_lost += heard[-1][1] not in self._latest(key)
        self._taken.clear()
        if not interrupted:
            self._waiting.clear()

    def _check_whole(self, load: Load, heard: dict[Key, list[tuple[datetime, Told]]], known: dict[Key, Told]) -> None:
        """Raise AssertionError unless a load that says so is whole: row for row the last that was told."""
        assert self.last_told_at is not None
        assert load.known_at <= self.last_told_at, f"{load} is known before it was told"
        told = {key: each[-1][1] for key, each in heard.items()}
        if self._interrupted:
            # Loads of two syncs may appear at once.
            told = {key: known[key] for key in heard if key in known and known[key] in {one for _, one in heard[key]}}
        wrong = {key for key in told.keys() | known.keys() if told.get(key) != known.get(key)}
        shown = [(key, told.get(key), known.get(key)) for key in list(wrong)[:3]]
        assert not wrong, f"{load} says that it is whole; {len(wrong)} rows differ, told and known are {shown}"

    def _latest(self, key: Key) -> frozenset[Told]:
        entries = self.entries.get(key)
        return entries[-1].told if entries else frozenset([None])

    def right_at(self, key: Key, moment: datetime) -> frozenset[Told]:
        """Return what may be known of a thing at a moment: the last answer before it, or one just being told."""
        possible: frozenset[Told] = frozenset([None])
        for entry in self.entries[key]:
            if entry.known_at <= moment:
                possible = entry.told
            elif entry.first_told_at <= moment:
                possible |= entry.told
        return possible

    def told_before(self, key: Key, moment: datetime) -> frozenset[Told]:
        """Return everything that had ever been told of a thing by a moment."""
        entries = [entry.told for entry in self.entries[key] if entry.first_told_at <= moment]
        return frozenset([None]).union(*entries)


def _days(load: Load) -> Iterable[date]:
    if load.since is None or load.until is None:
        return ()
    return (load.since + timedelta(days=offset) for offset in range((load.until - load.since).days + 1))
