"""What follows from deliveries: the objects are read again, so that order, age and repetition change nothing."""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from aibuyer_kit.access.client_file import AccountSection, ClientFile
from aibuyer_kit.access.clients import add_client
from aibuyer_kit.connectors.http import RetryPolicy
from aibuyer_kit.connectors.meta import MetaConnector, MetaCredentials
from aibuyer_kit.core.entities import Level
from aibuyer_kit.core.errors import WarehouseBusyError
from aibuyer_kit.warehouse.read import Reader
from aibuyer_kit.warehouse.write import open_writer
from aibuyer_kit.webhooks.inbox import Delivery
from aibuyer_kit.webhooks.messages import hints_of
from aibuyer_kit.workflows.webhooks import Drained, drain_client, inbox_of
from tests.small_graph import small_graph
from tests.webhooks.receiving import envelope, issue


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SimpleNamespace]:
    """A client whose account is on a small Graph server, and its connector."""
    with small_graph() as graph:
        account = AccountSection(id="act_1", graph_url=graph.url)
        context = add_client(tmp_path, "shop", ClientFile(name="Sample", accounts=(account,)))
        connector = MetaConnector(
            "act_1", MetaCredentials(SecretStr("t")), graph_url=graph.url, policy=RetryPolicy(attempts=1)
        )
        yield SimpleNamespace(graph=graph, context=context, connectors=lambda: (connector,))


def deliver(shop: SimpleNamespace, *bodies: bytes) -> None:
    inbox_of(shop.context).keep([Delivery(hashlib.sha256(body).digest(), hints_of(body)) for body in bodies])


def drain(shop: SimpleNamespace) -> Drained:
    return drain_client(shop.context, shop.connectors)


def known(shop: SimpleNamespace) -> dict[str, str]:
    """Return the status of every ad as the published warehouse knows it."""
    rows = Reader(shop.context.warehouse).entities(Level.AD).rows()
    return {row["entity_id"]: row["effective_status"] for row in rows}


def edges_asked(shop: SimpleNamespace) -> list[str]:
    return [path.rpartition("/")[2] for _, path, _ in shop.graph.asked if path.rpartition("/")[2]]


def test_a_hint_leads_to_a_read_of_its_own_level(shop: SimpleNamespace) -> None:
    """What the delivery claims is not believed: the platform says that the ad is paused."""
    shop.graph.set_status("30", "PAUSED")
    deliver(shop, envelope(issue("30", "AD")))
    assert drain(shop).deliveries == 1
    assert known(shop) == {"30": "PAUSED", "31": "ACTIVE"}
    assert set(edges_asked(shop)) == {"ads"}
    assert inbox_of(shop.context).counts().waiting == 0


def test_a_hint_without_a_level_reads_every_level(shop: SimpleNamespace) -> None:
    """Something changed, and nobody said what."""
    deliver(shop, envelope({"field": "ad_recommendations"}))
    drain(shop)
    assert set(edges_asked(shop)) == {"campaigns", "adsets", "ads"}


def test_two_hundred_hints_are_one_read_per_level(shop: SimpleNamespace) -> None:
    """A burst does not become a burst of calls."""
    deliver(shop, *(envelope(issue(str(number), "AD"), time=number) for number in range(200)))
    assert len(drain(shop).loads) == 1
    assert edges_asked(shop) == ["ads"]


DELIVERIES = (
    envelope({"field": "effective_status", "value": {"id": "30", "level": "AD", "status_name": "ACTIVE"}}, time=1),
    envelope({"field": "effective_status", "value": {"id": "30", "level": "AD", "status_name": "PAUSED"}}, time=2),
    envelope(issue("31", "AD"), time=3),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_the_state_does_not_depend_on_the_order(shop: SimpleNamespace, order: tuple[int, ...]) -> None:
    """Shuffled, each worked off alone: the end is what the platform says now."""
    shop.graph.set_status("30", "PAUSED")
    shop.graph.set_status("31", "WITH_ISSUES")
    for number in order:
        deliver(shop, DELIVERIES[number])
        drain(shop)
    assert known(shop) == {"30": "PAUSED", "31": "WITH_ISSUES"}


def test_a_delivery_three_days_late_does_not_bring_the_past_back(shop: SimpleNamespace) -> None:
    """The ad was paused, and was resumed before the news of the pause came."""
    three_days_ago = 1_780_295_400 - 3 * 86_400
    deliver(shop, envelope({"field": "effective_status", "value": {"id": "30", "level": "AD"}}, time=three_days_ago))
    drain(shop)
    assert known(shop)["30"] == "ACTIVE"


def test_a_read_that_fails_keeps_the_delivery(shop: SimpleNamespace) -> None:
    """It is worked off when the platform answers again; nothing is closed meanwhile."""
    deliver(shop, envelope(issue("30", "AD")))
    drain(shop)
    deliver(shop, envelope(issue("31", "AD")))
    shop.graph.broken = "token"
    assert len(drain(shop).failures) == 1
    assert inbox_of(shop.context).counts().waiting == 1
    assert set(known(shop)) == {"30", "31"}
    shop.graph.broken = ""
    assert drain(shop).failures == ()
    assert inbox_of(shop.context).counts().waiting == 0


def test_a_delivery_waits_while_a_sync_is_writing(shop: SimpleNamespace) -> None:
    """One writer at a time; the delivery is not lost."""
    deliver(shop, envelope(issue("30", "AD")))
    with open_writer(shop.context.warehouse), pytest.raises(WarehouseBusyError):
        drain(shop)
    assert inbox_of(shop.context).counts().waiting == 1


def test_a_hint_that_comes_during_the_read_is_read_again(shop: SimpleNamespace) -> None:
    """Only what was waiting before the read is done after it."""
    deliver(shop, envelope(issue("30", "AD")))
    connectors = shop.connectors

    def late() -> object:
        deliver(shop, envelope(issue("31", "AD")))
        return connectors()

    shop.connectors = late
    drain(shop)
    (left,) = inbox_of(shop.context).waiting()
    assert [hint.object_id for hint in left.hints] == ["31"]


def test_nothing_waiting_asks_nobody(shop: SimpleNamespace) -> None:
    """No call, no load, no snapshot."""
    assert drain(shop).loads == ()
    assert shop.graph.asked == []
    assert not shop.context.warehouse.exists()
