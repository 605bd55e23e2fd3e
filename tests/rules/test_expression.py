"""Formulas: what is on the list becomes a tree and comes to what arithmetic says; nothing else gets through."""

import random
import tracemalloc

import pytest

from aibuyer_kit.core.errors import RuleError
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.rules.expression import Computed, Figure, Named, Tree, names, parse_expression, value_of
from aibuyer_kit.rules.fields import NUMBERS
from aibuyer_kit.rules.parse import parse_rule

KNOWN = {"spend": 90.0, "results": 3.0, "cpa": 30.0, "daily_budget": 50.0, "clicks": None}
# What has a place in a formula, and what people try instead.
PIECES = (
    *("spend", "results", "cpa", "daily_budget", "revenue", "reach", "net", "1", "2.5", "0", "1e3", "1e999", "-", "+"),
    *("*", "/", "(", ")", ",", "min(", "max(", "abs(", " ", "  ", ".", "..", "%", "^", "!", "=", ">", "<", "|", "&"),
    *("; DROP TABLE load", "read_csv('/etc/passwd')", "ATTACH 'x'", "COPY spend TO 'x'", "(SELECT 1)", "::INT", "--"),
    *("/*", "*/", "'", '"', "`", "$1", "?", "@", "#", "\\", "\n", "\x00", "сpa", "spend.x", "getenv('HOME')", "x -> x"),
    *("CASE WHEN 1 THEN 2 END", "CAST(spend AS INT)", "spend IN (1)", "spend IS NULL", "NOT spend", "lambda: 1", "[1]"),
    *(
        "{'a': 1}",
        "*",
        "count(*)",
        "sum(spend)",
        "lowest_of(spend, 1)",
        "random()",
        "current_date",
        "spend spend",
        "NaN",
    ),
    *(
        "Infinity",
        "range(10)",
        "spend OVER ()",
        "EXISTS (SELECT 1)",
        "__import__('os')",
        "true",
        "null",
        "INTERVAL 1 DAY",
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spend", 90),
        ("2 * cpa - spend / results", 30),
        ("spend - results - 7", 80),
        ("spend / results / 10", 3),
        ("-spend + 100", 10),
        ("(spend + 10) * 2", 200),
        ("max(cpa, daily_budget, 7)", 50),
        ("min(cpa, 7)", 7),
        ("abs(results - 5)", 2),
        ("max(clicks, 5)", None),
        ("spend / (results - 3)", None),
        ("1e15 * 1e15 * spend * 1e15 * 1e300", None),
    ],
)
def test_a_formula_comes_to_what_arithmetic_says(text: str, expected: float | None) -> None:
    """In the order in which it is written; what rests on something unknown is unknown, and so is what overflows."""
    if "1e300" in text:
        with pytest.raises(ValueError, match="beyond all bounds"):
            parse_expression(text)
        text = text.replace("1e300", " * ".join(["1e15"] * 20))
    assert value_of(parse_expression(text), KNOWN) == expected


def test_metrics_of_ones_own_stand_for_their_formulas() -> None:
    """Also within each other; one that stands for itself is refused."""
    own = {"net": "revenue - spend", "net_share": "net / revenue"}
    assert list(names(parse_expression("2 * net_share", own))) == ["revenue", "spend", "revenue"]
    with pytest.raises(ValueError, match="stands for itself: loop -> pool"):
        parse_expression("loop", {"loop": "pool + 1", "pool": "loop + 1"})


def test_a_division_by_a_literal_zero_is_refused() -> None:
    """However it is written."""
    for text in ("spend / 0", "spend / 0.0", "spend / (1 - 1)", "spend / -0", "spend / (0 * 5)", "spend / abs(0)"):
        with pytest.raises(ValueError, match="divides by zero"):
            parse_expression(text)


def tries_to_escape(seed: int, count: int) -> int:
    """Feed formulas put together at random; return how many were taken, each a tree of known names alone."""
    draw, taken = random.Random(seed), 0  # noqa: S311
    known = set(METRICS) | set(NUMBERS)
    for _ in range(count):
        text = "".join(draw.choice(PIECES) for _ in range(draw.randint(1, 8)))
        try:
            tree = parse_expression(text)
        except ValueError:
            continue
        taken += 1
        assert set(names(tree)) <= known
        assert only_known_nodes(tree)
        value_of(tree, dict.fromkeys(known, 1.0))
    return taken


def only_known_nodes(tree: Tree) -> bool:
    if isinstance(tree, Computed):
        return tree.op in ("+", "-", "*", "/", "neg", "abs", "min", "max") and all(map(only_known_nodes, tree.parts))
    return isinstance(tree, Figure | Named)


def test_nothing_but_arithmetic_gets_through() -> None:
    """Of ten thousand formulas, those with queries, files, functions, casts and other letters are refused plainly."""
    assert tries_to_escape(seed=1, count=10_000) > 100


@pytest.mark.parametrize(
    "content",
    [
        b'{"when": ' + b'{"not": ' * 9_000,
        b'{"id": "x", "when": {"all": [' + b'{"expr": "spend"},' * 3_500 + b"{}]}}",
        b'{"id": "' + b"x" * 65_000 + b'"}',
        b'{"value": ' + b"9" * 60_000 + b"}",
        b"[" * 10_000_000,
        b'{"id": "x", "when": {"expr": "' + b"(" * 60_000 + b'"}}',
        b'{"id": "x", "when": {"expr": "' + b"a+" * 30_000 + b'"}}',
        b'{"id": "x", "tags": ["' + b"-" * 60_000 + b'"]}',
        b'{"id": "x", "cooldown": "' + b"9" * 60_000 + b'h"}',
        b'{"id": "x", "scope": {"include": [' + b'"a",' * 15_000 + b'"b"]}}',
    ],
    ids=lambda content: content[:30].decode(),
)
def test_poison_takes_no_memory(content: bytes) -> None:
    """A rule that is refused costs below 50 MB."""
    tracemalloc.start()
    with pytest.raises(RuleError):
        parse_rule(content, "poison")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000
