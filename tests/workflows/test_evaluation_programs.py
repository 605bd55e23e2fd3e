"""Rules over a table: the compiled program and the reference see the same objects and fire on the same ones."""

import numpy as np

from aibuyer_kit.workflows.evaluation_programs import Programs
from tests.rules import worlds


def test_few_and_many_fire_on_the_same_rows_and_name_the_same() -> None:
    """Also for the next moment of the same objects, whose figures are others."""
    scopes = [{"status": ["ACTIVE"]}, {"include": ["3", "4"]}, {"status": ["ACTIVE"], "exclude": ["5"]}]
    rules = [worlds.rule(worlds.leaf("spend", ">", 3), scope=each, id=f"r{at}") for at, each in enumerate(scopes * 2)]
    subjects = [worlds.subject(number, status="PAUSED" if number == 4 else "ACTIVE") for number in range(8)]
    programs = Programs(many=0)
    for moment in range(3):
        spent = [(each, {"spend": (at + moment) * 1e6}) for at, each in enumerate(subjects)]
        table = worlds.table(rules, spent)
        expected = [list(range(4 - moment, 8)), [at for at in (3, 4) if at + moment > 3]]
        fired, named = programs.looked(rules, table)
        plain, plainly = Programs().looked(rules, table)
        assert fired == plain
        assert fired[0] == [row for row in expected[0] if row != 4]
        assert fired[1] == expected[1]
        assert {scope: mask.tolist() for scope, mask in named.items() if scope in plainly} == {
            scope: mask.tolist() for scope, mask in plainly.items()
        }
        assert int(np.sum(named[rules[1].scope])) == 2
