"""Rules as peers decide them: the same conditions in their languages, over columns in units, and ratios."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from drawn_rules import ORDERS, RATIOS, WINDOWS

from aibuyer_kit.core.metrics import METRICS, Measure, Ratio, multipliers
from aibuyer_kit.rules.conditions import Against, All, AnyOf, Condition, Leaf
from aibuyer_kit.rules.engine.program import Verdicts
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.table import Floats, Table

POLARS, DUCKDB, ZEN, JSON_LOGIC, RULE_ENGINE = "polars eager", "DuckDB columns", "zen", "json-logic", "rule-engine"


def feature(name: str, days: int) -> str:
    return f"{name}_{days}"


def compared(leaf: Leaf) -> tuple[str, str, float, str | None]:
    """Return a comparison as feature, operator, number, and the feature that the number multiplies."""
    mine = feature(leaf.expr, leaf.window.days)  # type: ignore[union-attr]
    if isinstance(leaf.value, Against):
        times, name = leaf.value.expr.split(" * ")
        return mine, leaf.op, float(times), feature(name, leaf.value.window.days)  # type: ignore[union-attr]
    return mine, leaf.op, float(leaf.value), None  # type: ignore[arg-type]


def told(
    condition: Condition, words: Callable[[Leaf], Any], all_of: Callable[..., Any], any_of: Callable[..., Any]
) -> Any:
    """Return a condition in another language."""
    match condition:
        case All(all=parts):
            return all_of([told(part, words, all_of, any_of) for part in parts])
        case AnyOf(any=parts):
            return any_of([told(part, words, all_of, any_of) for part in parts])
    return words(condition)  # type: ignore[arg-type]


def as_text(condition: Condition) -> str:
    """Return a condition as SQL, zen and rule-engine all read it."""

    def words(leaf: Leaf) -> str:
        mine, op, number, other = compared(leaf)
        return f"{mine} {op} {number!r} * {other}" if other else f"{mine} {op} {number!r}"

    return str(
        told(condition, words, lambda parts: f"({' and '.join(parts)})", lambda parts: f"({' or '.join(parts)})")
    )


def as_json_logic(condition: Condition) -> Any:
    def words(leaf: Leaf) -> Any:
        mine, op, number, other = compared(leaf)
        return {op: [{"var": mine}, {"*": [number, {"var": other}]} if other else number]}

    return told(condition, words, lambda parts: {"and": parts}, lambda parts: {"or": parts})


def peer_features(table: Table) -> dict[str, Floats]:
    """Return units and ratios of all columns, by the names that peers know them by; NaN is missing."""
    found: dict[str, Floats] = {}
    sums = {(column.name, column.window.days): each for column, each in table.numbers.items() if column.of == "self"}  # type: ignore[union-attr]
    with np.errstate(all="ignore"):
        for (name, days), values in sums.items():
            found[feature(name, days)] = values / 1e6 if METRICS[name].unit == "money" else values
        for name in RATIOS:
            ratio = METRICS[name]
            assert isinstance(ratio, Ratio)  # noqa: S101 # RATIOS are
            above, below = multipliers(ratio)
            for days in WINDOWS:
                top, bottom = sums.get((ratio.numerator, days)), sums.get((ratio.denominator, days))
                if top is not None and bottom is not None:
                    divided = (top * above) / (bottom * below)
                    found[feature(name, days)] = np.where(np.isfinite(divided), divided, np.nan)
    return found


def with_polars(rules: Sequence[Rule], table: Table) -> Callable[[], Any]:
    """Polars eager: units and ratios in one step, then every rule as one expression; missing values are null."""
    import polars as pl  # type: ignore[import-not-found,unused-ignore]

    raw = {f"{c.name}_{c.window.days}_raw": values for c, values in table.numbers.items() if c.of == "self"}  # type: ignore[union-attr]
    frame = pl.DataFrame(raw).fill_nan(None)
    steps = []
    for column in table.numbers:
        measure, name = METRICS[column.name], feature(column.name, column.window.days)  # type: ignore[union-attr]
        if column.of == "self" and isinstance(measure, Measure):
            own = pl.col(f"{name}_raw")
            steps.append((own / 1e6 if measure.unit == "money" else own).alias(name))
    used = {each for rule in rules for leaf in rule.leaves() for each in compared(leaf) if isinstance(each, str)}  # type: ignore[arg-type]
    for name in RATIOS:
        ratio = METRICS[name]
        assert isinstance(ratio, Ratio)  # noqa: S101 # RATIOS are
        above, below = multipliers(ratio)
        for days in WINDOWS:
            if feature(name, days) in used:
                top, bottom = pl.col(f"{ratio.numerator}_{days}_raw"), pl.col(f"{ratio.denominator}_{days}_raw")
                divided = (top * float(above)) / (bottom * float(below))
                steps.append(pl.when(bottom != 0).then(divided).alias(feature(name, days)))

    def words(leaf: Leaf) -> Any:
        mine, op, number, other = compared(leaf)
        return getattr(pl.col(mine), ORDERS[op])(number * pl.col(other) if other else number)

    conditions = [
        told(rule.when, words, pl.all_horizontal, pl.any_horizontal).alias(f"r{n}") for n, rule in enumerate(rules)
    ]
    return lambda: frame.select(steps).select(conditions)


def with_duckdb(rules: Sequence[Rule], table: Table) -> Callable[[], Any]:
    """DuckDB: a table of features, and a table of one boolean column a rule made of it."""
    import duckdb
    import pyarrow as pa

    features = {name: pa.array(values, from_pandas=True) for name, values in peer_features(table).items()}
    connection = duckdb.connect()
    connection.register("given", pa.table(features))
    connection.execute("CREATE TABLE feature AS SELECT * FROM given")
    columns = ", ".join(f"{as_text(rule.when)} AS r{number}" for number, rule in enumerate(rules))
    return lambda: connection.execute(f"CREATE OR REPLACE TABLE verdict AS SELECT {columns} FROM feature")  # noqa: S608


def with_zen(rules: Sequence[Rule], rows: Sequence[dict[str, float]]) -> Callable[[], Any]:
    """GoRules zen: all rules as one compiled expression, so that there is one call for each object."""
    import zen  # type: ignore[import-not-found,unused-ignore]

    compiled = zen.compile_expression(f"[{', '.join(as_text(rule.when) for rule in rules)}]")
    return lambda: [compiled.evaluate(row) for row in rows]


def with_json_logic(rules: Sequence[Rule], rows: Sequence[dict[str, float]]) -> Callable[[], Any]:
    from json_logic import jsonLogic  # type: ignore[import-not-found,unused-ignore]

    conditions = [as_json_logic(rule.when) for rule in rules]
    return lambda: [[jsonLogic(each, row) for each in conditions] for row in rows]


def with_rule_engine(rules: Sequence[Rule], rows: Sequence[dict[str, float]]) -> Callable[[], Any]:
    from rule_engine import Rule as Peer  # type: ignore[import-not-found,unused-ignore]

    compiled = [Peer(as_text(rule.when)) for rule in rules]
    return lambda: [[each.matches(row) for each in compiled] for row in rows]


WHOLE: Mapping[str, Callable[[Sequence[Rule], Table], Callable[[], Any]]] = {POLARS: with_polars, DUCKDB: with_duckdb}
SAMPLED: Mapping[str, tuple[Callable[[Sequence[Rule], Sequence[dict[str, float]]], Callable[[], Any]], int]] = {
    ZEN: (with_zen, 1_000),
    JSON_LOGIC: (with_json_logic, 20),
    RULE_ENGINE: (with_rule_engine, 20),
}


def agreement(name: str, answer: Any, verdicts: Verdicts) -> float:
    """Return the share of verdicts that a peer gives as ours, unknown ones included."""
    if name == POLARS:
        columns = [answer.get_column(each) for each in answer.columns]
        told = [np.where(each.is_null().to_numpy(), 1, each.fill_null(False).to_numpy() * 2) for each in columns]
    else:
        found = answer.sql("SELECT * FROM verdict").to_arrow_table()
        told = [np.nan_to_num(column.to_numpy().astype(np.float64) * 2, nan=1) for column in found.columns]
    same = [np.mean(column == verdicts.numbers(number)) for number, column in enumerate(told)]
    return float(np.mean(same))
