"""500 rules of 3 to 5 comparisons over 100,000 ad sets: on columns, from a table of days, on one event, over a year.

Rules stand on 25 windowed sums (5 measures over 5 windows) of which one in twenty is missing, as numbers, as ratios
and against other windows; ours and polars decide them in three values. Contenders run in turns in one process, and the
best of the rounds counts. zen, json-logic and rule-engine fail on what is missing: they get a stated sample of rows
that are whole, with ratios and units worked out for them, and their time is scaled to all rows.

Peers are looked for in the folders of --peers (pip install --target FOLDER polars zen-engine json-logic-qubit
rule-engine), and told as missing otherwise.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from drawn_rules import MEASURES, USUAL, WINDOWS, drawn_rules
from rule_peers import POLARS, SAMPLED, WHOLE, ZEN, agreement, feature, peer_features

from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.metrics import METRICS
from aibuyer_kit.features.windows import Days
from aibuyer_kit.rules.engine.live import Live
from aibuyer_kit.rules.engine.program import Program, Verdicts, compile_rules
from aibuyer_kit.rules.language import Rule
from aibuyer_kit.rules.subjects import Subject
from aibuyer_kit.rules.table import Column, Floats, Table, columns_of

NOW = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)
DAYS = 30
PER_CAMPAIGN = 10
MATRIX, JOB, EVENT, YEAR = "on columns, ms", "from the table, ms", "one event, us", "a year, s"
CHANCES, CHANCES_JOB = "with probabilities on columns, ms", "with probabilities from the table, ms"
CHANCES_RATIO, SCAN = "with probabilities / without", "scan"
SCALES = {MATRIX: 1e3, JOB: 1e3, EVENT: 1e6, YEAR: 1.0, CHANCES: 1e3, CHANCES_JOB: 1e3}
YEAR_OBJECTS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--entities", type=int, default=100_000)
    parser.add_argument("--rules", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--days", type=int, default=365, help="evaluations of the year's replay (default: 365)")
    parser.add_argument("--peers", type=Path, action="append", default=[], help="a folder with further packages")
    arguments = parser.parse_args()
    sys.path += [str(folder) for folder in arguments.peers]
    outcome = measure(arguments)
    print(json.dumps(outcome) if arguments.json else as_table(outcome))


@dataclass(frozen=True)
class Facts:
    """Rows of one object and day: whole numbers, money in micros; `known` tells which revenues are."""

    objects: Any
    days: Any
    measures: Mapping[str, Any]
    known: Any


def drawn_facts(entities: int, days: int) -> Facts:
    generator = np.random.default_rng(7)
    rows = entities * days
    quality = np.repeat(generator.lognormal(0, 0.6, entities), days)
    found = {}
    for name in MEASURES:
        scale = 1_000_000 if METRICS[name].unit == "money" else 1
        found[name] = generator.poisson(USUAL[name] * quality) * scale
    return Facts(
        np.repeat(np.arange(entities), days), np.tile(np.arange(days), entities), found, generator.random(rows) > 0.002
    )


def table_of(rules: Sequence[Rule], days: Days, subjects: Sequence[Subject], missing: bool = True) -> Table:
    """Return the windowed sums that rules name, of objects and, where asked, of their campaigns."""
    generator = np.random.default_rng(11)
    numbers: dict[Column, Floats] = {}
    groups = np.arange(days.objects) // PER_CAMPAIGN
    for column in columns_of(rules):
        length = column.window.days  # type: ignore[union-attr]
        sums = days.sums(column.name, days.slots - length, days.slots - 1)
        if column.of == "self":
            numbers[column] = sums.floats()
            if missing:
                numbers[column][generator.random(days.objects) < 0.05] = np.nan
        else:
            numbers[column] = sums.grouped(groups, int(groups[-1]) + 1).floats()[groups]
    return Table(Level.ADSET, NOW, NOW, subjects, numbers)


def subjects_of(entities: int) -> list[Subject]:
    return [
        Subject(
            "meta", "act_1", Level.ADSET, str(n), f"Ad set {n}", "", "ACTIVE", None, 100,
            campaign_id=f"c{n // PER_CAMPAIGN}",
        )
        for n in range(entities)
    ]  # fmt: skip


def days_of(facts: Facts, entities: int, days: int) -> Days:
    measures = {name: (facts.measures[name], facts.known if name == "revenue" else None) for name in MEASURES}
    return Days.of_rows(facts.objects, facts.days, measures, objects=entities, days=days)


@dataclass(frozen=True, order=True)
class Taken:
    """Seconds by the clock, and of the processor over all threads, which others on the machine do not lengthen."""

    clock: float
    processor: float

    def times(self, factor: float) -> "Taken":
        return Taken(self.clock * factor, self.processor * factor)


def taken(work: Callable[[], Any]) -> tuple[Taken, Any]:
    started, busy = time.perf_counter(), time.process_time()
    found = work()
    return Taken(time.perf_counter() - started, time.process_time() - busy), found


def least(runs: Sequence[Taken]) -> Taken:
    return Taken(min(each.clock for each in runs), min(each.processor for each in runs))


def best(rounds: int, contenders: Mapping[str, Callable[[], Any]]) -> tuple[dict[str, Taken], dict[str, Any]]:
    """Return the least time of each contender, which run in turns, and what each found."""
    runs: dict[str, list[Taken]] = {name: [] for name in contenders}
    found = {}
    for _ in range(rounds):
        for name, work in contenders.items():
            run, found[name] = taken(work)
            runs[name].append(run)
    return {name: least(each) for name, each in runs.items()}, found


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rules, facts = drawn_rules(arguments.rules), drawn_facts(arguments.entities, DAYS)
    subjects = subjects_of(arguments.entities)
    table = table_of(rules, days_of(facts, arguments.entities, DAYS), subjects)
    compiling, program = taken(lambda: compile_rules(rules))
    standing = program.standing(table)
    machine_code, verdicts = taken(lambda: program.run(table, standing))
    missing: dict[str, str] = {}
    times, equal = on_columns(program, table, verdicts, arguments, missing)
    with tempfile.TemporaryDirectory() as folder:
        times[JOB], matrix = whole_job(Path(folder), facts, rules, subjects, arguments)
        chances = drawn_rules(arguments.rules, 0.1)
        times[CHANCES_JOB], times[CHANCES] = whole_job(Path(folder), facts, chances, subjects, arguments)
        sums = sums_in_duckdb(Path(folder))
    times[EVENT] = one_event(program, table)
    times[YEAR] = replay(rules, arguments.days)
    names = [name for name in (*WHOLE, *SAMPLED) if name in times]
    by_clock, by_processor = (
        ratios_of(
            {name: getattr(each, which) for name, each in times.items()},
            names,
            *(getattr(each, which) for each in (sums, matrix)),
        )
        for which in ("clock", "processor")
    )
    ours = {name: SCALES[name] * times[name].clock for name in SCALES}
    return {
        "name": "rules",
        "unit": "ms over all objects, unless said",
        "limit": {"one scan of the columns": round(times[SCAN].clock * 1e3, 2)},
        "peers": rounded({name: times[name].clock * 1e3 for name in names}),
        "ours": rounded(ours),
        "ratios": rounded(by_clock),
        "held": held(ours, by_clock),
        "processor": {
            "peers": rounded({name: times[name].processor * 1e3 for name in names}),
            "ours": rounded({name: SCALES[name] * times[name].processor for name in SCALES}),
            "ratios": rounded(by_processor),
        },
        "missing": missing,
        "equal": equal,
        "conditions": {
            "entities": arguments.entities,
            "rules": arguments.rules,
            "days": DAYS,
            "rounds": arguments.rounds,
            "statistic": "best of the rounds; contenders in turns",
            "rules to steps, ms": round(compiling.clock * 1e3, 1),
            "first run with machine code, ms": round(machine_code.clock * 1e3, 1),
            "windowed sums in DuckDB, ms": round(sums.clock * 1e3, 1),
            "load of the machine": [round(each, 1) for each in os.getloadavg()],
            "samples": {name: size for name, (_, size) in SAMPLED.items()},
            "from the table": "peers get DuckDB's windowed sums and are timed on columns; ours reads the rows,"
            " sums, asks for scopes and decides. What objects are is in memory",
            "a year": f"{arguments.days} evaluations over {YEAR_OBJECTS:,} ad sets from a dense array in memory, in"
            " which 2% of the last 28 days change before each",
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            **{name: installed(name) for name in ("numba", "polars", "duckdb", "zen-engine", "rule-engine")},
        },
    }


def on_columns(
    program: Program, table: Table, verdicts: Verdicts, arguments: argparse.Namespace, missing: dict[str, str]
) -> tuple[dict[str, Taken], dict[str, float]]:
    """Return the time of each contender over the columns of a table, and the share of verdicts that are ours."""
    rules, standing = program.rules, program.standing(table)
    contenders = {MATRIX: lambda: program.run(table, standing), SCAN: scan_of(table)}
    for name, prepare in WHOLE.items():
        try:
            contenders[name] = prepare(rules, table)
        except ImportError as error:
            missing[name] = str(error)
    times, found = best(arguments.rounds, contenders)
    equal = {name: agreement(name, answer, verdicts) for name, answer in found.items() if name in WHOLE}
    whole, features = whole_rows(table)
    for name, (prepare_rows, size) in SAMPLED.items():
        sample = whole[:size]
        try:
            work = prepare_rows(rules, [{key: float(each[row]) for key, each in features.items()} for row in sample])
        except ImportError as error:
            missing[name] = str(error)
            continue
        run, answers = taken(work)
        times[name] = run.times(arguments.entities / len(sample))
        mine = np.array([verdicts.numbers(number)[sample] == 2 for number in range(len(rules))])
        equal[name] = float((mine == np.array(answers, dtype=bool).T).mean())
    return times, equal


def ratios_of(times: Mapping[str, float], names: Sequence[str], sums: float, matrix: float) -> dict[str, float]:
    """Return how many times longer the peers take, and probabilities."""
    ratios = {f"on columns: {name} / ours": times[name] / times[MATRIX] for name in names}
    ratios |= {f"from the table: {name} / ours": (sums + times[name]) / times[JOB] for name in names}
    ratios[f"from the table: {CHANCES_RATIO}"] = times[CHANCES_JOB] / times[JOB]
    ratios[f"on columns: {CHANCES_RATIO}"] = times[CHANCES] / matrix
    return ratios


def held(ours: Mapping[str, float], ratios: Mapping[str, float]) -> dict[str, bool]:
    return {
        "on columns: at most polars eager": ratios.get(f"on columns: {POLARS} / ours", 0) >= 1,
        "from the table: at most 800 ms": ours[JOB] <= 800,
        "from the table: 25 times zen": ratios.get(f"from the table: {ZEN} / ours", 0) >= 25,
        "from the table: probabilities take at most 3 times": ratios[f"from the table: {CHANCES_RATIO}"] <= 3,
        "one event: at most 15 us": ours[EVENT] <= 15,
        "a year: at most 60 s": ours[YEAR] <= 60,
    }


def scan_of(table: Table) -> Callable[[], Any]:
    """The least that any program must do: look at every figure once."""
    columns = list(table.numbers.values())
    return lambda: [float(each.max()) for each in columns]


def whole_rows(table: Table) -> tuple[Any, dict[str, Floats]]:
    """Return the rows without a missing figure, and the features that peers get."""
    features = peer_features(table)
    return np.flatnonzero(np.logical_and.reduce([~np.isnan(each) for each in features.values()])), features


def whole_job(
    folder: Path, facts: Facts, rules: Sequence[Rule], subjects: Sequence[Subject], arguments: argparse.Namespace
) -> tuple[Taken, Taken]:
    """Return the time from a DuckDB table of rows of days to verdicts, and that of the verdicts alone."""
    database = stored(folder, facts)
    program = compile_rules(rules)
    parts: list[Taken] = []

    def job() -> Any:
        days = days_of(read(database), arguments.entities, DAYS)
        table = table_of(rules, days, subjects, missing=False)
        standing = program.standing(table)
        run, found = taken(lambda: program.run(table, standing))
        parts.append(run)
        return found

    job()
    parts.clear()
    times, _ = best(arguments.rounds, {"job": job})
    return times["job"], least(parts)


def stored(folder: Path, facts: Facts) -> Path:
    import duckdb
    import pyarrow as pa

    database = folder / "facts.duckdb"
    if not database.exists():
        revenue = pa.array(facts.measures["revenue"], mask=~facts.known)
        rows = pa.table({"entity": facts.objects, "day": facts.days, **facts.measures, "revenue": revenue})
        with duckdb.connect(str(database)) as connection:
            connection.register("given", rows)
            connection.execute("CREATE TABLE fact AS SELECT * FROM given")
    return database


def read(database: Path) -> Facts:
    import duckdb

    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.sql("SELECT * FROM fact").to_arrow_table()
    revenue = found.column("revenue")
    columns = {name: found.column(name).to_numpy() for name in found.column_names if name != "revenue"}
    measures = {**columns, "revenue": revenue.fill_null(0).to_numpy()}
    return Facts(columns["entity"], columns["day"], measures, revenue.is_valid().to_numpy())


def sums_in_duckdb(folder: Path) -> Taken:
    """Return the time of the 25 sums as one query, which peers without windows of their own stand on."""
    import duckdb

    sums = ", ".join(
        f"sum({name}) FILTER (day >= {DAYS - days}) AS {feature(name, days)}" for name in MEASURES for days in WINDOWS
    )
    with duckdb.connect(str(folder / "facts.duckdb"), read_only=True) as connection:
        query = f"SELECT entity, {sums} FROM fact GROUP BY entity ORDER BY entity"  # noqa: S608 # our own names
        return least([taken(lambda: connection.sql(query).to_arrow_table())[0] for _ in range(3)])


def one_event(program: Program, table: Table) -> Taken:
    """Return the time in which all rules are asked of one row of a live table."""
    live = Live(program, table)
    rows = np.random.default_rng(5).integers(0, len(table), 2_000)

    def ask() -> None:
        for row in rows:
            live.verdicts(row)

    ask()
    return least([taken(ask)[0] for _ in range(9)]).times(1 / len(rows))


def replay(rules: Sequence[Rule], evaluations: int) -> Taken:
    """Return the time of daily evaluations of ad sets, each on what was known that day."""
    entities, longest = YEAR_OBJECTS, max(WINDOWS)
    facts = drawn_facts(entities, evaluations + longest)
    by_day = {name: values.reshape(entities, -1).T.copy() for name, values in facts.measures.items()}
    known = facts.known.reshape(entities, -1).T.copy()
    objects, places = np.tile(np.arange(entities), longest), np.repeat(np.arange(longest), entities)
    generator, subjects, program = np.random.default_rng(3), subjects_of(entities), compile_rules(rules)

    def year() -> int:
        fired, standing = 0, None
        for day in range(evaluations):
            seen = slice(day, day + longest)
            late = generator.integers(0, entities * longest, entities * longest // 50)
            for name in ("results", "revenue"):
                by_day[name][seen].reshape(-1)[late] += 1
            measures = {name: values[seen].reshape(-1) for name, values in by_day.items()}
            days = days_of(Facts(objects, places, measures, known[seen].reshape(-1)), entities, longest)
            table = table_of(rules, days, subjects, missing=False)
            standing = standing or program.standing(table)
            fired += len(program.fired(table, standing)[0])
        return fired

    return taken(year)[0]


def rounded(found: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in found.items()}


def installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def as_table(outcome: dict[str, Any]) -> str:
    conditions = outcome["conditions"]
    rows = [(kind, name, value) for kind in ("limit", "peers", "ours") for name, value in outcome[kind].items()]
    lines = [f"{kind:<6} {name:<40} {value:>12,.1f}" for kind, name, value in rows]
    lines += [f"ratio  {name:<40} {value:>12,.2f}" for name, value in outcome["ratios"].items()]
    processor = outcome["processor"]
    lines += [
        f"cpu    {name:<40} {value:>12,.1f}" for kind in ("peers", "ours") for name, value in processor[kind].items()
    ]
    lines += [f"cpu    {name:<40} {value:>12,.2f}" for name, value in processor["ratios"].items()]
    lines += [f"bar    {name}: {'held' if held else 'MISSED'}" for name, held in outcome["held"].items()]
    lines += [f"equal  {name}: {share:.6%} of verdicts" for name, share in outcome["equal"].items()]
    lines += [f"missing {name}: {reason}" for name, reason in outcome["missing"].items()]
    lines += [f"{name}: {value}" for name, value in conditions.items() if name.endswith("ms")]
    return "\n".join([f"rules, {conditions['rules']} over {conditions['entities']:,} objects", *lines])


if __name__ == "__main__":
    main()
