"""What rules have done (`history`, `adrules_history`): nothing, for none is ever carried out."""

from aibuyer_kit.sandbox.graph.ad_rules.words import ACTIONS_DONE, EVALUATIONS
from aibuyer_kit.sandbox.graph.errors import invalid_parameter
from aibuyer_kit.sandbox.graph.messages import GraphRequest
from aibuyer_kit.sandbox.graph.nodes import check_fields
from aibuyer_kit.sandbox.graph.paging import page

_FIELDS = (
    *("evaluation_spec", "exception_code", "exception_message", "execution_spec", "is_manual", "results"),
    *("schedule_spec", "timestamp"),
)
_WORDS = {
    "action": ACTIONS_DONE,
    "evaluation_type": EVALUATIONS,
    "hide_no_changes": ("true", "false", "1", "0", "True", "False"),
}


def history_edge(request: GraphRequest, *, of_account: bool) -> dict[str, object]:
    """Return the empty page, if the question makes sense. Raises GraphError."""
    kind, fields = ("AdAccountAdRulesHistory", (*_FIELDS, "rule_id")) if of_account else ("AdRuleHistory", _FIELDS)
    check_fields(request.params.texts("fields"), dict.fromkeys(fields), kind)
    for name, words in _WORDS.items():
        if name in request.params and request.params.text(name) not in words:
            raise invalid_parameter(f"Param {name} must be one of {{{', '.join(words)}}}.")
    return page(request, (), lambda run: run, lambda run: run)
