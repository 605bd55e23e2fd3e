"""Changes through the connector: absolute, once, in the platform's own units; and the value read back."""

from collections.abc import Iterator

import pytest

from aibuyer_kit.connectors.meta import MetaConnector
from aibuyer_kit.connectors.meta.changing import why_not
from aibuyer_kit.core.changes import BY_HAND, FIELDS, NO_COPY, Change, Field, Value, copy_value, labels_value
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import MoneyError, RateLimitError, RefusedError, TransientError
from aibuyer_kit.sandbox.serve import RunningSandbox, start

from .test_meta_practice import connect, control


def test_what_is_made_by_hand_is_what_cannot_be_changed_from_here() -> None:
    """A list that rules are held to, and what the connector says, must not drift apart."""
    values: dict[Field, tuple[Value, Value]] = {
        "status": ("ACTIVE", "PAUSED"),
        "name": ("a", "b"),
        "creative": ("1", "2"),
        "labels": (labels_value([]), labels_value(["a"])),
        "copy": (NO_COPY, copy_value("a")),
    }
    levels = {"creative": Level.AD}
    found = {
        each
        for each in FIELDS
        if why_not(Change("meta", "act_1", levels.get(each, Level.ADSET), "7", each, *values.get(each, (1, 2))))
    }
    assert found == set(BY_HAND)


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


def test_names_creatives_and_bids_are_sent_and_read_back(platform: RunningSandbox, meta: MetaConnector) -> None:
    """Each under Meta's own name and in its own form, as the platform's log of settings has it."""
    market = platform.market
    adset, ad = market.account.adsets[2], market.account.ads[0]
    name, creative = meta.read_value(ad.id, "name"), meta.read_value(ad.id, "creative")
    assert isinstance(name, str)
    assert creative == market.setting(ad.id).creative_id
    other = next(each for each in market.tree.creatives if each != creative)
    changes = (
        Change("meta", platform.account_id, Level.AD, ad.id, "name", name, "Sample, renamed = 1"),
        Change("meta", platform.account_id, Level.AD, ad.id, "creative", creative, other),
    )
    for change in changes:
        meta.change(change)
        assert meta.read_value(ad.id, change.field) == change.after
    assert market.setting(ad.id).creative_id == other
    market.change(adset.id, bid_strategy="LOWEST_COST_WITH_BID_CAP", bid_amount_minor=250)
    assert meta.read_value(adset.id, "bid") == 2_500_000
    meta.change(Change("meta", platform.account_id, Level.ADSET, adset.id, "bid", 2_500_000, 3_000_000))
    assert (meta.read_value(adset.id, "bid"), market.setting(adset.id).bid_amount_minor) == (3_000_000, 300)
    assert meta.read_value(market.account.adsets[0].id, "bid") is None


def test_a_lifetime_budget_is_sent_and_read_back(platform: RunningSandbox, meta: MetaConnector) -> None:
    """Of an ad set that has one; of one with a daily budget there is none."""
    market = platform.market
    campaign = market.account.campaigns[0]
    end_us = int(market.now.timestamp() + 10 * 86_400) * 10**6
    adset = market.create_adset(campaign.id, "Lasting", lifetime_budget_minor=200_000, end_us=end_us)
    assert meta.read_value(adset.id, "lifetime_budget") == 2_000_000_000
    change = Change("meta", platform.account_id, Level.ADSET, adset.id, "lifetime_budget", 2_000_000_000, 2_100_000_000)
    meta.change(change)
    assert meta.read_value(adset.id, "lifetime_budget") == change.after
    assert meta.read_value(adset.id, "daily_budget") is None
    assert meta.read_value(market.account.adsets[0].id, "lifetime_budget") is None


def test_what_cannot_be_changed_from_here_is_refused_before_any_call(
    platform: RunningSandbox, meta: MetaConnector
) -> None:
    """Labels, copies and a campaign's bid; with the reason."""
    adset, before = platform.market.account.adsets[0], len(posts(platform))
    campaign = platform.market.account.campaigns[0]
    account = "meta", platform.account_id
    for change, said in (
        (Change(*account, Level.ADSET, adset.id, "labels", "[]", labels_value(["a"])), "A change of labels"),
        (Change(*account, Level.ADSET, adset.id, "copy", NO_COPY, copy_value("Copy")), "Copies cannot be made"),
        (Change(*account, Level.CAMPAIGN, campaign.id, "bid", 1_000_000, 2_000_000), "a campaign has none"),
    ):
        assert said in meta.why_not(change)
        with pytest.raises(RefusedError, match="Nothing was sent"):
            meta.change(change)
    assert len(posts(platform)) == before


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
