"""Pages put together until they are worth a table of their own: a table costs more than its rows."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from aibuyer_kit.connectors.meta.paging import Rows
from aibuyer_kit.connectors.meta.questions import Question
from aibuyer_kit.connectors.meta.reading import Answer
from aibuyer_kit.connectors.meta.typed import TypedPage


@dataclass(frozen=True)
class Batch:
    """Pages of one question in a row, all typed or all plain, and what is left to be asked after them."""

    question: Question
    pages: tuple[Rows | TypedPage, ...]
    left: tuple[Question, ...]

    def whole(self) -> Rows | TypedPage:
        """Return all pages as one."""
        typed = [page for page in self.pages if isinstance(page, TypedPage)]
        if not typed:
            return [row for page in self.pages if isinstance(page, list) for row in page]
        return TypedPage(pa.concat_arrays([page.rows for page in typed]), typed[0].form, None)


class Gathering:
    """Collects answers; `add` yields a batch whenever one is large enough or what follows does not go with it."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._pages: list[Rows | TypedPage] = []
        self._question: Question | None = None
        self._left: tuple[Question, ...] = ()
        self._rows = 0

    def add(self, answer: Answer, left: tuple[Question, ...]) -> Iterator[Batch]:
        rows = answer.page.rows
        length = len(rows) if isinstance(rows, list) else len(rows.rows)
        if length and not self._goes_with(answer.question, rows):
            yield from self.rest()
        self._left = left
        if length:
            self._question = answer.question
            self._pages.append(rows)
            self._rows += length
        if self._rows >= self._most_rows:
            yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        """Yield what was collected, if anything."""
        if self._question is not None and self._pages:
            batch = Batch(self._question, tuple(self._pages), self._left)
            self._pages, self._rows = [], 0
            yield batch

    def _goes_with(self, question: Question, rows: Rows | TypedPage) -> bool:
        if not self._pages or self._question is None:
            return True
        before = self._pages[-1]
        same_form = isinstance(before, list) if isinstance(rows, list) else _has_form(before, rows.form)
        return same_form and question.days == self._question.days


def _has_form(page: Rows | TypedPage, form: pa.Schema) -> bool:
    # Mostly it is the very same object, and comparing two takes as long as all else that is done here.
    return isinstance(page, TypedPage) and (page.form is form or page.form.equals(form))
