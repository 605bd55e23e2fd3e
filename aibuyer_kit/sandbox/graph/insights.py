"""The insights edge: one row per object of the level, piece of the period and breakdown in which there was anything."""

import json
from collections.abc import Sequence

from aibuyer_kit.sandbox.graph.insight_rows import render_rows
from aibuyer_kit.sandbox.graph.insight_search import Found, Search
from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.graph.paging import Place, paged
from aibuyer_kit.sandbox.graph.question import Question
from aibuyer_kit.sandbox.graph.view import View


def insights_edge(view: View, question: Question, request: GraphRequest) -> bytes:
    """Return one page of the answer as JSON. Raises GraphError for a bad cursor."""
    search = Search(view, question)
    shown, paging = paged(request, search.find)
    parts = [f'"data":[{_rows(search, shown, question)}]']
    if paging:
        parts.append(f'"paging":{json.dumps(paging)}')
    if question.summary:
        whole = Search(view, question.about_the_whole)
        found = [one for _, one in whole.find(Place(), 1)]
        parts.append(f'"summary":{_rows(whole, found, question.about_the_whole) or "{}"}')
    return f"{{{','.join(parts)}}}".encode()


def _rows(search: Search, found: Sequence[Found], question: Question) -> str:
    return ",".join(render_rows(search.rows(found), question.fields)) if found else ""
