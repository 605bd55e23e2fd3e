"""Changes through the connector: absolute, once, in the platform's own units; and the value read back."""

from collections.abc import Iterator

import pytest

from aibuyer_kit.connectors.meta import MetaConnector
from aibuyer_kit.core.changes import Change
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MoneyError, RateLimitError, RefusedError, TransientError
from aibuyer_kit.sandbox.serve import RunningSandbox, start

from .test_meta_practice import connect, control


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with start("hill", seed=7) as platform:
        yield platform


@pytest.fixture
def platform(running: RunningSandbox) -> Iterator[RunningSandbox]:
    running.advance(4 * 3_600)
    yield running
    control(running, "DELETE", "/faults")


@pytest.fixture
def meta(platform: RunningSandbox) -> MetaConnector:
    return connect(platform)


def posts(platform: RunningSandbox) -> list[dict[str, object]]:
    calls = control(platform, "GET", "/calls")["calls"]
    return [call for call in calls if call["method"] == "POST"]


def budget(platform: RunningSandbox, *, by: int = 1_000_000, **more: object) -> Change:
    adset = platform.market.account.adsets[0]
    before = platform.market.setting(adset.id).daily_budget_minor * 10_000
    fields = {"account_id": platform.account_id, "object_id": adset.id, "before": before, "after": before + by} | more
    return Change(platform="meta", level=Level.ADSET, field="daily_budget", **fields)  # type: ignore[arg-type]


def test_a_budget_is_sent_in_minor_units_and_read_back_in_micros(platform: RunningSandbox, meta: MetaConnector) -> None:
    """As the platform's own log of settings has it."""
    change = budget(platform)
    meta.change(change)
    assert platform.market.setting(change.object_id).daily_budget_minor * 10_000 == change.after
    assert meta.read_value(change.object_id, "daily_budget") == change.after


def test_a_status_is_sent_and_read_back(platform: RunningSandbox, meta: MetaConnector) -> None:
    """What the advertiser set, whatever is above it."""
    adset = platform.market.account.adsets[1]
    meta.change(Change("meta", platform.account_id, Level.ADSET, adset.id, "status", "ACTIVE", "PAUSED"))
    assert meta.read_value(adset.id, "status") == "PAUSED"


def test_an_object_without_a_budget_of_its_own_has_none(platform: RunningSandbox, meta: MetaConnector) -> None:
    """An absent key is not zero."""
    assert meta.read_value(platform.market.account.campaigns[0].id, "daily_budget") is None


@pytest.mark.parametrize("fault", ["response_lost", "applied_500", "http_500", "unavailable_503", "html_502"])
def test_a_change_is_sent_once_whatever_comes_back(platform: RunningSandbox, meta: MetaConnector, fault: str) -> None:
    """The seam repeats reads, never a change, and says that it is not known whether it took effect."""
    before = len(posts(platform))
    meta.account()
    control(platform, "POST", "/faults", {"kind": fault, "match": {"method": "POST"}})
    with pytest.raises(TransientError, match="not known whether the change took effect"):
        meta.change(budget(platform))
    assert len(posts(platform)) == before + 1


def test_a_change_never_waits_for_a_limit(platform: RunningSandbox, meta: MetaConnector) -> None:
    """By the end of the wait, what it was decided on may have moved: it is not sent, and the wait is told."""
    change = budget(platform)
    meta.account()
    control(platform, "POST", "/faults", {"kind": "high_usage", "options": {"percent": 99}})
    meta.read_value(change.object_id, "daily_budget")
    before, slept = len(posts(platform)), platform.advance(0)
    with pytest.raises(RateLimitError) as told:
        meta.change(change)
    assert told.value.wait_seconds > 0
    assert (len(posts(platform)), platform.advance(0)) == (before, slept)


def test_what_is_not_exact_or_not_ours_is_never_sent(platform: RunningSandbox, meta: MetaConnector) -> None:
    """An amount below the smallest unit, another account, an id that would lead elsewhere."""
    before = len(posts(platform))
    with pytest.raises(MoneyError, match="finer"):
        meta.change(budget(platform, by=1))
    with pytest.raises(RefusedError, match="not of act_"):
        meta.change(budget(platform, account_id="act_999"))
    with pytest.raises(RefusedError, match="is not the id of an object"):
        meta.change(budget(platform, object_id="1/insights"))
    with pytest.raises(RefusedError, match="is not the id of an object"):
        meta.read_value("me", "status")
    assert len(posts(platform)) == before


def test_the_platforms_reason_for_a_refusal_is_told(platform: RunningSandbox, meta: MetaConnector) -> None:
    """A budget below the least one."""
    with pytest.raises(RefusedError, match="too low"):
        meta.change(budget(platform, after=10_000))
