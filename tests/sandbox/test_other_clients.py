"""Another team's Graph client, pyfacebook, told nothing but where the platform is: its own calls, paging and errors."""

import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from pyfacebook import FacebookError, GraphAPI

from aibuyer_kit.sandbox.serve import RunningSandbox


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[GraphAPI]:
    """A client that signs its calls; it takes two addresses, and needs no change."""
    graph = GraphAPI(
        app_id=sandbox.app_id,
        app_secret=sandbox.app_secret,
        access_token=sandbox.access_token,
        base_url=f"{sandbox.graph_url}/",
        access_token_url=f"{sandbox.graph_url}/oauth/access_token",
        version="v24.0",
        timeout=10,
    )
    yield graph
    graph.session.close()


def test_another_client_walks_the_tree_and_its_pages(sandbox: RunningSandbox, client: GraphAPI) -> None:
    """By following the parameters of `next`, which it reads out of the address."""
    (account,) = client.get_connection("me", "adaccounts", fields="name,currency,account_status")["data"]
    ads = client.get_full_connections(account["id"], "ads", count=None, limit=7, fields="name,adset_id")["data"]
    two = sandbox.market.account.adsets[:2]
    named = client.get_objects(",".join(adset.id for adset in two), fields="name,daily_budget")

    assert account == {"id": sandbox.account_id, "name": "Sample account", "currency": "EUR", "account_status": 1}
    assert [ad["id"] for ad in ads] == [ad.id for ad in sandbox.market.account.ads]
    assert [named[adset.id]["daily_budget"] for adset in two] == ["12000", "9000"]


def test_another_client_reads_insights_at_once_and_by_a_run(
    sandbox: RunningSandbox, control: httpx.Client, client: GraphAPI
) -> None:
    """The rows are the same, page by page, and their money is what the market spent."""
    day = sandbox.market.today - timedelta(days=1)
    asked = {
        "level": "ad",
        "fields": "ad_id,spend,actions",
        "breakdowns": "age,gender",
        "time_range": json.dumps({"since": str(day), "until": str(day)}),
        "action_attribution_windows": '["1d_click"]',
    }
    rows = client.get_full_connections(sandbox.account_id, "insights", count=None, limit=50, **asked)["data"]
    run_id = client.post_object(sandbox.account_id, "insights", params=asked)["report_run_id"]
    with pytest.raises(FacebookError) as early:
        client.get_connection(run_id, "insights")
    control.post("/clock", json={"advance_seconds": 60})
    run = client.get_object(run_id, fields="async_status,async_percent_completion")
    later = client.get_full_connections(run_id, "insights", count=None, limit=100)["data"]
    spent_minor = sum(round(100 * float(row["spend"])) for row in rows)

    assert early.value.code == 2601
    assert (run["async_status"], run["async_percent_completion"]) == ("Job Completed", 100)
    assert [(row["ad_id"], row["age"], row["gender"], row["spend"]) for row in rows] == [
        (row["ad_id"], row["age"], row["gender"], row["spend"]) for row in later
    ]
    assert spent_minor == sandbox.market.spend_minor(sandbox.market.account.ads, (day,), sandbox.market.now_us)


def test_another_client_changes_creates_and_deletes(sandbox: RunningSandbox, client: GraphAPI) -> None:
    """And finds what it did when it reads again; what the platform refuses comes with its codes."""
    adset = sandbox.market.account.adsets[0]
    assert client.post_object(adset.id, data={"daily_budget": 5000, "status": "PAUSED"}) == {"success": True}
    again = client.get_object(adset.id, fields="daily_budget,status")
    wishes = {"name": "Sample other", "objective": "OUTCOME_SALES", "special_ad_categories": "[]"}
    made = client.post_object(sandbox.account_id, "campaigns", data=wishes)["id"]
    assert client.delete_object(made) == {"success": True}
    with pytest.raises(FacebookError) as refused:
        client.post_object(adset.id, data={"daily_budget": 1})

    assert again == {"id": adset.id, "daily_budget": "5000", "status": "PAUSED"}
    assert client.get_object(made, fields="status")["status"] == "DELETED"
    assert (refused.value.code, refused.value.error_subcode) == (100, 1885272)


def test_another_client_exchanges_and_looks_into_its_token(sandbox: RunningSandbox, client: GraphAPI) -> None:
    """A token of 60 days, which then is refused once it has expired."""
    exchanged = client.exchange_long_lived_user_access_token()
    about = client.debug_token(exchanged["access_token"])["data"]
    client.access_token = exchanged["access_token"]
    sandbox.advance(61 * 86_400)
    with pytest.raises(FacebookError) as expired:
        client.get_object("me")

    assert (exchanged["expires_in"], about["is_valid"], about["app_id"]) == (5_184_000, True, sandbox.app_id)
    assert (expired.value.code, expired.value.error_subcode) == (190, 463)
