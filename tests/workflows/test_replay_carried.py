"""What a replay carries forward: fields of objects and of what is above them, and what nobody knows of any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.rules.evaluate import evaluate
from aibuyer_kit.workflows.replay_carried import Carried
from tests.rules import worlds

NOW = worlds.NOW
DAY = timedelta(days=1)


def raised(before: int, after: int, object_id: str = "7", level: Level = Level.ADSET) -> Change:
    return Change("meta", "act_1", level, object_id, "daily_budget", before * 1_000_000, after * 1_000_000)


def field(name: str, value: str) -> dict[str, Any]:
    return {"field": name, "op": "=", "value": value}


def test_an_hour_in_which_something_was_changed_is_not_known() -> None:
    """Neither the last whole hour, for a change within it, nor the one that runs; an hour before it stays known."""
    last, running = ({"expr": "spend", "window": {"hours": 1, "ends": ends}} for ends in ("last_hour", "now"))
    rule = worlds.rule({"all": [{**each, "op": ">", "value": 1} for each in (last, running)]})
    table = worlds.table([rule], [(worlds.subject(), {"spend": 5_000_000})])

    def known(hour: int, minute: int) -> list[bool]:
        carried = Carried()
        carried.seen(table)
        carried.change(raised(50, 60), NOW.replace(hour=hour, minute=minute).astimezone(UTC))
        return [bool(values[0] == 5_000_000) for values in carried.seen(table).numbers.values()]

    assert known(13, 30) == [False, False]
    assert known(13, 59) == [False, False]
    assert known(14, 0) == [True, False]
    assert known(14, 5) == [True, False]


def test_fields_of_what_is_above_and_texts_of_the_platform_are_carried() -> None:
    """Below a campaign that the replay has paused nothing is active for sure, and its budget is the carried one."""
    budget = {"expr": "daily_budget", "of": "campaign", "op": "<", "value": 100}
    idle = {"expr": "days_without_delivery", "op": "=", "value": 0}
    texts = {"effective_status": "ACTIVE", "learning_stage": "SUCCESS", "labels": (), "issues": ()}
    parts = [field("effective_status", "ACTIVE"), field("learning_stage", "SUCCESS"), idle]
    rules = [worlds.rule(each) for each in ([budget, *parts])]
    subject = worlds.subject(texts=texts, numbers={"days_without_delivery": 0})
    table = worlds.table(rules, [(subject, {})])

    def said(*changes: Change) -> list[bool | None]:
        carried = Carried()
        carried.seen(table)
        for each in changes:
            carried.change(each, (NOW - DAY).astimezone(UTC))
        shown = carried.seen(table)
        return [evaluate(each, shown, 0).verdict for each in rules]

    assert said() == [True, True, True, True]
    other = Change("meta", "act_1", Level.ADSET, "8", "status", "ACTIVE", "PAUSED")
    assert said(other) == [True, True, True, True]
    assert said(raised(50, 200, "1", Level.CAMPAIGN)) == [False, True, None, None]
    assert said(Change("meta", "act_1", Level.CAMPAIGN, "1", "status", "ACTIVE", "PAUSED")) == [True, None, None, None]
    assert said(raised(50, 60)) == [True, True, None, None]


def test_names_labels_and_creatives_are_carried() -> None:
    """Also the name of a campaign, which its ad sets tell."""
    subject = worlds.subject(texts={"labels": ("b",), "creative.id": "1"})
    table = worlds.table([worlds.rule(worlds.leaf("spend", ">", 1))], [(subject, {"spend": 1})])
    carried = Carried()
    carried.seen(table)
    for change in (
        Change("meta", "act_1", Level.ADSET, "7", "labels", '["b"]', '["a","b"]'),
        Change("meta", "act_1", Level.CAMPAIGN, "1", "name", "Prospecting UA", "Prospecting"),
    ):
        carried.change(change, (NOW - DAY).astimezone(UTC))
    (shown,) = carried.seen(table).subjects
    assert (shown.text("labels"), shown.text("campaign.name"), shown.name) == (("a", "b"), "Prospecting", subject.name)


def test_what_a_field_held_a_day_ago_is_what_the_replay_made_of_it() -> None:
    """Until the history takes the same way, or another: from then on that is what it held."""
    table = worlds.table([worlds.rule(worlds.leaf("spend", ">", 1))], [(worlds.subject(), {"spend": 1})])
    carried, first = Carried(), NOW.astimezone(UTC) - 5 * DAY
    carried.seen(table)
    carried.change(raised(50, 60), first)
    carried.change(raised(60, 70), first + DAY)

    def held(moment: datetime) -> int | str | None:
        return carried.value_at(raised(70, 80), moment)

    moments = [first + hours * timedelta(hours=1) for hours in (-1, 0, 23, 24, 100)]
    assert [held(each) for each in moments] == [None, 60_000_000, 60_000_000, 70_000_000, 70_000_000]
    assert carried.value_at(raised(70, 80, "8"), NOW) is None
    carried.seen(table)
    joined = worlds.table([worlds.rule(worlds.leaf("spend", ">", 1))], [(worlds.subject(budget=90_000_000), {})])
    carried.seen(joined)
    assert held(NOW - timedelta(seconds=1)) == 70_000_000
    assert held(NOW) == 90_000_000
