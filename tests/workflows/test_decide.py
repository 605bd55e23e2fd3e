"""Rules over a synced account: what is proposed, with its trace; what is only told; what is held back, and why."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import filelock
import pytest

from aibuyer_kit.access.clients import ClientContext, open_client
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.clock import ManualClock
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import LedgerBusyError, RuleError
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft
from aibuyer_kit.rules.parse import parse_rule
from aibuyer_kit.settings.workspace_settings import GuardrailsSection, Settings
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.workflows.calls import make_calls
from aibuyer_kit.workflows.decide import Decision, decide, decide_on_event
from aibuyer_kit.workflows.example import CLIENT_ID
from aibuyer_kit.workflows.period import resolve_period
from aibuyer_kit.workflows.proposals import approve, change_rows, proposal_text, reject
from aibuyer_kit.workflows.rule_files import add_from_pack, read_packs, rule_paths
from aibuyer_kit.workflows.totals import entity_totals
from aibuyer_kit.workspace import Client
from tests.workflows.looked_at import World, utc

SETTINGS = Settings()
HOUR = timedelta(hours=1)
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LAST_WEEK = {"days": 7, "ends": "yesterday"}
NOTIFY = {"action": "notify"}


@pytest.fixture
def context(example_workspace: Path, tmp_path: Path) -> ClientContext:
    """The sample account in a workspace of its own, without rules."""
    folder = tmp_path / "workspace"
    shutil.copytree(example_workspace, folder)
    for path in (folder / "rules").glob("*.json"):
        path.unlink()
    return open_client(folder, CLIENT_ID)


def put_rule(context: ClientContext, rule_id: str, when: Any, then: Any, **more: Any) -> None:
    document = {
        "id": rule_id,
        "name": f"Sample {rule_id}",
        "level": "adset",
        "scope": {"status": ["ACTIVE"]},
        "when": when,
        "then": then if isinstance(then, list) else [then],
        "mode": "propose",
    }
    (context.rules / f"{rule_id}.json").write_text(json.dumps(document | more), encoding="utf-8")


def leaf(expr: str, op: str, value: float, **window: Any) -> dict[str, Any]:
    return {"expr": expr, "window": LAST_WEEK | window, "op": op, "value": value}


def run(context: ClientContext, settings: Settings = SETTINGS, **more: Any) -> Decision:
    return decide(context, settings, **{"environment": {}, **more})


def done(context: ClientContext, decision: Decision) -> None:
    """Have a proposal approved, sent and read back at the moment that it was made."""
    plan = decision.proposal
    assert plan
    with Ledger(context.ledger) as ledger:
        ledger.approve(plan.proposal_id, approved_by="ann", now=plan.made_at)
        for each in plan.changes:
            ledger.begin(each.change_id, now=plan.made_at)
            ledger.conclude(each.change_id, "done", read_back=each.change.after, reason="", now=plan.made_at)


def whys(decision: Decision) -> set[str]:
    return {each.why for each in decision.held}


def targets(decision: Decision) -> dict[str, object]:
    assert decision.proposal
    return {each.draft.object_name: each.change.after for each in decision.proposal.changes}


def test_what_is_proposed_is_what_the_figures_say(context: ClientContext) -> None:
    """The same objects as by the totals that reports show, with rule, version, load and trace kept in the ledger."""
    put_rule(context, "costly", {"all": [leaf("spend", ">", 300), leaf("cpm", ">", 11)]}, {"action": "pause"})
    reader = Reader(context.warehouse)
    found = entity_totals(context, reader, Level.ADSET, resolve_period(context, reader, days=7))
    dear = {each.name for each in found if (each.values["spend"] or 0) > 300 and (each.values["cpm"] or 0) > 11}
    decision = run(context)
    assert dear
    assert targets(decision) == dict.fromkeys(dear, "PAUSED")
    plan = decision.proposal
    assert plan
    fresh = reader.freshness()
    reader.close()
    assert (plan.load_id, plan.data_known_at, plan.by_person) == (fresh.load_id, fresh.known_at, False)
    with Ledger(context.ledger) as ledger:
        kept = ledger.proposal(plan.proposal_id).changes[0].draft
    assert kept.rule_id == "costly"
    assert kept.trace
    assert [part["verdict"] for part in kept.trace["parts"]] == ["yes", "yes"]
    text = proposal_text(context, plan.proposal_id)
    assert f"{kept.object_name}" in text
    assert "yes     cpm > 11:" in text


def test_a_rule_that_notifies_proposes_nothing(context: ClientContext) -> None:
    """It is told, and nothing is written."""
    put_rule(context, "told", leaf("spend", ">", 300), {"action": "pause"}, mode="notify")
    decision = run(context)
    assert decision.proposal is None
    assert decision.notified
    assert "NOTICE told: adset" in decision.summary()
    assert change_rows(context) == []


def test_a_window_that_was_not_read_whole_is_unknown(context: ClientContext) -> None:
    """Nothing fires on a part of the days, nor on their absence; and it is said."""
    put_rule(context, "old", leaf("results", "<", 10**6, days=400), {"action": "pause"})
    put_rule(context, "none", {"not": leaf("spend", ">", 10**6, days=400)}, {"action": "pause"})
    decision = run(context)
    assert decision.proposal is None
    assert any("were not read whole" in each for each in decision.gaps)


def test_a_pause_goes_before_budgets_and_rules_that_disagree_are_held_back(context: ClientContext) -> None:
    """Whatever the files are called."""
    up, more = {"action": "raise_budget", "percent": 10}, {"action": "raise_budget", "percent": 15}
    put_rule(context, "a-up", leaf("spend", ">", 0), up)
    put_rule(context, "b-more", leaf("spend", "<", 300), more)
    put_rule(context, "c-pause", leaf("spend", ">", 1_000), {"action": "pause"})
    decision = run(context)
    found = targets(decision)
    assert {after for after in found.values() if isinstance(after, str)} == {"PAUSED"}
    assert len(found) + len({each.match.subject.object_id for each in decision.held}) >= decision.objects
    reasons = {each.reason for each in decision.held}
    assert reasons == {"c-pause pauses it", "a-up, b-more want different budgets of it"}


def test_what_is_proposed_already_is_not_proposed_again(context: ClientContext) -> None:
    """Until it has come to its end, or has expired."""
    put_rule(context, "costly", leaf("spend", ">", 1_000), {"action": "pause"})
    first, second = run(context), run(context)
    assert first.proposal
    assert second.proposal is None
    assert {each.reason for each in second.held} == {"it is proposed already, in 1"}


def test_guardrails_hold_back_with_their_reason(context: ClientContext) -> None:
    """Too large a step, the switch, and figures that are too old."""
    put_rule(context, "leap", leaf("spend", ">", 1_000), {"action": "raise_budget", "percent": 50})
    assert {each.by for each in run(context).held} == {"net change in 24 hours"}
    context.stop_file.touch()
    assert "kill switch" in {each.by for each in run(context).held}
    context.stop_file.unlink()
    wide = Settings(guardrails=GuardrailsSection(most_increase_24h=1.0, data_age_hours=1.0))
    made = run(context, wide)
    assert made.proposal
    with Ledger(context.ledger) as ledger:
        assert ledger.unfinished(made.proposal.made_at + timedelta(days=2)) == []


def test_a_bad_rule_file_stops_the_decision_and_names_itself(context: ClientContext) -> None:
    """A rule that is not understood could be the one that should have paused something."""
    put_rule(context, "fine", leaf("spend", ">", 1_000), {"action": "pause"})
    (context.rules / "bad.json").write_text('{"id": "bad"', encoding="utf-8")
    with pytest.raises(RuleError, match=r"^rules/bad\.json:1:13: "):
        run(context)
    (context.rules / "bad.json").write_text((context.rules / "fine.json").read_text(), encoding="utf-8")
    with pytest.raises(RuleError, match=r"rules/fine\.json: the id 'fine' is that of rules/bad\.json already"):
        run(context)


def test_a_hostile_name_draws_nothing_in_a_terminal(context: ClientContext) -> None:
    """Line breaks and escape codes of a name are shown as what they are not."""
    change = Change("meta", "act_1", Level.ADSET, "7", "status", "ACTIVE", "PAUSED")
    said = Draft(change, "a test", "x\n\x1b[2J\u202eADSET 8: done").sentence()
    assert said == "adset 7: status ACTIVE -> PAUSED (x��[2J�ADSET 8: done)"


def test_a_notebook_reads_proposals_as_frames(context: ClientContext) -> None:
    """All of them, those that are open, and one as text."""
    client = Client(context, SETTINGS)
    assert client.proposals.to_frame().empty
    put_rule(context, "costly", leaf("spend", ">", 1_000), {"action": "pause"})
    made = run(context).proposal
    assert made
    approve(context, SETTINGS, made.proposal_id, approved_by="ann")
    frame = client.proposals.to_frame()
    assert set(frame["state"]) == {"approved"}
    assert len(client.proposals.pending()) == len(frame) == len(made.changes)
    assert client.proposals.show(1).startswith("proposal 1: ")
    assert "approved" in repr(client.proposals)
    assert "approved" in client.proposals._repr_html_()


def test_a_rule_leaves_an_object_alone_for_its_cooldown(context: ClientContext) -> None:
    """After what it did; one with a shorter cooldown may go on, unless it would go back on it."""
    always = leaf("spend", ">", 1_000)
    put_rule(context, "up", always, {"action": "raise_budget", "percent": 5})
    done(context, run(context))
    again = run(context)
    assert (again.proposal, whys(again)) == (None, {"cooldown"})
    assert "the cooldown of 6h ends at" in again.held[0].reason
    (context.rules / "up.json").unlink()
    put_rule(context, "down", always, {"action": "lower_budget", "percent": 5})
    back = run(context)
    assert (back.proposal, whys(back)) == (None, {"cooldown"})
    assert "up moved it the other way lately" in back.held[0].reason


def test_what_was_rejected_is_asked_for_again_after_the_cooldown(context: ClientContext) -> None:
    """A person's no holds as long; what expired was never a change."""
    put_rule(context, "up", leaf("spend", ">", 1_000, ends=2), {"action": "raise_budget", "percent": 5})
    first = run(context).proposal
    assert first
    reject(context, first.proposal_id, rejected_by="bob", reason="too bold")
    again = run(context)
    assert (again.proposal, whys(again)) == (None, {"cooldown"})
    later = ManualClock(first.expires_at)
    assert run(context, Settings(guardrails=GuardrailsSection(data_age_hours=168.0)), clock=later).proposal


def test_limits_of_a_day_go_to_the_first_by_id(context: ClientContext) -> None:
    """So many changes of one local day of the account."""
    limits = {"limits": {"changes_per_day": 3, "runs_per_day": 2}, "cooldown": "1m"}
    put_rule(context, "name", leaf("spend", ">", 0, ends=2), {"action": "rename", "name": "{name}!"}, **limits)
    first = run(context)
    assert first.proposal
    ids = sorted({each.match.subject.object_id for each in first.held} | _ids(first))
    assert _ids(first) == set(ids[:3])
    assert whys(first) == {"limit"}
    done(context, first)
    again = run(context)
    assert (again.proposal, whys(again) - {"cooldown"}) == (None, {"limit"})
    settings = Settings(guardrails=GuardrailsSection(data_age_hours=168.0))
    next_day = run(context, settings, clock=ManualClock(first.proposal.made_at + timedelta(days=1)))
    assert len(_ids(next_day)) == 3


def _ids(decision: Decision) -> set[str]:
    return {each.change.object_id for each in decision.proposal.changes} if decision.proposal else set()


def test_so_many_runs_of_a_day_may_change_something(context: ClientContext) -> None:
    """Whatever is left of its changes."""
    limits = {"limits": {"changes_per_day": 100, "runs_per_day": 1}, "cooldown": "1m"}
    put_rule(context, "up", leaf("spend", ">", 1_000), {"action": "raise_budget", "percent": 5}, **limits)
    done(context, run(context))
    put_rule(context, "up", leaf("spend", ">", 0), {"action": "raise_budget", "percent": 5}, **limits)
    again = run(context)
    assert (again.proposal, whys(again)) == (None, {"cooldown", "limit"})
    assert any("runs of the day" in each.reason for each in again.held)


def test_of_rules_that_agree_the_higher_priority_asks(context: ClientContext) -> None:
    """Ties go by id; and both leave the object alone afterwards."""
    always, up = leaf("spend", ">", 1_000), {"action": "raise_budget", "percent": 5}
    put_rule(context, "a", always, up)
    put_rule(context, "b", always, up, priority=1)
    decision = run(context)
    assert decision.proposal
    assert {each.draft.rule_id for each in decision.proposal.changes} == {"b"}
    assert decision.proposal.changes[0].draft.reason == "Sample b (also: a)"
    done(context, decision)
    assert whys(run(context)) == {"cooldown"}


def test_a_scheduled_rule_is_looked_at_once_in_each_slot(context: ClientContext) -> None:
    """In the account's time: not again within it, nor after the clock was set back; nothing is made up for."""
    every_hour = {"schedule": {"every": "1h"}, "mode": "notify"}
    put_rule(context, "hourly", leaf("spend", ">", 1_000), {"action": "notify"}, **every_hour)
    put_rule(context, "event", leaf("spend", ">", 1_000), {"action": "notify"}, schedule={"on": "event"})
    reader = Reader(context.warehouse)
    noon = reader.freshness().known_at.replace(minute=5)
    reader.close()

    def rules_at(hours: float) -> int:
        return run(context, scheduled=True, clock=ManualClock(noon + timedelta(hours=hours))).rules

    assert [rules_at(hours) for hours in (0, 0.5, 1, 5, 5.9, 1, 0.2, 6)] == [1, 0, 1, 1, 0, 0, 0, 1]
    assert run(context).rules == 2


def test_a_day_of_the_account_is_not_one_of_the_server(context: ClientContext) -> None:
    """A daily rule is looked at once on a local date of 25 hours, which a UTC date would split."""
    put_rule(context, "daily", leaf("spend", ">", 1_000), {"action": "notify"}, schedule={"every": "1d"})
    zone = ZoneInfo("Europe/Kyiv")
    midnight = datetime(2026, 10, 25, tzinfo=zone).astimezone(UTC)
    clocks = {hour: ManualClock(midnight + hour * HOUR) for hour in (0, 23, 24, 25, 48, 49)}
    assert [hour for hour, clock in clocks.items() if run(context, scheduled=True, clock=clock).rules] == [0, 25, 49]


def test_all_that_was_decided_is_kept(context: ClientContext) -> None:
    """Rules as they stood, what each looked at, found, held back and proposed; with the trace of each match."""
    put_rule(context, "costly", leaf("spend", ">", 1_000), {"action": "pause"})
    put_rule(context, "told", leaf("spend", ">", 1_000), {"action": "pause"}, mode="notify")
    put_rule(context, "leap", leaf("spend", "<", 300.5), {"action": "raise_budget", "percent": 50})
    decision = run(context)
    plan = decision.proposal
    assert plan
    assert decision.evaluation_id
    with Ledger(context.ledger) as ledger:
        kept = ledger.evaluations.evaluation(decision.evaluation_id)
        assert ledger.loads_read() == (plan.load_id,)
    rules = {rule_id: (revision, text) for rule_id, revision, text in kept.rules}
    for rule_id, (revision, text) in rules.items():
        assert parse_rule(text.encode(), rule_id).revision == revision
    found = {each.rule_id: each for each in kept.findings}
    assert (found["costly"].proposed, found["costly"].suppressed) == (len(plan.changes), {})
    assert found["told"].suppressed == {"notify": len(plan.changes)}
    assert found["leap"].suppressed == {"guardrail": len(found["leap"].firings)}
    assert {each.evaluated for each in kept.findings} == {decision.objects}
    assert [each.trace for each in found["costly"].firings] == [each.draft.trace for each in plan.changes]
    frame = Client(context, SETTINGS).rules.stats()
    assert frame.set_index("rule").loc["costly", "proposed"] == len(plan.changes)


def test_calls_are_made_once_after_all_is_written_and_then_left_alone(context: ClientContext) -> None:
    """With the rule and the object in the body; none without a host in the settings."""
    call = {"action": "call", "url": "https://hooks.example.org/in"}
    put_rule(context, "hook", leaf("spend", ">", 1_000), call)
    decision = run(context)
    assert decision.evaluation_id
    assert decision.calls > 0
    made = make_calls(context, SETTINGS, decision.evaluation_id, clock=ManualClock(NOON))
    assert {each.answer.verdict for each in made} == {"refused"}
    assert "[calls] hosts" in made[0].line()
    assert len(made) == decision.calls
    assert make_calls(context, SETTINGS, decision.evaluation_id) == []
    again = run(context)
    assert (again.calls, {each.why for each in again.held}) == (0, {"cooldown"})


def test_nobody_is_called_where_a_rule_only_tells_nor_while_all_is_stopped(context: ClientContext) -> None:
    """Neither when it is decided, nor where the stop comes between that and the calls."""
    call = {"action": "call", "url": "https://hooks.example.org/in"}
    put_rule(context, "hook", leaf("spend", ">", 1_000), call, mode="notify")
    told = run(context)
    assert (told.calls, told.held) == (0, ())
    assert any("call https://hooks.example.org/in" in each for each in told.notified)
    put_rule(context, "hook", leaf("spend", ">", 1_000), call)
    stopped = {"AIBUYER_STOP": "1"}
    held = run(context, environment=stopped)
    assert (held.calls, whys(held), {each.by for each in held.held}) == (0, {"guardrail"}, {"kill switch"})
    decision = run(context)
    assert decision.evaluation_id
    made = make_calls(context, SETTINGS, decision.evaluation_id, environment=stopped)
    assert len(made) == decision.calls > 0
    assert {(each.answer.verdict, each.answer.reason[:8]) for each in made} == {("refused", "stopped:")}


def test_calls_that_are_too_many_for_one_run_are_held_back(context: ClientContext) -> None:
    """And made at the next one, since these were not."""
    call = {"action": "call", "url": "https://hooks.example.org/in"}
    put_rule(context, "hook", leaf("spend", ">", 0), call, limits={"changes_per_day": 2})
    first, second = run(context), run(context)
    assert (first.calls, whys(first)) == (2, {"limit"})
    assert (second.calls, whys(second)) == (2, {"limit", "cooldown"})


def test_no_rule_is_added_whose_id_another_file_has(context: ClientContext) -> None:
    """Whatever that file is called, and whatever else is wrong with it: else no rule at all would run."""
    name, pack = next((name, each) for name, each in read_packs(context.rules).items() if not each.metrics)
    mine = context.rules / "mine.json"
    for text in ((context.rules / "packs" / f"{name}.json").read_text(encoding="utf-8"), json.dumps({"id": pack.id})):
        mine.write_text(text, encoding="utf-8")
        with pytest.raises(RuleError, match=f"rules/mine.json has the id '{pack.id}' already"):
            add_from_pack(context.rules, name)
        assert rule_paths(context.rules) == [mine]
    mine.unlink()
    assert add_from_pack(context.rules, name).name == f"{pack.id}.json"


def test_two_processes_do_not_decide_at_once(context: ClientContext) -> None:
    """Each would find that nothing is proposed yet, and propose it."""
    put_rule(context, "costly", leaf("spend", ">", 1_000), {"action": "pause"})
    context.ledger.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(context.ledger / "decide.lock"), ThreadPoolExecutor() as pool:
        waiting = pool.submit(run, context, wait_seconds=0.05)
        with pytest.raises(LedgerBusyError, match="Another process is deciding"):
            waiting.result()
    with ThreadPoolExecutor() as pool:
        made = list(pool.map(lambda _: run(context), range(2)))
    assert sorted(decision.proposal is None for decision in made) == [False, True]


def test_a_rule_of_the_mode_auto_still_waits_for_a_person(context: ClientContext) -> None:
    """And the output says so."""
    put_rule(context, "swift", leaf("spend", ">", 1_000), {"action": "pause"}, mode="auto")
    decision = run(context)
    assert decision.proposal
    assert decision.proposal.approval is None
    assert "swift: the mode is auto, and without a policy a person approves it" in decision.summary()


def test_a_rebalance_is_proposed_whole_or_not_at_all(context: ClientContext) -> None:
    """Where a guardrail holds back one share, the sum would not be kept."""
    window = {"days": 7, "ends": "yesterday"}
    action = {"action": "rebalance", "within": "account", "by": "spend", "window": window, "most_percent": 15}
    put_rule(context, "share", leaf("spend", ">", 0), action)
    decision = run(context)
    assert decision.proposal
    changes = [each.change for each in decision.proposal.changes]
    assert sum(int(each.after) - int(each.before) for each in changes) == 0
    assert [each.raises_spend for each in changes] == sorted(each.raises_spend for each in changes)
    assert len({each.draft.bundle for each in decision.proposal.changes} - {""}) == 1
    reject(context, decision.proposal.proposal_id, rejected_by="bob")
    (context.rules / "share.json").unlink()
    # Another rule that asks for the same: what was rejected is in the cooldown of the first one alone.
    put_rule(context, "share-too", leaf("spend", ">", 0), action)
    held = run(context, Settings(guardrails=GuardrailsSection(most_increase_24h=0.01)))
    assert (held.proposal, whys(held) - {"nothing to do"}) == (None, {"guardrail"})
    assert len(held.held) >= len(changes)


def test_a_rebalance_that_is_held_back_takes_nothing_of_the_days_limit(context: ClientContext) -> None:
    """It would need more changes than are left; the rule's other action has them all."""
    window = {"days": 7, "ends": "yesterday"}
    share = {"action": "rebalance", "within": "account", "by": "spend", "window": window, "most_percent": 15}
    then, limits = [share, {"action": "rename", "name": "{name}!"}], {"changes_per_day": 2}
    put_rule(context, "share", leaf("spend", ">", 0), then, limits=limits)
    decision = run(context)
    assert decision.proposal
    assert [each.change.field for each in decision.proposal.changes] == ["name", "name"]
    assert any("belong together, and 2 of the 2 of the day are left" in each.reason for each in decision.held)


def test_two_rebalances_of_one_object_disagree(context: ClientContext) -> None:
    """Even where they want the same of it: neither could be whole by itself."""
    window = {"days": 7, "ends": "yesterday"}
    share = {"action": "rebalance", "within": "account", "by": "spend", "window": window, "most_percent": 15}
    put_rule(context, "a", leaf("spend", ">", 0), share)
    put_rule(context, "b", leaf("spend", ">", 0), share)
    decision = run(context)
    assert (decision.proposal, whys(decision) - {"nothing to do"}) == (None, {"conflict"})


def test_rules_that_wait_for_an_event_are_looked_at_then(context: ClientContext) -> None:
    """And no others; no appointment ever falls to them, and without such a rule nothing is decided."""
    put_rule(context, "now", leaf("spend", ">", 1_000), {"action": "raise_budget", "percent": 5})
    assert decide_on_event(context, SETTINGS) is None
    waiting = {"schedule": {"on": "event"}}
    put_rule(context, "later", leaf("spend", ">", 1_000), {"action": "raise_budget", "percent": 5}, **waiting)
    assert run(context, scheduled=True).rules == 1
    found = decide_on_event(context, SETTINGS)
    assert found
    assert found.rules == 1
    assert {each.match.rule.id for each in found.held} == {"later"}


def test_an_appointment_at_which_nothing_was_known_is_kept_once_it_is(tmp_path: Path) -> None:
    """The day's figures come after it: the rule is looked at again then, and not at every tick until then."""
    world = World(tmp_path)
    world.account()
    world.objects(Level.CAMPAIGN, {"c-1": {}})
    world.objects(Level.ADSET, {"s-1": {"campaign_id": "c-1", "created_at_utc": utc("2026-06-01T09:00")}})
    rows = [{"day": f"2026-06-{day:02d}", "spend": 9} for day in range(1, 11)]
    world.days(rows[:8], "2026-06-01", "2026-06-09", at="2026-06-09T20:00+00:00")
    world.context.rules.mkdir(exist_ok=True)
    for path in world.context.rules.glob("*.json"):
        path.unlink()
    window = {"days": 1, "ends": "yesterday"}
    daily = {"schedule": {"every": "1d"}, "mode": "notify"}
    put_rule(world.context, "late", leaf("spend", ">", 1, **window), {"action": "notify"}, **daily)
    put_rule(world.context, "idle", {"expr": "days_without_delivery", "op": ">=", "value": 0}, NOTIFY, **daily)
    put_rule(world.context, "old", leaf("spend", ">", 1, days=1, ends=3), {"action": "notify"}, **daily)

    def rules_at(minute: int) -> tuple[int, int]:
        clock = ManualClock(datetime(2026, 6, 10, 6, minute, tzinfo=UTC))
        decision = run(world.context, scheduled=True, clock=clock)
        return decision.rules, len(decision.notified)

    assert rules_at(0) == (3, 1)
    assert rules_at(15) == (0, 0)
    world.days(rows, "2026-06-01", "2026-06-10", at="2026-06-10T06:20+00:00")
    assert rules_at(30) == (2, 2)
    assert rules_at(45) == (0, 0)
