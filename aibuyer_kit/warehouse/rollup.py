"""The SQL of readings: files below `sql/read` whose marks are filled from our own lists, never from a user's text."""

import re
from collections.abc import Mapping

from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.core.metrics import MEASURES, METRICS, RATIOS, Ratio, multipliers
from aibuyer_kit.warehouse.load import breakdown_filter
from aibuyer_kit.warehouse.schema import sql_text


def rollup_sql(breakdown: tuple[str, ...], window: str) -> str:
    """Return the query of insights at one level; the result counts in `window`, one of `core.facts.WINDOWS`."""
    if window not in WINDOWS:
        raise ValueError(window)
    parts = {**_breakdown_parts(breakdown), **_parts(breakdown)}
    return _fill(sql_text("read/insights"), parts, window)


def left_out_sql(breakdown: tuple[str, ...]) -> str:
    """Return the query of what such a reading leaves out."""
    return _fill(sql_text("read/left_out"), _breakdown_parts(breakdown), WINDOWS[0])


def windowed_sql(name: str, window: str) -> str:
    """Return the query `sql/read/<name>` with results counted in `window`, one of `core.facts.WINDOWS`."""
    if window not in WINDOWS:
        raise ValueError(window)
    return _fill(sql_text(f"read/{name}"), {}, window)


def _breakdown_parts(breakdown: tuple[str, ...]) -> dict[str, str]:
    if breakdown:
        return {"breakdown_filter": breakdown_filter(breakdown), "asked_broken_down": "true"}
    return {"breakdown_filter": "true", "asked_broken_down": "false"}


def _parts(breakdown: tuple[str, ...]) -> dict[str, str]:
    columns = [f"breakdown ->> '$.{name}' AS {name}," for name in sorted(breakdown)]
    return {
        "breakdown_columns": "\n        ".join(columns),
        "breakdown_names": "\n    ".join(f"summed.{name}," for name in sorted(breakdown)),
        "columns": ",\n    ".join(_metric_columns()),
    }


def _metric_columns() -> list[str]:
    measures = [
        f"{each.column}::DOUBLE / 1000000 AS {each.name}" if each.unit == "money" else f"summed.{each.column}"
        for each in MEASURES
    ]
    return measures + [f"{_ratio_sql(each)} AS {each.name}" for each in RATIOS]


def _ratio_sql(ratio: Ratio) -> str:
    top_times, bottom_times = multipliers(ratio)
    top, bottom = (_column(name) for name in (ratio.numerator, ratio.denominator))
    # Wide integers: a billion impressions or a large budget in dong times a million does not fit 64 bits.
    return f"({top}::HUGEINT * {top_times})::DOUBLE / nullif({bottom}::HUGEINT * {bottom_times}, 0)"


def _column(measure_name: str) -> str:
    measure = METRICS[measure_name]
    return f"summed.{measure_name}_micros" if measure.unit == "money" else f"summed.{measure_name}"


def _finest() -> str:
    """Return the shared part of a query that picks the finest level, without its comment."""
    lines = sql_text("read/finest").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _fill(sql: str, parts: Mapping[str, str], window: str) -> str:
    """Return SQL with its marks replaced; every part is made of names from our own lists, never of a user's text."""
    sql = re.sub(r"\{sum:(\w+)\}", r"CASE WHEN count(*) = count(\1) THEN sum(\1) END::BIGINT AS \1", sql)
    whole = r"CASE WHEN count(entity_id) = 0 THEN 0 WHEN count(*) = count(\1) THEN sum(\1) END::BIGINT AS \1"
    sql = re.sub(r"\{sum_or_none:(\w+)\}", whole, sql)
    sql = re.sub(r"\{window_total:(\w+)\}", lambda mark: _window_total(mark[1], window), sql)
    sql = sql.replace("{finest}", _finest())
    for mark, text in parts.items():
        sql = sql.replace("{" + mark + "}", text)
    return sql


def _window_total(column: str, window: str) -> str:
    """Return the expression of one row's result: 0 where none was reported, unknown where it was left open."""
    total = f"list_sum([each.{window} FOR each IN {column} IF each.action_type = $result_action])"
    is_open = f"list_bool_or([each.total IS NULL FOR each IN {column} IF each.action_type = $result_action])"
    return f"CASE WHEN {column} IS NOT NULL AND NOT coalesce({is_open}, false) THEN coalesce({total}, 0) END"
