"""The SQL of readings: files below `sql/read` whose marks are filled from our own lists, never from a user's text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aibuyer_kit.core.facts import WINDOWS
from aibuyer_kit.core.metrics import MEASURES, METRICS, RATIOS, Ratio, multipliers
from aibuyer_kit.core.results import MILLIONTHS, ResultRules, ResultSetting
from aibuyer_kit.warehouse.coverage import breakdown_filter
from aibuyer_kit.warehouse.dimensions import OBJECTIVE, Dimensions
from aibuyer_kit.warehouse.schema import sql_text

_ENTITY_KEYS = """platform,
        account_id,
        CASE $level
            WHEN 'account' THEN account_id
            WHEN 'campaign' THEN CASE level WHEN 'campaign' THEN entity_id ELSE campaign_id END
            WHEN 'adset' THEN CASE level WHEN 'adset' THEN entity_id ELSE adset_id END
            ELSE entity_id
        END AS entity_id,"""
_ENTITY_LABELS = """summed.platform,
    summed.account_id,
    summed.entity_id,
    coalesce(names.name, summed.entity_id) AS name,"""
_NAMES_JOIN = "LEFT JOIN names USING (platform, account_id, entity_id)"
_WITHIN = "date >= $since AND date_stop <= $until"
_TOUCHING = "date <= $until AND date_stop >= $since"
_AS_REPORTED = "SELECT * FROM counted"
_CONVERTED = """SELECT
        counted.* REPLACE (
            {half_up:spend_micros} AS spend_micros,
            {half_up:reported_value_micros} AS reported_value_micros,
            $shown_currency AS currency
        )
    FROM counted
    LEFT JOIN (
        SELECT
            unnest($rate_currencies::VARCHAR[]) AS currency,
            unnest($rate_days::DATE[]) AS date_stop,
            unnest($rate_numerators::VARCHAR[])::HUGEINT AS numerator,
            unnest($rate_denominators::VARCHAR[])::HUGEINT AS denominator
    ) AS rate USING (currency, date_stop)"""


_AS_READ = {
    "kinds": "CASE WHEN min(_kind) = max(_kind) THEN min(_kind) END AS _kind",
    "counted_as": """summed.objective,
    $result_types[_kind + 1] AS result_type,
    $result_windows[_kind + 1] AS result_window""",
    "order": "ORDER BY ALL",
}
_AS_SUMS = {
    "kinds": "_kind",
    "labels": "summed.platform, summed.account_id, summed.entity_id,",
    "names_join": "",
    "columns": ", ".join(f"summed.{each.column} AS {each.name}" for each in MEASURES if each.additive == "everywhere"),
    "counted_as": "_kind::INTEGER AS kind",
    "order": "",
}


@dataclass(frozen=True)
class Rollup:
    """One reading's query with the parameters that its parts need; the caller adds level, days and load."""

    sql: str
    parameters: Mapping[str, object]


@dataclass(frozen=True)
class Form:
    """Which rows of `insights` add up: those of this breakdown, or whole ones with what is known no other way."""

    insights: str
    breakdown: tuple[str, ...] = ()
    has_only_broken: bool = False

    def rows(self, days: str) -> str:
        """Return the query of these rows with `days`, a condition."""
        if self.has_only_broken:
            sql = _uncommented("read/as_added_up").replace("{only_broken}", _uncommented("read/only_broken"))
            return sql.replace("{days}", days).replace("{insights}", self.insights)
        return f"SELECT * FROM {self.insights} WHERE {days} AND {breakdown_filter(self.breakdown)}"


def any_broken_sql(insights: str) -> str:
    """Return the query of one row in days that touch a period that is broken down, if there is any."""
    return f"SELECT 1 FROM {insights} WHERE {_TOUCHING} AND breakdown <> '' LIMIT 1"


def only_broken_sql(insights: str) -> str:
    """Return the query of keys in days that touch a period of which only figures that are broken down are known."""
    return _uncommented("read/only_broken").replace("{days}", _TOUCHING).replace("{insights}", insights)


def rollup(
    form: Form, rules: ResultRules, dimensions: Dimensions | None, *, converts: bool, as_sums: bool = False
) -> Rollup:
    """Return the query of insights at one level, or grouped by dimensions; each row counts by its rule.

    With `as_sums` there is one row per kind of result, with the integers as they are stored and without names or order:
    what is to be summed further. `kind` is its place among the sorted kinds.
    """
    parts = {"known": form.rows(_WITHIN), **_parts(form.breakdown), **_grouping(dimensions)}
    parts["converted"] = _half_up_filled(_CONVERTED) if converts else _AS_REPORTED
    by_rule = {
        "results": [f"({_window_total('actions', each.window, number)})" for number, each in _numbered(rules)],
        "reported_value": [_reported_value(each.window, number) for number, each in _numbered(rules)],
        "assumed_value": [
            f"results * $value_{number}::BIGINT" if each.value_per_result_micros is not None else "NULL::BIGINT"
            for number, each in _numbered(rules)
        ],
        "gross_profit": [
            _half_up("reported_value_micros", f"$margin_{number}::HUGEINT", str(MILLIONTHS))
            if each.gross_margin_millionths is not None
            else "NULL::BIGINT"
            for number, each in _numbered(rules)
        ],
    }
    parts |= {f"by_rule:{name}": _case(cases) for name, cases in by_rule.items()}
    kinds = sorted({each.kind for each in rules.settings()})
    parts["rule"] = "coalesce(list_position($objectives, campaign.objective), 0)" if rules.by_objective else "0"
    parts["kind"] = _case([str(kinds.index(each.kind)) for each in rules.settings()])
    parts |= _AS_SUMS if as_sums else _AS_READ
    parameters: dict[str, object] = _rule_parameters(rules)
    if not as_sums:
        parameters |= {
            "result_types": [each.action_type for each in kinds],
            "result_windows": [each.window for each in kinds],
        }
    return Rollup(_fill(sql_text("read/insights"), parts), parameters | (dimensions.parameters() if dimensions else {}))


def left_out_sql(form: Form) -> str:
    """Return the query of what such a reading leaves out."""
    return _fill(sql_text("read/left_out"), {"known": form.rows(_TOUCHING)})


def days_told_sql(form: Form) -> str:
    """Return the query of the levels at which days are told."""
    return _fill(sql_text("read/days_told"), {"known": form.rows(_TOUCHING)})


_DEVELOPMENT_OF = {"account": "''", "campaign": "campaign_id", "adset": "adset_id", "ad": "entity_id"}


def development_sql(level: str, window: str, versions: str) -> str:
    """Return the query of how results of the objects of `level` grew, counted in one of `core.facts.WINDOWS`."""
    return windowed_sql("development", window, versions).replace("{entity}", _DEVELOPMENT_OF[level])


def windowed_sql(name: str, window: str, versions: str) -> str:
    """Return the query `sql/read/<name>` over `versions`, with results counted in one of `core.facts.WINDOWS`."""
    sql = re.sub(r"\{window_total:(\w+)\}", lambda mark: _window_total(mark[1], window, 0), sql_text(f"read/{name}"))
    sql = sql.replace("{reported_value}", _reported_value(window, 0))
    return _fill(sql, {"compared": _uncommented("read/compared"), "insight_version": versions})


def ended_sql(versions: str) -> str:
    """Return the query of the days for which a reconciliation needs versions that have ended."""
    parts = {"compared": _uncommented("read/compared"), "insight_version": versions}
    return _fill(sql_text("read/compared_ended"), parts)


def actions_sql(form: Form) -> str:
    """Return the query of the action types that are reported."""
    return _fill(sql_text("read/actions"), {"known": form.rows(_WITHIN)})


def _numbered(rules: ResultRules) -> list[tuple[int, ResultSetting]]:
    return list(enumerate(rules.settings()))


def _rule_parameters(rules: ResultRules) -> dict[str, object]:
    parameters: dict[str, object] = {"objectives": list(rules.by_objective)} if rules.by_objective else {}
    for number, each in _numbered(rules):
        parameters[f"action_{number}"] = each.action_type
        if each.value_per_result_micros is not None:
            parameters[f"value_{number}"] = each.value_per_result_micros
        if each.gross_margin_millionths is not None:
            parameters[f"margin_{number}"] = each.gross_margin_millionths
    return parameters


def _case(by_rule: list[str]) -> str:
    """Return the expression of each row's rule: the first is that of every row which no other rule takes."""
    if len(set(by_rule)) == 1:
        return by_rule[0]
    cases = " ".join(f"WHEN {number} THEN {sql}" for number, sql in enumerate(by_rule) if number)
    return f"CASE rule {cases} ELSE {by_rule[0]} END"


def _grouping(dimensions: Dimensions | None) -> dict[str, str]:
    if dimensions is None:
        return {
            "dimensions": "",
            "dimension_joins": "",
            "keys": _ENTITY_KEYS,
            "labels": _ENTITY_LABELS,
            "names_join": _NAMES_JOIN,
        }
    named = [name for name in dimensions.names if name != OBJECTIVE]
    return {
        "dimensions": " ".join(f"{dimensions.column(name)} AS {name}," for name in named),
        "dimension_joins": "\n    ".join(dimensions.joins()),
        "keys": " ".join(
            f"{name}," if name != OBJECTIVE else "objective AS grouped_objective," for name in dimensions.names
        ),
        "labels": " ".join(f"summed.{name}," for name in named),
        "names_join": "",
    }


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


def _uncommented(name: str) -> str:
    """Return the text of a file that is a part of other queries, without its comment."""
    return "\n".join(line for line in sql_text(name).splitlines() if not line.startswith("--"))


def _fill(sql: str, parts: Mapping[str, str]) -> str:
    """Return SQL with its marks replaced; every part is made of names from our own lists, never of a user's text."""
    sql = re.sub(r"\{sum:(\w+)\}", r"CASE WHEN count(*) = count(\1) THEN sum(\1) END::BIGINT AS \1", sql)
    whole = r"CASE WHEN count(entity_id) = 0 THEN 0 WHEN count(*) = count(\1) THEN sum(\1) END::BIGINT AS \1"
    sql = re.sub(r"\{sum_or_none:(\w+)\}", whole, sql)
    sql = sql.replace("{finest}", _uncommented("read/finest"))
    for mark, text in parts.items():
        sql = sql.replace("{" + mark + "}", text)
    return sql


def _half_up_filled(sql: str) -> str:
    return re.sub(r"\{half_up:(\w+)\}", lambda mark: _half_up(mark[1], "rate.numerator", "rate.denominator"), sql)


def _half_up(amount: str, numerator: str, denominator: str) -> str:
    """Return the expression of `amount * numerator / denominator`, rounded once, half away from zero."""
    doubled = f"2 * abs({amount}::HUGEINT) * {numerator} + {denominator}"
    return f"(sign({amount}) * (({doubled}) // (2 * {denominator})))::BIGINT"


def _window_total(column: str, window: str, number: int) -> str:
    """Return the expression of one row's result: 0 where none was reported, unknown where it was left open."""
    if window not in WINDOWS:
        raise ValueError(window)
    wanted = f"FOR each IN {column} IF each.action_type = $action_{number}"
    total = f"list_sum([each.{window} {wanted}])"
    is_open = f"list_bool_or([each.total IS NULL {wanted}])"
    return f"CASE WHEN {column} IS NOT NULL AND NOT coalesce({is_open}, false) THEN coalesce({total}, 0) END"


def _reported_value(window: str, number: int) -> str:
    """Return the expression of a row's reported value: unknown where there are results and no value for them."""
    wanted = f"FOR each IN action_values IF each.action_type = $action_{number}"
    is_told = f"list_bool_or([each.total IS NOT NULL {wanted}])"
    return (
        f"CASE WHEN {is_told} THEN coalesce(list_sum([each.{window} {wanted}]), 0)"
        " WHEN results = 0 AND action_values IS NOT NULL THEN 0 END"
    )
