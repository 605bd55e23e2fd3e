"""What is made of the objects on which a rule is said to be true."""

from aibuyer_kit.rules.evaluate import traces
from aibuyer_kit.workflows import evaluation
from tests.rules import worlds


def test_nothing_is_done_where_the_trace_does_not_say_that_the_rule_is_true() -> None:
    """Whatever named the rows: 9 is not over 10, an unknown figure is not, and only 11 is."""
    one = worlds.rule(worlds.leaf("spend", ">", 10))
    known = [(worlds.subject(row), {"spend": spend}) for row, spend in enumerate((11e6, 9e6, None))]
    table = worlds.table([one], known)
    told = [(trace, "") for trace in traces(one, table, [0, 1, 2])]
    found = evaluation._matches(one, table, [0, 1, 2], told)
    assert [each.subject.object_id for each in found] == ["0"]
