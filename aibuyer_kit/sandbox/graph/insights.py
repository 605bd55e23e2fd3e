"""The insights edge: one row per object of the level, piece of the period and breakdown in which there was anything."""

import json

from aibuyer_kit.sandbox.graph.insight_rows import render_rows
from aibuyer_kit.sandbox.graph.insight_search import Search
from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.graph.paging import paged
from aibuyer_kit.sandbox.graph.question import Question
from aibuyer_kit.sandbox.graph.view import View


def insights_edge(view: View, question: Question, request: GraphRequest) -> bytes:
    """Return one page of the answer as JSON. Raises GraphError for a bad cursor."""
    search = Search(view, question)
    shown, paging = paged(request, search.find)
    if not shown:
        return b'{"data":[]}'
    rows = ",".join(render_rows(search.rows(shown), question.fields))
    return f'{{"data":[{rows}],"paging":{json.dumps(paging)}}}'.encode()
