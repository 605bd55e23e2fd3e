"""Questions answered page by page: cut smaller where they are too large, and without a field that Meta refuses."""

import re
import threading
from collections import deque
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from aibuyer_kit.connectors.meta.api import MetaApi
from aibuyer_kit.connectors.meta.fields import INSIGHT_IDS
from aibuyer_kit.connectors.meta.paging import ReadPage, Rows, is_too_large, pages
from aibuyer_kit.connectors.meta.questions import Question
from aibuyer_kit.connectors.meta.runs import ReportRuns
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import PlatformError, RefusedError, SchemaDriftError

_WRONG_PARAMETER = 100


@dataclass(frozen=True)
class Answer:
    """One page of a question, and what is left to be asked after it."""

    question: Question
    page: ReadPage
    left: tuple[Question, ...]


@dataclass
class Reading:
    """Reads questions through one MetaApi. `optional` are fields that may be left out; `refused` those that were.

    `notice` is told what was left out. Safe between threads.
    """

    api: MetaApi
    runs: ReportRuns
    optional: frozenset[str]
    notice: Callable[[str], None]
    refused: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def answers(self, questions: Sequence[Question]) -> Iterator[Answer]:
        """Yield the pages of all questions in order. Raises PlatformError in its kinds: an incomplete read."""
        left, reports = list(questions), _Reports(self.runs)
        while left:
            question = left.pop(0)
            try:
                following = self._pages(reports.ready(question, left, self.refused))
                first = next(following)
            except RefusedError as error:
                self._leave_out(question, error)
                left.insert(0, question)
                continue
            except PlatformError as error:
                if not is_too_large(error) or question.after:
                    raise
                left[:0] = self._smaller(question, error)
                continue
            yield self._answer(question, first, left)
            for page in following:
                yield self._answer(question, page, left)

    def _answer(self, question: Question, page: ReadPage, left: Sequence[Question]) -> Answer:
        rest = [replace(question, after=page.after, page_size=page.page_size)] if page.after else []
        return Answer(question, page, (*rest, *left))

    def _pages(self, question: Question) -> Iterator[ReadPage]:
        fields = question.fields_without(self.refused)
        if question.field_groups > 1:
            yield self._joined(question, fields)
            return
        schema = None
        if question.days is not None and question.daily:
            from aibuyer_kit.connectors.meta.typed import page_schema

            schema = page_schema((*fields, *question.breakdowns))
        yield from pages(
            self.api,
            question.path,
            question.parameters(fields),
            page_size=question.page_size,
            after=question.after,
            shrink_first=not question.in_halves(),
            schema=schema,
        )

    def _smaller(self, question: Question, error: PlatformError) -> list[Question]:
        """Return questions that together ask the same: fewer days, a report, smaller scopes, fewer fields."""
        if halves := question.in_halves():
            return list(halves)
        if question.days is not None and not question.as_report and question.scope_level is Level.ACCOUNT:
            return [replace(question, as_report=True)]
        if question.days is not None and question.scope_level.depth < question.level.depth:
            return self._by_object(question)
        if fewer := question.with_fewer_fields():
            return [fewer]
        raise error

    def _by_object(self, question: Question) -> list[Question]:
        """Return one question per object of the next level that delivered anything in these days."""
        below = list(Level)[question.scope_level.depth + 1]
        name = f"{below}_id"
        asked = replace(question, level=below, fields=(name,), breakdowns=(), daily=False, as_report=False, run_id="")
        found = pages(self.api, asked.path, asked.parameters((name,)), page_size=question.page_size)
        ids = dict.fromkeys(str(row[name]) for page in found for row in _plain(page) if row.get(name))
        return list(question.below(list(ids), below))

    def _joined(self, question: Question, fields: Sequence[str]) -> ReadPage:
        """Return rows put together from parts that each hold some of the fields; the question is small by now."""
        rows: dict[tuple[object, ...], dict[str, Any]] = {}
        keys = (*INSIGHT_IDS[question.level], "date_start", "date_stop", *question.breakdowns)
        for part in question.parts(fields):
            for page in pages(self.api, question.path, question.parameters(part), page_size=question.page_size):
                for row in _plain(page):
                    rows.setdefault(tuple(row.get(name) for name in keys), {}).update(row)
        return ReadPage(list(rows.values()), "", question.page_size)

    def _leave_out(self, question: Question, error: RefusedError) -> None:
        """Note a field that Meta refuses, so that it is not asked for again. Raises the error if it names none."""
        words = set(re.findall(r"[a-z0-9_]+", str(error)))
        asked = [name for name in question.fields_without(self.refused) if name in words]
        named = [name for name in asked if name in self.optional]
        for breakdown in question.breakdowns:
            if breakdown in words:
                self.notice(
                    f"Meta refuses the breakdown {breakdown!r}: rows by {', '.join(question.breakdowns)} are left out."
                )
                raise error
        if error.code != _WRONG_PARAMETER or not named or len(named) < len(asked):
            raise error
        with self._lock:
            fresh = [name for name in named if name not in self.refused]
            self.refused.update(fresh)
        for name in fresh:
            self.notice(
                f"Meta refuses the field {name!r} of {question.level} {question.edge}; it is left out. ({error})"
            )


class _Reports:
    """The reports of one read: those that stand next to each other in it are worked on at the same time."""

    def __init__(self, runs: ReportRuns) -> None:
        self._runs = runs
        self._expected: deque[Question] = deque()
        self._finished: Iterator[Question | PlatformError] = iter(())

    def ready(self, question: Question, behind: Sequence[Question], refused: Container[str]) -> Question:
        """Return the question as it can be read: with its report finished if it asks for one.

        Raises PlatformError in its kinds, TooMuchDataError for a report that is too large.
        """
        if not question.waits_for_report:
            return question
        if not self._expected or self._expected.popleft() is not question:
            together = [question, *takewhile(lambda each: each.waits_for_report, behind)]
            self._finished = self._runs.finished(together, question.fields_without(refused))
            self._expected = deque(together[1:])
        try:
            found = next(self._finished)
        except PlatformError:
            self._expected.clear()
            raise
        if isinstance(found, PlatformError):
            raise found
        return found


def _plain(page: ReadPage) -> list[Mapping[str, Any]]:
    rows: Rows | object = page.rows
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SchemaDriftError("Meta insights: a row is not an object; the read is incomplete.")
    return rows
