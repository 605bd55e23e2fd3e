"""Rules compiled into a program mean what the reference says, over a whole table and over one row at a time."""

import ast
import inspect
import random
from dataclasses import replace
from decimal import Decimal
from types import ModuleType

import numpy as np
import pytest

from aibuyer_kit.core.compiled import compiled
from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.rules.engine import kernels, ranks
from aibuyer_kit.rules.engine.live import Live
from aibuyer_kit.rules.engine.program import compile_rules
from aibuyer_kit.rules.evaluate import evaluate, verdicts
from aibuyer_kit.rules.subjects import is_in
from tests.rules.drawn import drawn_rules, drawn_table
from tests.rules.worlds import leaf, rule, subject, table


@pytest.mark.parametrize("seed", range(5))
def test_three_forms_agree(seed: int) -> None:
    """500 drawn rules over 300 ad sets: the reference, the program and the single row say the same of each."""
    rules = drawn_rules(seed, 100, ranks=0.02)
    world = drawn_table(seed, rules, 300)
    program = compile_rules(rules)
    at_once, live = program.run(world), Live(program, world)

    one_by_one = np.array([live.verdicts(row) for row in range(len(world))])

    expected = [verdicts(each, world) for each in rules]
    assert [at_once.of(number) for number in range(len(rules))] == expected
    assert [[(False, None, True)[each] for each in column] for column in one_by_one.T] == expected


def test_ranks_agree_in_every_shape() -> None:
    """Rules of nothing but ranks: both ends, counts and parts, zeros in and out, scopes and partitions."""
    rules = drawn_rules(21, 60, ranks=1.0)
    world = drawn_table(21, rules, 40)
    at_once = compile_rules(rules).run(world)
    assert [at_once.of(number) for number in range(len(rules))] == [verdicts(each, world) for each in rules]


def test_probabilities_agree_in_every_shape() -> None:
    """Rules of nothing but probabilities, of sums that are known, missing and absurd."""
    rules = drawn_rules(22, 60, ranks=0, chances=1.0)
    world = drawn_table(22, rules, 60)
    at_once = compile_rules(rules).run(world)
    assert [at_once.of(number) for number in range(len(rules))] == [verdicts(each, world) for each in rules]


def test_what_fired_is_every_pair_that_is_true() -> None:
    """Pairs come by rule and row, and are those where the reference is true."""
    rules = drawn_rules(11, 20)
    world = drawn_table(11, rules, 77)

    numbers, rows = compile_rules(rules).fired(world)

    told = [(number, row) for number, each in enumerate(rules) for row, v in enumerate(verdicts(each, world)) if v]
    assert list(zip(numbers.tolist(), rows.tolist(), strict=True)) == told


def test_the_order_of_rules_changes_nothing() -> None:
    """Shuffled rules give each the same verdicts."""
    rules = drawn_rules(12, 200, ranks=0.2)
    world = drawn_table(12, rules, 300)
    shuffled = random.Random(1).sample(range(len(rules)), len(rules))  # noqa: S311 # a sample

    straight, mixed = compile_rules(rules).run(world), compile_rules([rules[each] for each in shuffled]).run(world)

    assert [mixed.of(place) for place in range(len(rules))] == [straight.of(each) for each in shuffled]


def test_many_rows_are_split_into_tiles_and_threads_without_a_seam() -> None:
    """Each row of a table of 20,001 is what it is in a table without the others."""
    rules = drawn_rules(13, 60, ranks=0)
    world = drawn_table(13, rules, 300)
    repeated = np.arange(20_001) % 300
    large = replace(
        world,
        subjects=[world.subjects[row] for row in repeated],
        numbers={column: values[repeated] for column, values in world.numbers.items()},
        targets={name: values[repeated] for name, values in world.targets.items()},
    )
    program = compile_rules(rules)

    found, small = program.run(large), program.run(world)

    assert all(np.array_equal(found.numbers(number), small.numbers(number)[repeated]) for number in range(len(rules)))


def test_a_product_is_rounded_before_it_is_added_to() -> None:
    """(1 + 2**-30)**2 - 1 - 2**-29 is 0 in two roundings, and 2**-60 where multiplication and addition are fused."""
    one = rule(leaf("clicks * clicks - impressions", "=", 0))
    world = table([one], [(subject(), {"clicks": 1 + 2**-30, "impressions": 1 + 2**-29})])

    assert verdicts(one, world) == compile_rules([one]).run(world).of(0) == [True]


def test_many_thresholds_of_one_figure_are_all_told_apart() -> None:
    """700 rules compare one figure with 700 numbers, each of which is met exactly by one object."""
    rules = [rule(leaf("clicks", op, number)) for number in range(700) for op in (">", "=")]
    world = table(rules[:1], [(subject(number), {"clicks": float(number)}) for number in range(0, 700, 7)])

    found = compile_rules(rules).run(world)

    values = np.arange(0, 700, 7)
    assert all(np.array_equal(found.numbers(2 * each) == 2, values > each) for each in range(700))
    assert all(np.array_equal(found.numbers(2 * each + 1) == 2, values == each) for each in range(700))


def test_no_rules_and_no_rows_are_nothing() -> None:
    """A program of nothing runs, and a table of nobody has no verdicts."""
    one = rule(leaf("spend", ">", 1))
    assert compile_rules([]).fired(table([one], [(subject(), {})]))[0].tolist() == []
    assert compile_rules([one]).run(table([one], [])).of(0) == []


def test_a_column_that_the_table_lacks_is_named() -> None:
    """A table made for other rules is an error, not a table of unknowns."""
    one, other = rule(leaf("spend", ">", 1)), rule(leaf("clicks", ">", 1))
    with pytest.raises(RuleError, match="no column clicks over 3 days to yesterday"):
        compile_rules([other]).run(table([one], [(subject(), {})]))


def test_equal_comparisons_are_done_once_over_all_rules() -> None:
    """A hundred rules that ask the same keep one figure and one set of thresholds."""
    rules = [rule({"all": [leaf("cpa", ">", 30), leaf("cpa", "<=", Decimal("30.0"))]}) for _ in range(100)]
    code = compile_rules(rules).code
    assert (len(code.values), len(code.thresholds), len(code.fixed)) == (1, 1, 1)


def test_a_function_that_cannot_be_cached_is_compiled_all_the_same() -> None:
    """Without a file, and so without a place for its machine code, a function runs."""
    there: dict[str, object] = {}
    exec("def twice(value):\n    return 2 * value", there)  # noqa: S102 # a function without a file
    assert compiled(there["twice"])(21) == 42  # type: ignore[type-var,operator]


@pytest.mark.parametrize("module", [kernels, ranks])
def test_machine_code_hangs_on_nothing_in_another_file(module: ModuleType) -> None:
    """Numba keeps machine code until the file of its function changes, so what is imported must not be part of it."""
    imports = [each for each in ast.parse(inspect.getsource(module)).body if isinstance(each, ast.ImportFrom)]
    imported = {name.name for each in imports for name in each.names}
    functions = [each.py_func for each in vars(module).values() if hasattr(each, "py_func")]
    assert len(functions) >= 2
    own = [each for each in functions if each.__module__ == module.__name__]
    assert [(each.__name__, name) for each in own for name in each.__code__.co_names if name in imported] == []


@pytest.mark.prove
@pytest.mark.parametrize("part", range(20))
def test_three_forms_agree_on_ten_thousand_rules(part: int) -> None:
    """10,000 drawn rules over 1,000 objects; where ranks make the reference slow, it looks at every 50th of them."""
    rules = drawn_rules(1_000 + part, 500, ranks=0.02)
    world = drawn_table(1_000 + part, rules, 1_000)
    program = compile_rules(rules)
    at_once, live = program.run(world), Live(program, world)
    one_by_one = np.array([live.verdicts(row) for row in range(len(world))])

    for number, each in enumerate(rules):
        found = at_once.of(number)
        assert np.array_equal(at_once.numbers(number), one_by_one[:, number])
        if "within" in str(each.when.model_dump(by_alias=True)):
            inside = [row for row in range(0, len(world), 50) if is_in(each.scope, world.subjects[row])]
            assert [found[row] for row in inside] == [evaluate(each, world, row).verdict for row in inside]
        else:
            assert found == verdicts(each, world)
