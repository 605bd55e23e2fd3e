"""Approved changes reach the platform with one effect each, or say why not; nobody kills anything here."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import filelock
import pytest
from sqlalchemy import create_engine, text

from aibuyer_kit.core.changes import ACTIVE, NO_COPY, PAUSED, Change, copy_value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import ApprovalError, AuthorisationError, LedgerBusyError, RateLimitError
from aibuyer_kit.ledger.database import sqlite_url
from aibuyer_kit.ledger.ledger import Ledger
from aibuyer_kit.ledger.records import Draft, Proposal
from aibuyer_kit.settings.workspace_settings import ApplySection, GuardrailsSection, Settings
from aibuyer_kit.workflows.apply import ApplyReport, Step
from aibuyer_kit.workflows.proposals import in_doubt, reject
from aibuyer_kit.workflows.stop import STOP_FILE
from aibuyer_kit.workflows.undo import undo
from tests.connectors.test_meta_practice import PlatformClock

from .killed_applies import WIDE, Shop, assert_accounted_for, shop_on

EUR = 1_000_000
STRICT = Settings(apply=ApplySection(settle_seconds=0.0))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_on(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(running: Shop) -> Iterator[Shop]:
    """The shop a day later, with nothing left to apply and nothing wrong."""
    running.platform.advance(25 * 3_600)
    yield running
    running.fine()
    running.apply()
    running.platform.advance(80 * 3_600)
    running.apply()


def raised(shop: Shop, place: int, *, euros: int = 5) -> Change:
    object_id = shop.adsets[place]
    before = shop.value(object_id, "daily_budget")
    assert isinstance(before, int)
    return shop.change(object_id, "daily_budget", before + euros * EUR)


def switched(shop: Shop, place: int) -> Change:
    object_id = shop.adsets[place]
    return shop.change(object_id, "status", PAUSED if shop.value(object_id, "status") == ACTIVE else ACTIVE)


def states(report: ApplyReport) -> list[str]:
    return [each.state for each in report.applied]


def taken_back(shop: Shop, plan: Proposal, by: str = "bob") -> Proposal:
    """Have a proposal undone by one person and approved by another."""
    made = undo(shop.context, WIDE, plan.proposal_id, asked_by=by)
    with Ledger(shop.context.ledger) as ledger:
        return ledger.approve(made.proposal_id, approved_by="carol", now=made.made_at)


def test_a_pause_and_a_budget_go_the_whole_way_and_back(shop: Shop) -> None:
    """Each is sent once and read back; the undo restores both, and another application does nothing more."""
    since, changes = shop.last_call(), (switched(shop, 0), raised(shop, 1))
    plan = shop.approved(*changes)
    assert states(shop.apply()) == ["done", "done"]
    assert [shop.value(each.object_id, each.field) for each in changes] == [each.after for each in changes]
    back = taken_back(shop, shop.plan(plan.proposal_id))
    assert states(shop.apply()) == ["done", "done"]
    assert [shop.value(each.object_id, each.field) for each in changes] == [each.before for each in changes]
    assert shop.apply().applied == ()
    assert_accounted_for(shop, [shop.plan(plan.proposal_id), shop.plan(back.proposal_id)], since)


def test_a_name_goes_the_whole_way_and_back(shop: Shop) -> None:
    """Read back as it was sent; and it is taken back."""
    object_id = shop.adsets[0]
    market = shop.platform.market
    name = market.setting(object_id).name or market.account.adsets[0].name
    renamed = Change("meta", shop.platform.account_id, Level.ADSET, object_id, "name", name, f"{name} | =1+1")
    plan = shop.approved(renamed)
    assert states(shop.apply()) == ["done"]
    assert market.setting(object_id).name == f"{name} | =1+1"
    taken_back(shop, shop.plan(plan.proposal_id))
    assert states(shop.apply()) == ["done"]
    assert market.setting(object_id).name == name


def test_what_cannot_be_applied_yet_ends_with_its_reason_and_without_a_call(shop: Shop) -> None:
    """A copy was proposed and approved; it fails, and the change beside it is made."""
    since, object_id = shop.last_call(), shop.adsets[0]
    copy = Change("meta", shop.platform.account_id, Level.ADSET, object_id, "copy", NO_COPY, copy_value("Sample copy"))
    change = raised(shop, 1)
    plan = shop.approved(copy, change)
    report = shop.apply()
    assert states(report) == ["failed", "done"]
    assert "Copies cannot be made at Meta from here yet: do it by hand. Nothing was sent." in report.summary()
    assert (len(shop.posts(since)), report.needs_a_look) == (1, True)
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def moved(shop: Shop, *euros: int) -> list[Change]:
    """Return one change of a budget for each amount, of the ad sets in their order."""
    return [raised(shop, place, euros=each) for place, each in enumerate(euros)]


def sum_of_budgets(shop: Shop) -> int:
    return sum(int(shop.value(each, "daily_budget")) for each in shop.adsets)


def test_a_bundle_is_made_whole_and_taken_back_whole(shop: Shop) -> None:
    """Also where only one of its changes is named: its raises come after its cuts, there and back."""
    budgets, changes = sum_of_budgets(shop), moved(shop, -5, 2, 3)
    plan = shop.approved(*changes, bundle="share 1")
    assert states(shop.apply()) == ["done", "done", "done"]
    assert sum_of_budgets(shop) == budgets
    back = undo(shop.context, WIDE, plan.proposal_id, asked_by="bob", numbers=[2])
    assert [each.draft.bundle for each in back.changes] == ["share 1"] * 3
    assert [each.change.raises_spend for each in back.changes] == [False, False, True]
    with Ledger(shop.context.ledger) as ledger:
        ledger.approve(back.proposal_id, approved_by="carol", now=back.made_at)
    assert states(shop.apply()) == ["done", "done", "done"]
    assert [shop.value(each.object_id, each.field) for each in changes] == [each.before for each in changes]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_a_bundle_nothing_is_sent_where_somebody_moved_one(shop: Shop, place: int) -> None:
    """Whichever it is: the others fail, and the sum of budgets is what that person left."""
    plan = shop.approved(*moved(shop, -5, -1, 6), bundle="share 1")
    other = shop.approved(raised(shop, place, euros=1))
    assert states(shop.apply(only=other.proposal_id)) == ["done"]
    since, budgets = shop.last_call(), sum_of_budgets(shop)
    shop.apply()
    assert (shop.posts(since), sum_of_budgets(shop)) == ([], budgets)
    verdicts = {each.outcome.verdict for each in shop.plan(plan.proposal_id).changes if each.outcome}
    assert verdicts <= {"failed", "conflict"}
    assert "failed" in verdicts


def test_a_raise_waits_until_every_cut_of_its_bundle_is_done(shop: Shop) -> None:
    """Where the platform takes the cut later, the raise goes out later, too."""
    since, budgets = shop.last_call(), sum_of_budgets(shop)
    shop.approved(*moved(shop, -5, 5), bundle="share 1")
    shop.fault("budget_changes", count=1)
    assert states(shop.apply()) == ["waiting", "waiting"]
    assert sum_of_budgets(shop) <= budgets
    shop.fine()
    shop.platform.advance(2 * 3_600)
    assert states(shop.apply()) == ["done", "done"]
    assert (sum_of_budgets(shop), shop.effects(since).total()) == (budgets, 2)


def test_a_raise_fails_where_a_cut_of_its_bundle_was_refused(shop: Shop) -> None:
    """The budget that it was to come from is still spent."""
    budgets = sum_of_budgets(shop)
    too_low = shop.change(shop.adsets[0], "daily_budget", 10_000)
    shop.approved(too_low, raised(shop, 1), bundle="share 1")
    report = shop.apply()
    assert (states(report), sum_of_budgets(shop)) == (["failed", "failed"], budgets)
    assert "the rest of its bundle was not done" in report.summary()


def test_guardrails_of_a_whole_bundle_are_looked_at_before_its_first_change(shop: Shop) -> None:
    """A raise that is too far keeps the cut from being made as well."""
    since = shop.last_call()
    shop.approved(*moved(shop, -1, 40), bundle="share 1")
    report = shop.apply(STRICT)
    assert [each.blocked for each in report.applied] == [True, True]
    assert (shop.posts(since), "net change" in report.applied[0].reason) == ([], True)


def test_one_proposal_of_several_is_applied(shop: Shop) -> None:
    """The others wait for their turn; one that is not approved is an error."""
    first, second = shop.approved(raised(shop, 0)), shop.approved(raised(shop, 1))
    only = shop.apply(only=second.proposal_id)
    assert [(each.each.proposal_id, each.state) for each in only.applied] == [(second.proposal_id, "done")]
    assert [each.each.proposal_id for each in shop.apply().applied] == [first.proposal_id]
    with Ledger(shop.context.ledger) as ledger:
        draft = Draft(raised(shop, 2), "a test")
        made = ledger.propose(
            [draft], proposed_by="rules", by_person=False, made_at=shop.now, expires_at=shop.now + timedelta(hours=1)
        )
    with pytest.raises(ApprovalError, match="is not approved"):
        shop.apply(only=made.proposal_id)


def test_what_was_rejected_is_not_applied(shop: Shop) -> None:
    """Although it was approved before."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    reject(shop.context, plan.proposal_id, rejected_by="bob", reason="changed my mind")
    assert (shop.apply().applied, shop.posts(since)) == ((), [])


def test_changes_in_doubt_are_told(shop: Shop) -> None:
    """As long as nobody has read them back, and where it stayed unknown."""
    plan = shop.approved(raised(shop, 0))
    with Ledger(shop.context.ledger) as ledger:
        ledger.begin(plan.changes[0].change_id, now=shop.now)
    assert [each.partition(" ")[0] for each in in_doubt(shop.context)] == [f"{plan.proposal_id}.1"]
    shop.apply()
    assert in_doubt(shop.context) == []


@pytest.mark.parametrize("fault", ["response_lost", "applied_500", "cut_json"])
def test_what_was_applied_without_a_good_answer_is_not_sent_again(shop: Shop, fault: str) -> None:
    """The value tells that it took effect."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    shop.fault(fault)
    assert states(shop.apply()) == ["done"]
    assert len(shop.posts(since)) == 1
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


@pytest.mark.parametrize("fault", ["connection_lost", "http_500", "html_502", "unavailable_503"])
def test_what_was_not_applied_is_sent_once_more(shop: Shop, fault: str) -> None:
    """The value is still the one before, so that a second call is the first effect."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    shop.fault(fault)
    assert states(shop.apply()) == ["done"]
    assert len(shop.posts(since)) == 2
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_what_never_takes_effect_ends_as_unknown_with_an_alert(shop: Shop) -> None:
    """Tries are bounded."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    shop.fault("http_500", count=100)
    report = shop.apply()
    assert (states(report), len(shop.posts(since))) == (["unknown"], WIDE.apply.most_tries)
    assert "ALERT" in report.summary()
    assert report.needs_a_look
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_what_a_person_changed_meanwhile_is_left_alone(shop: Shop) -> None:
    """Nothing is sent, and the person's value stays, even where it is the target."""
    for place, euros in ((0, 1), (1, 5)):
        since, change = shop.last_call(), raised(shop, place)
        plan = shop.approved(change)
        theirs = int(change.before) + euros * EUR
        shop.platform.market.change(change.object_id, daily_budget_minor=theirs // 10_000)
        assert states(shop.apply()) == ["conflict"]
        assert (shop.value(change.object_id, "daily_budget"), shop.posts(since)) == (theirs, [])
        assert shop.plan(plan.proposal_id).changes[0].attempts == ()


def test_an_undo_restores_nothing_that_somebody_else_changed(shop: Shop) -> None:
    """It is a conflict, and their value stays."""
    change = raised(shop, 0)
    plan = shop.approved(change)
    shop.apply()
    theirs = int(change.after) + 7 * EUR
    shop.platform.market.change(change.object_id, daily_budget_minor=theirs // 10_000)
    taken_back(shop, shop.plan(plan.proposal_id))
    assert states(shop.apply()) == ["conflict"]
    assert shop.value(change.object_id, "daily_budget") == theirs


def test_a_refusal_is_a_failure_and_shows_what_the_platform_says(shop: Shop) -> None:
    """A budget that is too low is not tried again."""
    since, object_id = shop.last_call(), shop.adsets[0]
    plan = shop.approved(shop.change(object_id, "daily_budget", 10_000))
    report = shop.apply()
    assert (states(report), len(shop.posts(since))) == (["failed"], 1)
    assert "too low" in report.applied[0].reason
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_an_amount_finer_than_the_platform_has_is_never_sent(shop: Shop) -> None:
    """It is not rounded on the way."""
    since, object_id = shop.last_call(), shop.adsets[0]
    shop.approved(shop.change(object_id, "daily_budget", 50_000_001))
    assert (states(shop.apply()), shop.posts(since)) == (["failed"], [])


def test_the_platforms_lock_on_budgets_is_waited_for_and_then_kept(shop: Shop) -> None:
    """Nothing is sent before its end, once after it, and the wait is told."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    shop.fault("budget_changes")
    report = shop.apply()
    assert states(report) == ["waiting"]
    assert "until" in report.applied[0].reason
    assert not report.needs_a_look
    shop.platform.advance(1_800)
    assert states(shop.apply()) == ["waiting"]
    assert len(shop.posts(since)) == 1
    shop.platform.advance(1_900)
    assert states(shop.apply()) == ["done"]
    assert len(shop.posts(since)) == 2
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_our_own_edits_leave_one_of_the_hour_to_people(shop: Shop) -> None:
    """The fourth waits until an hour after the first, without a call."""
    limits = Settings(guardrails=GuardrailsSection(most_increase_24h=10.0), apply=ApplySection(settle_seconds=0.0))
    since = shop.last_call()
    for _ in range(4):
        shop.platform.advance(300)
        shop.approved(raised(shop, 0, euros=1))
        report = shop.apply(limits)
    assert (states(report), len(shop.posts(since))) == (["waiting"], 3)
    shop.platform.advance(2_800)
    assert states(shop.apply(limits)) == ["done"]


@pytest.mark.parametrize("fault", ["account_score", "app_limit", "mutations_per_second"])
def test_a_throttled_change_waits_instead_of_knocking(shop: Shop, fault: str) -> None:
    """One call, no second one before the reset, and done after it."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    shop.fault(fault)
    assert states(shop.apply()) == ["waiting"]
    assert len(shop.posts(since)) == 1
    (shop.context.ordered_waits).unlink(missing_ok=True)  # this machine's time stands still beside the platform's
    shop.platform.advance(600)
    assert states(shop.apply()) == ["done"]
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_half_an_hour_of_limits_sees_no_call_before_its_end(shop: Shop) -> None:
    """The first change is told to wait, the others do not even ask; and after it all of them are made, once each."""
    since, clock = shop.last_call(), PlatformClock(shop.platform)
    plan = shop.approved(*(raised(shop, place) for place in range(3)))
    shop.fault("throttle", options={"minutes": 30, "code": 80004})
    first = shop.apply(clock=clock)
    assert (states(first), [type(error) for error in first.errors]) == (
        ["waiting", "approved", "approved"],
        [RateLimitError],
    )
    for _ in range(2):
        shop.platform.advance(540)
        shop.apply(clock=clock)
    (fault,) = shop.control.get("/faults").json()["faults"]
    assert (fault["early_calls"], len(shop.posts(since))) == (0, 1)
    shop.platform.advance(780)
    assert states(shop.apply(clock=clock)) == ["done"] * 3
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_overdue_changes_expire_instead_of_being_sent(shop: Shop) -> None:
    """Whether they were never begun, or are held by the platform."""
    since = shop.last_call()
    held = shop.approved(raised(shop, 0), hours=2.0)
    shop.fault("budget_changes")
    shop.apply()
    late = shop.approved(raised(shop, 1), hours=1.0)
    shop.platform.advance(3 * 3_600)
    assert states(shop.apply()) == ["failed", "failed"]
    assert len(shop.posts(since)) == 1
    for plan in (held, late):
        assert "expired" in str(shop.plan(plan.proposal_id).changes[0].outcome)


def test_a_change_in_doubt_is_settled_even_after_its_expiry(shop: Shop) -> None:
    """It was sent in time; that it took effect is not forgotten."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0), hours=1.0)
    shop.fault("applied_500")
    shop.apply_in_child(killed_at=Step.SENT)
    shop.platform.advance(7_200)
    assert states(shop.apply()) == ["done"]
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_a_change_is_not_judged_by_its_own_lost_call(shop: Shop) -> None:
    """Minutes later it is sent once more: neither are the figures too old for it, nor was the budget edited already."""
    one_edit = Settings(guardrails=GuardrailsSection(budget_edits_an_hour=1), apply=ApplySection(settle_seconds=0.0))
    since, plan = shop.last_call(), shop.approved(raised(shop, 0, euros=1))
    shop.fault("connection_lost")
    assert shop.apply_in_child(killed_at=Step.SENT)
    shop.platform.advance(600)
    assert states(shop.apply(one_edit)) == ["done"]
    assert_accounted_for(shop, [shop.plan(plan.proposal_id)], since)


def test_while_stopped_only_pauses_go_through(shop: Shop) -> None:
    """The file stops budgets and starts; once it is gone, they go on."""
    since = shop.last_call()
    stop = shop.folder / STOP_FILE
    pause, budget = shop.change(shop.adsets[0], "status", PAUSED), raised(shop, 1)
    if shop.value(shop.adsets[0], "status") == PAUSED:
        shop.platform.market.change(shop.adsets[0], status=ACTIVE)
        pause = shop.change(shop.adsets[0], "status", PAUSED)
    shop.approved(pause, budget)
    stop.touch()
    try:
        report = shop.apply()
        assert [(each.state, each.blocked) for each in report.applied] == [("done", False), ("approved", True)]
        assert report.needs_a_look
        assert [call["changed"] for call in shop.posts(since)] == [True]
    finally:
        stop.unlink()
    assert states(shop.apply()) == ["done"]


@pytest.mark.parametrize("said", ["1", "yes", "?"])
def test_the_variable_stops_too_whatever_it_says_but_no(shop: Shop, said: str) -> None:
    """A switch that cannot be understood is on."""
    since = shop.last_call()
    shop.approved(raised(shop, 2))
    assert [each.blocked for each in shop.apply(environment={"AIBUYER_STOP": said}).applied] == [True]
    assert shop.posts(since) == []
    assert states(shop.apply(environment={"AIBUYER_STOP": "0"})) == ["done"]


def test_a_flip_of_the_switch_in_mid_batch_lets_at_most_one_more_through(shop: Shop) -> None:
    """Each change looks at it right before it is sent."""
    since, stop = shop.last_call(), shop.folder / STOP_FILE
    shop.approved(*(raised(shop, place) for place in range(6)))
    done = threading.Event()

    def flip_after_two() -> None:
        while len(shop.posts(since)) < 2 and not done.wait(0.001):
            pass
        stop.touch()

    flipping = threading.Thread(target=flip_after_two)
    flipping.start()
    try:
        seen_before = len([each for each in shop.apply().applied if each.state == "done"])
    finally:
        done.set()
        flipping.join()
        stop.unlink()
    assert seen_before <= 6
    assert states(shop.apply()) == ["done"] * (6 - seen_before)
    assert len(shop.posts(since)) == 6


def test_guardrails_are_looked_at_again_before_the_call(shop: Shop) -> None:
    """Approval does not widen a limit: too large a step and too old figures are refused at the last moment."""
    since = shop.last_call()
    large = raised(shop, 0, euros=30)
    shop.approved(large)
    report = shop.apply(STRICT)
    assert [each.blocked for each in report.applied] == [True]
    assert "net change in 24 hours" in report.applied[0].reason
    shop.platform.advance(23 * 3_600)
    old = Settings(guardrails=GuardrailsSection(most_increase_24h=10.0, data_age_hours=6.0))
    assert "age of the data" in shop.apply(old).applied[0].reason
    assert shop.posts(since) == []


def test_many_small_steps_are_one_large_one(shop: Shop) -> None:
    """The net change counts over 24 hours, however it came about."""
    object_id = shop.adsets[3]
    start = int(shop.value(object_id, "daily_budget"))
    for _ in range(4):
        shop.platform.advance(2 * 3_600)
        before = int(shop.value(object_id, "daily_budget"))
        shop.approved(shop.change(object_id, "daily_budget", before + start // 10 // 10_000 * 10_000))
        report = shop.apply(STRICT)
    assert report.applied[-1].blocked
    assert int(shop.value(object_id, "daily_budget")) <= start * 1.2


def test_rows_that_were_edited_after_the_approval_are_not_applied(shop: Shop) -> None:
    """The approval binds a hash of the plan."""
    since, plan = shop.last_call(), shop.approved(raised(shop, 0))
    engine = create_engine(sqlite_url(shop.context.ledger))
    with engine.begin() as connection:
        trigger = "proposed_change_no_update"
        made = connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": trigger})
        connection.execute(text(f"DROP TRIGGER {trigger}"))
        where = {"number": plan.proposal_id}
        connection.execute(
            text("UPDATE proposed_change SET after_value = '990000000' WHERE proposal_id = :number"), where
        )
    report = shop.apply()
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE proposed_change SET after_value = :after WHERE proposal_id = :number"),
            {**where, "after": str(plan.changes[0].change.after)},
        )
        connection.execute(text(str(made)))
    engine.dispose()
    assert [each.blocked for each in report.applied] == [True]
    assert shop.posts(since) == []


def test_only_one_process_applies_at_a_time(shop: Shop) -> None:
    """The other one is told, and sends nothing."""
    since = shop.last_call()
    shop.approved(raised(shop, 0))
    with (
        filelock.FileLock(shop.context.ledger / "apply.lock"),
        pytest.raises(LedgerBusyError, match="Another process is applying"),
    ):
        shop.apply()
    assert shop.posts(since) == []


def test_a_token_that_ends_is_told_once_and_the_changes_go_on_later(shop: Shop) -> None:
    """Nothing failed for good: with a good token the same run makes them."""
    since = shop.last_call()
    shop.approved(raised(shop, 0), raised(shop, 1))
    shop.fault("token_expired")
    report = shop.apply()
    assert [type(error) for error in report.errors] == [AuthorisationError]
    assert [each.blocked for each in report.applied] == [True, True]
    assert states(shop.apply()) == ["done", "done"]
    assert [call["changed"] for call in shop.posts(since)] == [False, True, True]


def test_an_object_of_another_account_is_not_touched(shop: Shop) -> None:
    """A change names its account, and the platform is asked whose the object is."""
    since = shop.last_call()
    mine = raised(shop, 0)
    shop.approved(Change("meta", "act_999", Level.ADSET, mine.object_id, "daily_budget", 1_000_000, 2_000_000))
    report = shop.apply()
    assert [each.blocked for each in report.applied] == [True]
    assert "is not an account of this client" in report.applied[0].reason
    shop.platform.advance(25 * 3_600)
    assert states(shop.apply()) == ["failed"]
    assert shop.posts(since) == []


def test_a_gone_object_is_left_alone(shop: Shop) -> None:
    """What is deleted on the platform is no longer what it was decided on."""
    since, object_id = shop.last_call(), shop.adsets[5]
    shop.approved(switched(shop, 5))
    shop.platform.market.change(object_id, status="DELETED")
    assert states(shop.apply()) == ["conflict"]
    assert shop.posts(since) == []
