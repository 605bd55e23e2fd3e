"""After every event a live table holds what a table made anew would hold, and names whoever it moved."""

import random
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from aibuyer_kit.core.dates import DateRange
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import InputError
from aibuyer_kit.rules.engine.live import Event, Live
from aibuyer_kit.rules.engine.program import compile_rules
from aibuyer_kit.rules.evaluate import evaluate, verdicts
from aibuyer_kit.rules.subjects import Subject, is_in
from aibuyer_kit.rules.table import ARRIVED, Column, Table, columns_of
from tests.rules.drawn import LABELS, WORDS, drawn_rules, drawn_subjects
from tests.rules.worlds import KNOWN_AT, NOW, leaf, rule, subject, table

MEASURES = ("spend", "impressions", "clicks", "link_clicks", "results", "revenue", "revenue_assumed", "gross_profit")
HOUR = NOW.replace(minute=0, tzinfo=None)
Facts = dict[tuple[int, str, datetime], int]


class Account:
    """Ad sets whose every hour is written down, from which a table is summed in the plainest way."""

    def __init__(self, seed: int, rows: int, columns: Any) -> None:
        self.draw = random.Random(seed)  # noqa: S311 # a sample
        self.subjects = drawn_subjects(seed, rows)
        self.columns = columns
        self.facts: Facts = Counter()
        self.fields: dict[tuple[int, str, str], float | None] = {}
        for row in range(rows):
            for _ in range(self.draw.randrange(6)):
                self.add(row, self.draw.choice(MEASURES), HOUR - timedelta(hours=self.draw.randrange(0, 24 * 45)), 12)

    def add(self, row: int, name: str, hour: datetime, most: int) -> int:
        added = self.draw.randint(-1, most) * (1_000_000 if name in ("spend", "revenue", "gross_profit") else 1)
        self.facts[row, name, hour] += added
        return added

    def table(self) -> Table:
        blank = Table(Level.ADSET, NOW, KNOWN_AT, self.subjects, {})
        groups = {of: blank.groups(of) for of in ("parent", "campaign", "account")}
        groups["self"] = np.arange(len(self.subjects))
        return replace(blank, numbers={column: self.values(column, groups[column.of]) for column in self.columns})

    def values(self, column: Column, groups: Any) -> Any:
        if column.window is None:
            return np.array([self.field(row, column) for row in range(len(groups))])
        if column.matured or column.name == ARRIVED:
            return np.full(len(groups), np.nan)
        sums: Counter[int] = Counter()
        for (row, name, hour), fact in self.facts.items():
            sign = {"profit": {"gross_profit": 1, "spend": -1}}.get(column.name, {column.name: 1}).get(name, 0)
            if sign and inside(column.window.span(NOW), hour):
                sums[groups[row]] += sign * fact
        return np.array([sums[group] for group in groups], dtype=np.float64)

    def field(self, row: int, column: Column) -> float:
        known = self.fields.get((row, column.of, column.name))
        if known is None and column.of == "self":
            known = self.subjects[row].number(column.name)
        return np.nan if known is None else known


def inside(span: Any, hour: datetime) -> bool:
    if span is None:
        return False
    return hour.date() in span if isinstance(span, DateRange) else span.since <= hour <= span.until


def happening(account: Account) -> Event:
    """Let something happen, write it down, and return what is told of it."""
    draw, row = account.draw, account.draw.randrange(len(account.subjects))
    key = account.subjects[row].key
    if draw.random() < 0.7:
        hour = HOUR - timedelta(hours=draw.choice((0, 0, 1, 5, 30, 24 * 8, 24 * 40)))
        added: Counter[str] = Counter()
        for name in draw.sample(MEASURES, 3):
            added[name] += account.add(row, name, hour, 9)
        return Event(key, hour, added)
    if draw.random() < 0.3:
        of = draw.choice(("parent", "campaign", "account"))
        groups = account.table().groups(of)
        for each in np.flatnonzero(groups == groups[row]):
            account.fields[each, of, "daily_budget"] = 70_000_000.0
        return Event(key, fields={"daily_budget": 70_000_000}, of=of)
    fields = {
        "status": draw.choice(("ACTIVE", "PAUSED")),
        "name": draw.choice(WORDS),
        "labels": (draw.choice(LABELS),),
        "daily_budget": draw.choice((None, 5_000_000)),
        "age_days": draw.choice((None, 3.5)),
    }
    changed = dict(draw.sample(sorted(fields.items(), key=str), 2))
    account.subjects[row] = with_fields(account.subjects[row], changed)
    return Event(key, fields=changed)


def with_fields(before: Subject, fields: dict[str, Any]) -> Subject:
    known = {"status": before.status, "name": before.name, "daily_budget": before.daily_budget_micros, **fields}
    labels = {"labels": fields["labels"]} if "labels" in fields else {}
    age = {"age_days": fields["age_days"]} if "age_days" in fields else {}
    return replace(
        before,
        status=known["status"],
        name=known["name"],
        daily_budget_micros=known["daily_budget"],
        texts={**before.texts, **labels},
        numbers={**before.numbers, **age},
    )


@pytest.mark.parametrize("seed", range(2))
def test_after_every_event_it_is_as_if_made_anew(seed: int) -> None:
    """Columns, verdicts of the rows it names, and that all others kept theirs: against sums over all facts."""
    rules = drawn_rules(50 + seed, 40, ranks=0.15, chances=0.15)
    program = compile_rules(rules)
    account = Account(seed, 40, columns_of(rules))
    live = Live(program, account.table())
    before = np.array([program.run(live.table()).numbers(number) for number in range(len(rules))])
    several = 0
    for _ in range(25):
        rows = live.apply(happening(account))

        anew = account.table()
        assert list(live.table().subjects) == account.subjects
        for column, values in live.table().numbers.items():
            assert np.array_equal(values, anew.numbers[column], equal_nan=True), column
        at_once = program.run(anew)
        after = np.array([at_once.numbers(number) for number in range(len(rules))])
        for row in rows[:2]:
            told = [(False, None, True)[each] for each in live.verdicts(row)]
            here = [is_in(each.scope, account.subjects[row]) for each in rules]
            assert told == [
                evaluate(each, anew, int(row)).verdict if there else False
                for each, there in zip(rules, here, strict=True)
            ]
        assert np.array_equal(np.array([live.verdicts(row) for row in rows]).T, after[:, rows])
        looked = live.look(rows)
        assert np.array_equal([looked.numbers(number) for number in range(len(rules))], after[:, rows])
        kept = np.setdiff1d(np.arange(len(account.subjects)), rows)
        assert np.array_equal(before[:, kept], after[:, kept])
        several += len(rows) > 1
        before = after
    assert several > 5


def two(when: Any, *figures: Any, **more: Any) -> Live:
    """Return a live table of ad sets 1, 2, … of one campaign."""
    one = rule(when, **more)
    return Live(compile_rules([one]), table([one], [(subject(n + 1), each) for n, each in enumerate(figures)]))


def event(number: int = 1, **more: Any) -> Event:
    return Event(("meta", "act_1", str(number)), **{"at": date(2026, 6, 8), **more})


def test_a_rank_moves_those_who_were_passed() -> None:
    """The third passes the first: both are named, the second, who stays first, is not."""
    first = leaf("spend", "in", {"top": 2, "within": "campaign", "zeros": "in"})
    live = two(first, {"spend": 30e6}, {"spend": 90e6}, {"spend": 20e6})

    rows = live.apply(event(3, added={"spend": 11_000_000}))

    assert (rows.tolist(), [live.verdicts(row)[0] for row in range(3)]) == ([0, 2], [0, 2, 2])


def test_a_parents_condition_moves_all_its_children_and_nobody_else() -> None:
    """What one ad set spends is spent in its campaign; the ad set of another campaign is not looked at again."""
    one = rule(leaf("spend", ">", 100, of="parent"))
    rows = [
        (subject(n, campaign_id=c), {"spend of the parent over 3 days to yesterday": 95e6})
        for n, c in ((1, "1"), (2, "1"), (3, "2"))
    ]
    live = Live(compile_rules([one]), table([one], rows))

    moved = live.apply(event(2, added={"spend": 6_000_000}))

    assert (moved.tolist(), [live.verdicts(row)[0] for row in range(3)]) == ([0, 1], [2, 2, 0])


def test_an_event_outside_every_window_moves_its_object_alone() -> None:
    """A day before the window changes no sum."""
    live = two(leaf("spend", ">", 1), {"spend": 1e6}, {"spend": 1e6})
    assert live.apply(event(2, at=date(2026, 6, 6), added={"spend": 9_000_000})).tolist() == [1]
    assert live.verdicts(1)[0] == 0


def test_what_an_event_does_not_tell_is_unknown() -> None:
    """Of a day alone no hours follow, of matured figures nothing does, and unknown plus something stays unknown."""
    hours = {**leaf("spend", ">", 1), "window": {"hours": 24, "ends": "now"}}
    live = two({"all": [hours]}, {"spend": 9e6})
    live.apply(event(at=NOW.date(), added={"spend": 1}))
    assert live.verdicts(0)[0] == 1

    live = two(leaf("results", ">", 1, matured=True), {"results over 3 days to yesterday, matured": 9.0})
    assert live.verdicts(0)[0] == 2
    live.apply(event(added={"results": 1}))
    assert live.verdicts(0)[0] == 1

    live = two(leaf("clicks", ">", 1), {"clicks": None})
    live.apply(event(added={"clicks": 5}))
    assert live.verdicts(0)[0] == 1


def test_matured_figures_come_from_whoever_knows_the_days() -> None:
    """A given function tells the column anew."""
    one = rule(leaf("results", ">", 10, matured=True))
    live = Live(
        compile_rules([one]),
        table([one], [(subject(1), {"results over 3 days to yesterday, matured": 9.0})]),
        resum=lambda column, row: 11.5 if column.matured and row == 0 else np.nan,
    )
    live.apply(event(added={"results": 2}))
    assert live.verdicts(0)[0] == 2


def test_it_tells_when_its_windows_have_moved_on() -> None:
    """The same day holds, the next does not; hours move on with the clock."""
    live = two(leaf("spend", ">", 1), {"spend": 1e6})
    assert live.holds(NOW.replace(hour=23))
    assert not live.holds(NOW + timedelta(days=1))


def test_unknown_objects_and_ids_are_refused() -> None:
    """Nothing is added to an object that is not there, and nobody changes campaigns."""
    live = two(leaf("spend", ">", 1), {"spend": 1e6})
    with pytest.raises(InputError, match="no object"):
        live.apply(event(9))
    with pytest.raises(InputError, match="read the table anew"):
        live.apply(event(fields={"campaign.id": "2"}))


def test_verdicts_start_as_those_of_the_table() -> None:
    """Before any event a live table says what the reference says."""
    rules = drawn_rules(60, 30)
    account = Account(3, 40, columns_of(rules))
    live = Live(compile_rules(rules), account.table())
    found = np.array([live.verdicts(row) for row in range(40)])
    expected = [verdicts(each, account.table()) for each in rules]
    assert [[(False, None, True)[each] for each in column] for column in found.T] == expected
